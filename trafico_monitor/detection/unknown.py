"""Errors that no rule knows, grouped into kinds by the log-template miner drain3. Pure.

drain3's tree is used without its own persistence, which would unpickle what a file says: the
kinds themselves are kept, and the tree is built again from them. It is imported with the first
unknown error, because most services never see one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from unicodedata import normalize

from ..errors import RuleError
from ..model.finding import ErrorType, Finding, UnknownKind
from .ruleset.loader import NONE, parse
from .statement import statement

HOUR = 3600.0
MOST_KINDS = 200
MOST_SAMPLES = 5
SAMPLE_CHARS = 400
# What is compared: a kind is told by its beginning, and the tree's size is bounded by both.
_MOST_CHARS = 600
_MOST_TOKENS = 40
_SIMILAR = 0.5
_LINE_CHARS, _MOST_FORMS = 160, 1024  # of a line that is only counted
_DIGITS = {digit: "0" for digit in range(48, 58)}
_MARK = "▸"

# In this order. Every repetition is of one class and bounded or possessive: linear on any line.
_MASKS = tuple(
    (re.compile(pattern), mask)
    for pattern, mask in (
        (r"[a-z][a-z0-9+.-]{1,15}://[^\s'\"<>]{1,400}+", "<URL>"),
        (r"(?<![\w<])['\"](?:~|\.{1,2})?/[^'\"]{1,400}+['\"]", "<PATH>"),
        (r"(?<![\w<.])(?:~|\.{1,2})?/[^\s'\":,;)\]>]{1,400}+", "<PATH>"),
        (r"[^\s'\"/=(]{1,120}\.(?:mp4|mov|mkv|avi|webm|m4v|jpe?g|png)\b", "<FILE>"),
        (r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9}+)?)?(?:Z|[+-]\d\d:?\d\d)?)?", "<TIME>"),
        (r"\b\d\d:\d\d:\d\d(?:[.,]\d{1,9}+)?", "<TIME>"),
        (r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b", "<ID>"),
        (r"\b0x[0-9a-fA-F]{1,32}+", "<HEX>"),
        (r"\b(?=[a-fA-F]{0,40}+\d)[0-9a-fA-F]{6,128}\b", "<HEX>"),
        (r"\b(?=[A-Za-z_-]{0,60}+\d)[A-Za-z0-9_-]{24,200}+", "<ID>"),
        (r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b", "<IP>"),
        (r"(?<![\w<])[+-]?\d{1,30}+(?:[.,]\d{1,30}+)*+(?![\w])", "<NUM>"),
    )
)


def masked(line: str) -> str:
    """`line` with whatever differs from case to case replaced by the name of what it is."""
    text = line[:_MOST_CHARS]
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    return " ".join(text.split()[:_MOST_TOKENS])


class UnknownErrors:
    """The kinds seen so far, at most MOST_KINDS: the one not seen for longest gives way."""

    def __init__(self, kinds: Iterable[UnknownKind] = ()) -> None:
        self._kinds = {kind.id: kind for kind in sorted(kinds, key=lambda one: (one.last, one.id))[-MOST_KINDS:]}
        self._tree = _Tree((one.id, _joined(one.frame, one.template), one.count) for one in self._kinds.values())

    def take(self, finding: Finding) -> tuple[UnknownKind, bool]:
        """The kind of an UNKNOWN finding as it stands now, and whether it was not there before."""
        number, words = self._tree.add(_joined(finding.code, masked(finding.message)))
        template = _apart(words)
        sample = finding.message[:SAMPLE_CHARS]
        known = self._kinds.get(number)
        if known is None:
            kind = UnknownKind(number, template, 1, finding.at, finding.at, (sample,), finding.code)
        else:
            more = known.samples if sample in known.samples else (*known.samples, sample)[:MOST_SAMPLES]
            kind = replace(
                known,
                template=template,
                count=known.count + 1,
                first=min(known.first, finding.at),
                last=max(known.last, finding.at),
                samples=more,
            )
        self._kinds[kind.id] = kind
        if len(self._kinds) > MOST_KINDS:
            self._kinds = {number: one for number, one in self._kinds.items() if number in self._tree}
        return kind, known is None


class LineKinds:
    """The kinds of the bot's lines, whatever they say, at most MOST_KINDS; their words are short and told nobody.

    Lines that differ in their digits alone are of one kind without being mined again; of the others MINED an hour are
    mined, whoever prints them.
    """

    MINED = 600

    def __init__(self) -> None:
        self._tree = _Tree(())
        self._forms: dict[str, tuple[str, str]] = {}
        self._hour, self._mined = 0, 0

    def of(self, line: str, at: float) -> tuple[str, str] | None:
        """The name of the kind of `line`, and its words; None for one that is not mined."""
        form = line[:_LINE_CHARS].translate(_DIGITS)
        known = self._forms.get(form)
        if known is not None:
            return known
        hour = int(at // HOUR)
        self._hour, self._mined = hour, self._mined if hour == self._hour else 0
        words = masked(line[:_LINE_CHARS])
        if not words or self._mined >= self.MINED:
            return None
        self._mined += 1
        number, template = self._tree.add(words)
        if len(self._forms) >= _MOST_FORMS:
            self._forms.clear()
        self._forms[form] = str(number), template
        return self._forms[form]

    def snapshot(self) -> dict[str, object]:
        """JSON-able."""
        return {str(number): template for number, template in self._tree.templates()}

    def restore(self, given: Mapping[str, object]) -> None:
        """Restores a `snapshot`; invalid parts are ignored."""
        rows = [(int(name), words, 1) for name, words in given.items() if name.isdecimal() and isinstance(words, str)]
        self._tree, self._forms = _Tree((n, words[:_LINE_CHARS], c) for n, words, c in rows[-MOST_KINDS:]), {}


class _Tree:
    """drain3's tree, grown from what is `known` (number, words, count) with the first line."""

    def __init__(self, known: Iterable[tuple[int, str, int]]) -> None:
        self._known = tuple(known)
        self._drain: Any = None

    def __contains__(self, number: int) -> bool:
        return number in self._grown().id_to_cluster

    def add(self, words: str) -> tuple[int, str]:
        """The number of the kind that `words` belong to, and what all of it have in common."""
        cluster, _ = self._grown().add_log_message(words)
        return int(cluster.cluster_id), " ".join(cluster.log_template_tokens)

    def templates(self) -> Iterator[tuple[int, str]]:
        """Number and words of each kind."""
        if self._drain is None:
            yield from ((number, words) for number, words, _ in self._known)
            return
        for cluster in self._drain.clusters:
            yield int(cluster.cluster_id), " ".join(cluster.log_template_tokens)

    def _grown(self) -> Any:
        if self._drain is None:
            from drain3.drain import Drain, LogCluster

            self._drain = Drain(
                sim_th=_SIMILAR, depth=4, max_children=50, max_clusters=MOST_KINDS, parametrize_numeric_tokens=False
            )
            for number, words, count in self._known:
                cluster = LogCluster(words.split(), number)
                cluster.size = count
                self._drain.id_to_cluster[number] = cluster
                self._drain.add_seq_to_prefix_tree(self._drain.root_node, cluster)
                self._drain.clusters_counter = max(self._drain.clusters_counter, number)
        return self._drain


def _joined(frame: str, words: str) -> str:
    # Made part of the first word, which the tree branches on: the same words that come from
    # another place of the program are another kind.
    return f"{frame}{_MARK}{words}" if frame else words


def _apart(template: str) -> str:
    return template.partition(_MARK)[2] if _MARK in template else template


MOST_AN_HOUR = 5


class Novelty:
    """How many new kinds were told since the hour began, and how many were not."""

    def __init__(self) -> None:
        self._began = 0.0
        self._told = 0
        self.untold = 0

    def tell(self, now: float) -> bool:
        """True when a new kind may be told by itself; otherwise it is counted for `digest`."""
        if not 0 <= now - self._began < HOUR and not self.untold:
            self._began, self._told = now, 0
        if self._told < MOST_AN_HOUR:
            self._told += 1
            return True
        self.untold += 1
        return False

    def digest(self, now: float) -> int:
        """How many kinds the hour that has ended left untold; 0 while it goes on or when none was."""
        if not self.untold or 0 <= now - self._began < HOUR:
            return 0
        # Counted as told: a storm that goes on gives one digest an hour and nothing else.
        number, self.untold = self.untold, 0
        self._began, self._told = now, MOST_AN_HOUR if number > MOST_AN_HOUR else 0
        return number

    def snapshot(self) -> dict[str, object]:
        """JSON-able; `restore` takes it back."""
        return {"began": self._began, "told": self._told, "untold": self.untold}

    def restore(self, data: Mapping[str, object]) -> None:
        self._began = float(str(data.get("began", 0.0)))
        self._told = int(str(data.get("told", 0)))
        self.untold = int(str(data.get("untold", 0)))


CHOOSE = "CHOOSE"
_MOST_LITERALS = 3
_SHORTEST = 4  # letters of a literal: fewer say nothing
_SLOT = re.compile(r"<(?:\*|[A-Z]{2,5})>")
_ANY = r"\S{1,400}+"


def proposal(kind: UnknownKind) -> str | None:
    """TOML of a rule for `kind` whose error_type is left to choose (CHOOSE); None when its
    samples have nothing in common that a rule could be made of."""
    samples = tuple(statement(sample).own for sample in kind.samples)
    literals = _literals(kind.template, samples)
    if not literals:
        return None
    for pattern in (*_patterns(kind.template), ""):
        text = _toml(kind, literals, pattern)
        if _holds(text, kind.samples):
            return text
    return None


def _holds(text: str, samples: tuple[str, ...]) -> bool:
    try:
        [rule] = parse(text.replace(CHOOSE, ErrorType.TIMEOUT.value), "")
    except RuleError:
        return False
    return all(rule.reports(statement(sample)) for sample in samples)


def _literals(template: str, samples: tuple[str, ...]) -> tuple[str, ...]:
    """The longest constant pieces of the template that every sample holds, in their order."""
    pieces: list[str] = []
    for run in _SLOT.split(template):
        whole = run.strip().lower()
        pieces += [whole] if _common(whole, samples) else [word for word in whole.split() if _common(word, samples)]
    longest = sorted(dict.fromkeys(pieces), key=len, reverse=True)[:_MOST_LITERALS]
    return tuple(piece for piece in dict.fromkeys(pieces) if piece in longest)


def _common(piece: str, samples: tuple[str, ...]) -> bool:
    telling = sum(character.isalpha() for character in piece) >= _SHORTEST
    return telling and all(piece in sample for sample in samples)


def _patterns(template: str) -> Iterator[str]:
    """Patterns that match what the template stands for. Possessive: there is one way to match."""
    if not _SLOT.search(template):
        return
    words = [_ANY if _SLOT.search(word) else re.escape(word.lower()) for word in template.split()]
    while words and words[-1] == _ANY:
        words.pop()
    if _ANY in words:
        yield " ".join(words)


def _toml(kind: UnknownKind, literals: tuple[str, ...], pattern: str) -> str:
    choices = ", ".join([*(one.value for one in ErrorType), NONE])
    lines = [
        f"# {kind.count} × {kind.template}" + (f" ({kind.frame})" if kind.frame else ""),
        "[[rule]]",
        f"name = {_string(_name(kind))}",
        f"error_type = {_string(CHOOSE)}  # {choices}",
        f"all_literals = [{', '.join(_string(one) for one in literals)}]",
    ]
    if pattern:
        lines.append(f"pattern = {_pattern_string(pattern)}")
    lines += ["matches = [", *(f"  {_string(sample)}," for sample in kind.samples), "]"]
    return "\n".join([_comment(lines[0]), *lines[1:]]) + "\n"


def _name(kind: UnknownKind) -> str:
    plain = normalize("NFKD", _SLOT.sub(" ", kind.template)).encode("ascii", "ignore").decode().lower()
    words = [word for word in re.findall(r"[a-z]{3,20}", plain) if word not in ("error", "critical", "main")]
    return "_".join(["own", *words[:5], str(kind.id)])[:80]


def _comment(line: str) -> str:
    return "".join(character if character.isprintable() else " " for character in line)[:200]


def _string(value: str) -> str:
    """`value` as a TOML basic string, which escapes as JSON does, and DEL as well."""
    clean = value.encode("utf-8", "replace").decode("utf-8")
    return json.dumps(clean, ensure_ascii=False).replace("\x7f", "\\u007f")


def _pattern_string(pattern: str) -> str:
    literal = pattern.isprintable() and "'''" not in pattern and not pattern.endswith("'")
    return f"'''{pattern}'''" if literal else _string(pattern)
