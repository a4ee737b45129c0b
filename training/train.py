"""`make train`: fits the line model, judges it by whole sources, and writes weights and report.

Usage: python -m training.train [DIRECTORY OF RULES …]; an operator's rules are examples, too.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections import defaultdict
from pathlib import Path

import numpy
from scipy.sparse import csr_matrix
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from trafico_monitor.detection.line_model import NONE, WEIGHTS, LineModel, features_of, parsed, words_of
from trafico_monitor.detection.rule_files import PACKAGED, read_rule_files
from trafico_monitor.detection.ruleset.engine import RuleSet
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.detection.statement import statement

from .examples import HERE, Example, aside, examples, fingerprint, of_rules

SEED = 0
STRENGTH = 10.0  # inverse of the regularisation; 5 and 20 give the same within two lines of the judged parts
THRESHOLD = 0.8  # the lowest tenth from 0.5 on that adds less than 0.5 % false alarms to the judged lines
SCALE = 16  # weights are multiples of 1/16: one byte each, and no rounding of another processor's shows
FOLDS = 10
ALIKE = 0.75  # of the words of two lines: they stay on one side of the fold
PAIRS = 40  # lines whose likelihoods the tests compare with scikit-learn's
REPORT = HERE / "report.json"
PAGE = HERE.parent / "docs" / "explanation" / "recognition.md"
BEGIN, END = "<!-- written by make train -->", "<!-- end -->"


def fitted(found: list[Example]) -> tuple[str, list[dict[str, object]]]:
    """The text of the weights' file, and what scikit-learn itself says with the same rounded weights."""
    vectorizer = DictVectorizer(sort=True)
    matrix = _narrow(vectorizer.fit_transform([_features(one.line) for one in found]))
    model = OneVsRestClassifier(LogisticRegression(C=STRENGTH, solver="liblinear", random_state=SEED))
    model.fit(matrix, numpy.array([one.label for one in found]))
    for estimator in model.estimators_:
        estimator.coef_ = numpy.clip(numpy.round(estimator.coef_ * SCALE), -128, 127) / SCALE
        estimator.intercept_ = numpy.round(estimator.intercept_ * SCALE) / SCALE
    columns = numpy.vstack([estimator.coef_[0] for estimator in model.estimators_]) * SCALE
    header = {
        "labels": list(map(str, model.classes_)),
        "biases": [float(estimator.intercept_[0]) for estimator in model.estimators_],
        "scale": SCALE,
        "threshold": THRESHOLD,
        "trained_on": fingerprint(found),
    }
    rows = [
        f"{name}\t{' '.join(str(int(weight)) for weight in columns[:, place])}"
        for place, name in enumerate(vectorizer.get_feature_names_out())
        if columns[:, place].any()
    ]
    pairs = []
    for one in found[:: max(1, len(found) // PAIRS)]:
        row = _narrow(vectorizer.transform([_features(one.line)]))
        each = [estimator.predict_proba(row)[0][1] for estimator in model.estimators_]
        pairs.append({"line": one.line, "likelihoods": dict(zip(header["labels"], map(float, each), strict=True))})
    return "\n".join([json.dumps(header), *rows]) + "\n", pairs


def _narrow(matrix: csr_matrix) -> csr_matrix:
    matrix.indices, matrix.indptr = matrix.indices.astype("int32"), matrix.indptr.astype("int32")  # liblinear's
    return matrix


def _features(line: str) -> dict[str, int]:
    return {name: 1 for word in words_of(statement(line)) for name in features_of(word)}


def folds(found: list[Example]) -> list[int]:
    """The fold of each example: a whole source, and whatever reads nearly alike, is in one."""
    parent = list(range(len(found)))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = place = parent[parent[place]]
        return place

    words = [frozenset(re.findall(r"[^\W\d_]{2,}", statement(one.line).line)) for one in found]
    sources: dict[str, int] = {}
    for place, one in enumerate(found):
        if one.source:
            parent[root(place)] = root(sources.setdefault(one.source, place))
        for other in range(place):
            if words[place] and len(words[place] & words[other]) >= ALIKE * len(words[place] | words[other]):
                parent[root(place)] = root(other)
    return [
        int(hashlib.sha256(f"{SEED} {found[root(place)].line}".encode()).hexdigest(), 16) % FOLDS
        for place in range(len(found))
    ]


def judged(found: list[Example], kept: list[Example], rules: RuleSet) -> dict[str, object]:
    """The figures of each part: rules alone, model alone, and rules first."""
    number = folds([*found, *kept])
    answers: dict[str, list[tuple[Example, dict[str, str]]]] = defaultdict(list)
    for fold in range(FOLDS):
        text, _ = fitted([one for one, at in zip(found, number, strict=False) if at != fold])
        model = parsed(text)
        both = RuleSet(rules.rules, lambda model=model: model)  # type: ignore[misc]
        for one, at in zip([*found, *kept], number, strict=True):
            if at == fold:
                answers[one.part].append((one, _answers(one.line, rules, model, both)))
    return {
        part: {name: _figures([(one.label, given[name]) for one, given in rows]) for name in rows[0][1]}
        for part, rows in sorted(answers.items())
    }


def _answers(line: str, rules: RuleSet, model: LineModel, both: RuleSet) -> dict[str, str]:
    alone, first = rules.decide_by_rules(line), both.decide(line)
    opinion = model.opinion(statement(line))
    return {
        "rules": alone.error_type.value if alone and alone.error_type else NONE,
        "model": opinion.error_type.value if opinion.error_type else NONE,
        "rules, then model": first.error_type.value if first and first.error_type else NONE,
    }


def _figures(pairs: list[tuple[str, str]]) -> dict[str, float]:
    scores = []
    for label in sorted({label for label, _ in pairs}):
        right = sum(true == given == label for true, given in pairs)
        scores.append(2 * right / sum((true == label) + (given == label) for true, given in pairs))
    return {
        "lines": len(pairs),
        "accuracy": round(sum(true == given for true, given in pairs) / len(pairs), 4),
        "macro_f1": round(sum(scores) / len(scores), 4),
        "without_failure": sum(true == NONE for true, _ in pairs),
        "false_alarms": sum(true == NONE != given for true, given in pairs),
        "missed": sum(given == NONE != true for true, given in pairs),
    }


def main(places: list[str]) -> None:
    found = examples()
    if places:
        found += of_rules(load(read_rule_files(map(Path, places))))
    rules = load(read_rule_files((PACKAGED,)))
    text, pairs = fitted(found)
    report = {"trained_on": fingerprint(found), "examples": len(found), "parts": judged(found, aside(), rules)}
    WEIGHTS.write_text(text, encoding="utf-8")
    REPORT.write_text(json.dumps({**report, "pairs": pairs}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    table = _table(report["parts"])  # type: ignore[arg-type]
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{table}{END}{rest.partition(END)[2]}", encoding="utf-8")
    print(table, end="")


def _table(parts: dict[str, dict[str, dict[str, float]]]) -> str:
    rows = ["| lines | | accuracy | macro-F1 | false alarms | missed |", "|---|---|---|---|---|---|"]
    for part, judged in parts.items():
        for name, each in judged.items():
            first = f"{part}, {each['lines']}" if name == "rules" else ""
            alarms = f"{each['false_alarms']} of {each['without_failure']}"
            rows.append(
                f"| {first} | {name} | {each['accuracy']:.3f} | {each['macro_f1']:.3f} | {alarms} | {each['missed']} |"
            )
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    main(sys.argv[1:])
