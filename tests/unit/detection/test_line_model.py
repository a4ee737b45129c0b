"""The line model: what it may decide, how good it is on what is kept aside, and whose examples its weights are of."""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from tests.growth import cost
from trafico_monitor.detection import line_model
from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.line_model import WEIGHTS, Opinion, asked_about, parsed, shipped
from trafico_monitor.detection.ruleset.engine import RuleSet
from trafico_monitor.detection.ruleset.explain import explain, faults
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.detection.statement import statement
from trafico_monitor.host.redact import redact
from trafico_monitor.model.finding import ErrorType, Finding, FindingKind
from trafico_monitor.model.journal_entry import JournalEntry
from training.examples import examples, fingerprint

from .test_lines import SHIPPED

ROOT = Path(__file__).parents[3]
REPORT = json.loads((ROOT / "training" / "report.json").read_text(encoding="utf-8"))
TEXTS = {file.name: file.read_text(encoding="utf-8") for file in SHIPPED.glob("*.toml")}
TRAINER = ROOT / ".venv" / "train" / "bin" / "python"
LARGEST = 400_000  # bytes of the weights
MEMORY = 2 << 20  # bytes of the model in memory
MOST = 0.5  # references a line: 150 µs on a quiet machine, where it takes 25
LOST = 0.002  # macro-F1
FALSE_ALARMS = 0.005  # of the lines without a failure, what the model may add

# No rule knows it: the words are made up of what the model has learnt.
KNOWN_TO_THE_MODEL = "ERROR:descargas:Verificación de {}: moov ausente, bytes esperados no recibidos, descarga cortada"
TRUNCATED = KNOWN_TO_THE_MODEL.format("modelos/luna/20260101_101010_abcdef.mp4")
STRANGE = "ERROR:__main__:❌ El registro del vídeo 12 quedó a medias en /srv/x/12.mp4"


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return load(TEXTS)


def found(rules: RuleSet, *lines: str) -> list[Finding]:
    detector = Detector(rules)
    findings: list[Finding] = []
    for number, line in enumerate((*lines, "INFO:x:end")):
        findings += detector.feed(JournalEntry(redact(line), 7, 1000.0 + number / 100, f"c{number}"))
    return [*findings, *detector.settle(5000.0)]


def test_what_the_model_is_sure_of_is_a_failure_in_its_name(rules: RuleSet) -> None:
    assert rules.decide_by_rules(TRUNCATED) is None
    [finding] = [one for one in found(rules, TRUNCATED) if one.kind is not FindingKind.CONTEXT]
    assert (finding.kind, finding.error_type, finding.rule) == (
        FindingKind.FAILED,
        ErrorType.CORRUPTO,
        line_model.RULE,
    )
    assert finding.download.video == "20260101_101010_abcdef.mp4" and finding.origin == "c0"


def test_alone_it_names_nothing_to_act_on_and_with_the_beginning_what_that_names(rules: RuleSet) -> None:
    [alone] = [one for one in found(rules, TRUNCATED) if one.kind is FindingKind.FAILED]
    assert not alone.actionable.video and not alone.actionable.destination and not alone.actionable.source
    begun = "INFO:__main__:📥 Descargando modelos/luna/20260101_101010_abcdef.mp4"
    [together] = [one for one in found(rules, begun, TRUNCATED) if one.kind is FindingKind.FAILED]
    assert together.actionable.video == "20260101_101010_abcdef.mp4"


def test_what_it_is_not_sure_of_stays_unknown(rules: RuleSet) -> None:
    opinion = rules.opinion(STRANGE)
    assert opinion is not None and not opinion.sure
    assert [one.kind for one in found(rules, STRANGE)] == [FindingKind.UNKNOWN]
    assert rules.decide(STRANGE) is None and explain(rules, STRANGE).opinion == opinion


WORDS = TRUNCATED.removeprefix("ERROR:descargas:")
BELOW = {
    "info": f"INFO:descargas:{WORDS}",
    "warning": f"WARNING:descargas:{WORDS}",
    "without level": WORDS,
    "about people": f"ERROR:descargas:El usuario escribió: {WORDS}",
    "quoted": f"ERROR:chat:No entiendo «{WORDS}»",
    "quoted with its closing mark": f'ERROR:chat:No entiendo "{WORDS}" ni nada"',
    "frame": f'  File "/srv/{WORDS}.py", line 3, in x',
}


@pytest.mark.parametrize("line", BELOW.values(), ids=BELOW)
def test_below_level_b_it_decides_nothing(rules: RuleSet, line: str) -> None:
    assert rules.guess(line) is None
    assert not [one for one in found(rules, line) if one.kind is FindingKind.FAILED]


def test_rules_win_the_shipped_ones_and_the_operators(rules: RuleSet) -> None:
    own = '[[rule]]\nname = "mia"\nerror_type = "timeout"\nliterals = ["bytes esperados no recibidos"]\n'
    decided = load({**TEXTS, "mia.toml": own}).decide(TRUNCATED)
    assert decided is not None and decided.name == "mia"
    negative = load({**TEXTS, "mia.toml": own.replace("timeout", "none")})
    refusing = negative.decide(TRUNCATED)  # no rule where no word is of one with a type
    assert (refusing is None or refusing.error_type is None) and found(negative, TRUNCATED) == []
    refused = "ERROR:__main__:❌ Error al copiar: [Errno 13] Permission denied: 'modelos/luna/truncado incompleto.mp4'"
    decided = rules.decide(refused)
    assert decided is not None and decided.name == "permisos_errno" and explain(rules, refused).opinion is None


def test_a_type_whose_rules_the_operator_took_away_is_the_models_neither() -> None:
    rules = load({name: text for name, text in TEXTS.items() if name != "corrupto.toml"})
    assert rules.guess(TRUNCATED) is None
    assert [one.kind for one in found(rules, TRUNCATED)] == [FindingKind.UNKNOWN]


def test_lines_that_a_rule_or_the_prefilter_decides_are_not_asked_about() -> None:
    def refuse() -> line_model.LineModel:
        raise AssertionError("asked")

    rules = RuleSet(load(TEXTS).rules, refuse)
    dull = [f"INFO:httpx:HTTP Request: POST http://127.0.0.1:8081/bot<TOKEN>/getUpdates {n}" for n in range(50)]
    known = "ERROR:__main__:❌ Error al descargar: Timed out"
    assert [one.kind for one in found(rules, *dull, known)].count(FindingKind.FAILED) == 1


def test_it_is_read_when_it_is_first_asked() -> None:
    program = (
        "from trafico_monitor.detection.detector import Detector\n"
        "from trafico_monitor.detection.line_model import shipped\n"
        "from trafico_monitor.detection.rule_files import PACKAGED, read_rule_files\n"
        "from trafico_monitor.detection.ruleset.loader import load\n"
        "from trafico_monitor.model.journal_entry import JournalEntry\n"
        "import sys\n"
        "detector = Detector(load(read_rule_files((PACKAGED,))))\n"
        "detector.feed(JournalEntry('ERROR:x:❌ Timed out descargando', 7, 1.0, 'a'))\n"
        "assert shipped.cache_info().currsize == 0 and 'numpy' not in sys.modules\n"
        f"detector.feed(JournalEntry({STRANGE!r}, 7, 2.0, 'b'))\n"
        "detector.settle(100.0)\n"
        "assert shipped.cache_info().currsize == 1 and 'numpy' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120, cwd=ROOT)


def test_a_secret_is_no_word(rules: RuleSet) -> None:
    token = "123456789:AAExampleExampleExampleExampleExamp"
    said = statement(redact(f"ERROR:x:❌ descarga truncada de /file/bot{token}/videos"))
    assert not any("example" in word for word in line_model.words_of(said))
    weights = WEIGHTS.read_text(encoding="utf-8")
    assert redact(weights) == weights


def test_an_example_that_a_rule_must_not_match_and_the_model_does() -> None:
    own = '[[rule]]\nname = "mia"\nerror_type = "corrupto"\nliterals = ["añicos"]\nmatches = ["ERROR:x: añicos"]\n'
    own += f"misses = ['{TRUNCATED}']\n"
    wrong = [(fault.code, fault.example) for fault in faults(load({"mia.toml": own}))]
    assert wrong == [("model_matches", TRUNCATED)]


# -- the weights


def test_the_weights_are_of_the_examples_of_this_tree() -> None:
    assert shipped().trained_on == REPORT["trained_on"] == fingerprint(examples()), "make train"


def test_it_says_what_scikit_learn_says() -> None:
    assert len(REPORT["pairs"]) >= 40
    for pair in REPORT["pairs"]:
        assert shipped().likelihoods(statement(pair["line"])) == pytest.approx(pair["likelihoods"], abs=1e-6)


@pytest.mark.slow
@pytest.mark.skipif(not TRAINER.exists(), reason="scikit-learn comes with `make train`")
def test_training_gives_the_same_bytes_again() -> None:
    program = (
        "from training.train import fitted, examples\n"
        "from trafico_monitor.detection.line_model import WEIGHTS\n"
        "assert fitted(examples())[0].encode() == WEIGHTS.read_bytes()\n"
    )
    subprocess.run([TRAINER, "-c", program], check=True, timeout=600, cwd=ROOT)


def test_size_and_memory() -> None:
    assert WEIGHTS.stat().st_size <= LARGEST
    tracemalloc.start()
    try:
        kept = parsed(WEIGHTS.read_text(encoding="utf-8"))
        assert tracemalloc.get_traced_memory()[0] <= MEMORY and kept.trained_on
    finally:
        tracemalloc.stop()


def test_time_of_a_line() -> None:
    said = [asked for one in examples() if (asked := asked_about(one.line)) is not None]
    model = shipped()
    assert cost(lambda: [model.opinion(one) for one in said], MOST * len(said)) <= MOST * len(said)


def test_no_words_are_no_opinion() -> None:
    opinion = shipped().opinion(statement("ERROR:: 12 34"))
    assert isinstance(opinion, Opinion) and opinion.error_type is None


# -- how good it is: whole sources were kept back (training/train.py)


def test_rules_then_model_are_better_than_rules_where_no_rule_was_made_for_the_lines() -> None:
    parts = {part: each for part, each in REPORT["parts"].items() if part not in ("rows", "rules", "beside lines")}
    assert "own" in parts
    for part, judged in parts.items():
        rules, both = judged["rules"], judged["rules, then model"]
        print(f"{part:15} F1 {rules['macro_f1']} → {both['macro_f1']}, missed {rules['missed']} → {both['missed']}")
        # Where the rules know nearly all, a false alarm of the model may weigh more than what it finds.
        assert both["macro_f1"] >= rules["macro_f1"] - LOST and both["missed"] <= rules["missed"], part


def test_the_model_adds_hardly_a_false_alarm() -> None:
    added = sum(
        judged["rules, then model"]["false_alarms"] - judged["rules"]["false_alarms"]
        for judged in REPORT["parts"].values()
    )
    without = sum(judged["rules"]["without_failure"] for judged in REPORT["parts"].values())
    print(f"{added} of {without} lines without a failure")
    assert added <= FALSE_ALARMS * without
