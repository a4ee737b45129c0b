"""The door for lines of processes in their order: a secret that a console has broken over several lines goes too.

rich, for one, breaks everything at 80 columns when its output is no terminal (corpus HE-100), pads each piece and
puts borders or the source's place beside it: no piece has the shape of a secret. What is known as it stands is found
by any eight characters at either end of a line. What is not known is waited for: a line that ends within something
like a bot token (or a JWT, or a key block) makes the next line of that process give up its first word, if
both together have a token's length and the word begins no record: a stranger who writes half a token must not
silence the line behind it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from .escapes import PADDING, end_of_words, seen
from .redact import SECRET, TOKEN, defused, is_ordinary, readings_of, redact, redact_raw, redact_spans
from .secret_shapes import SECRET_LENGTH, SHORTEST, Piece, at_end, at_start, known, may_be_at_ends, own_tokens

_MOST = 256  # processes with an unfinished line
_PATIENCE = 1000  # lines of other processes: this one may have ended
_TAIL = 200  # characters inspected at the end of a line
_TOLERANCE = 5  # tolerated difference from Telegram's token length
_HALF = r"[A-Za-z0-9_-]"
_TORN_TOKEN = re.compile(rf"[0-9](?<![0-9][0-9])[0-9]{{7,}}+:(?P<half>{_HALF}{{0,{SECRET_LENGTH - 1}}}+)\Z")
# The same in a row of its own, broken within its digits as well.
_TORN_TWICE = re.compile(
    rf"[0-9]{{0,7}}+:(?P<half>(?:AA|(?=[A-Za-z][a-z]*+[A-Z0-9_-]){_HALF}{{8}}){_HALF}{{0,{SECRET_LENGTH - 9}}}+)"
)
_TORN_JWT = re.compile(r"(?<![A-Za-z0-9_.-])eyJ[A-Za-z0-9_.-]{8,}+\Z")
_KEY_BEGIN, _KEY_END = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY"), "-----END "
_KEY_LINE = re.compile(r"[A-Za-z0-9+/=]{1,100}|[A-Za-z-]{1,20}: [A-Za-z0-9,-]{1,80}")
# No word of a language: a token's rest without any of these is one of a thousand. A shorter rest gives nothing
# away, and is taken only where a path goes on behind it.
_WORD = re.compile(rf"(?={_HALF}[a-z]*+[A-Z0-9_-]){_HALF}{{{SHORTEST},64}}+")
_SHORT_REST = re.compile(rf"{_HALF}{{1,{SHORTEST - 1}}}+(?=/)")
_LATE = re.compile(rf"[0-9]{{0,7}}+:{_HALF}{{33,40}}(?!{_HALF})")  # broken within its digits
_JWT_PIECE = re.compile(r"[A-Za-z0-9_.-]{16,}+")
_BEHIND = re.compile(r"[/'\"\s)\]}>,;&?#]|\Z")
_RECORD = re.compile(
    r"(?:trace|debug|info|notice|warn(?:ing)?|error|critical|fatal|success|exception|traceback|during|file|the)\b"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{2}[:/.-][0-9]{2}[:/.-]",
    re.IGNORECASE,
)
_BY_COLON = re.compile(rf":(?:{_HALF}{{30}}|(?<=[0-9]{{8}}:))")
_SIDES = PADDING.replace("\n", "")
_OF_ITS_OWN = re.compile(rf"^[{_SIDES}]*+[0-9]{{0,7}}:{_HALF}{{2,34}}+[{_SIDES}]*+$", re.MULTILINE)


class _Kind(Enum):
    TOKEN = auto()
    JWT = auto()
    KEY = auto()


@dataclass(frozen=True, slots=True)
class _Torn:
    """State at the end of a process's last line: the unfinished secret, and the number of its missing characters;
    all secret ones if the line ended at the colon."""

    kind: _Kind
    missing: int = 0


_Cut = tuple[int, int, str]  # first character of a view, after the last, replacement


class LineRedactor:
    """`redact_raw` for consecutive lines. For one thread."""

    def __init__(self) -> None:
        self._torn: dict[int, tuple[_Torn, int]] = {}
        self._lines = 0

    @property
    def waiting(self) -> bool:
        """True while the next line of some process may start with the rest of a secret."""
        return bool(self._torn)

    def line(self, text: str, process: int) -> str:
        """Returns `text`, one or more lines of `process`, redacted."""
        before = self._expected(process)
        if before is None and is_ordinary(text):
            return text
        readings = readings_of(text)
        if before is None and not may_go_on(text) and not (readings and may_go_on(readings[-1])):
            return redact_raw(text, readings)
        if "\n" not in text:
            return self._one(text, process, before)
        # A break within an entry is no other than one between two.
        first, *others = text.split("\n")
        rows = [
            self._one(first, process, before),
            *(self._one(row, process, self._expected(process)) for row in others),
        ]
        return redact("\n".join(rows))

    def _one(self, text: str, process: int, before: _Torn | None) -> str:
        text = defused(text)
        view = seen(text)
        cuts, torn = _head(view.text, before)
        tail, ends = _tail(view.text)
        cuts += (cut for cut in tail if not cuts or cut[0] >= cuts[-1][1])
        self._wait(process, ends or torn)
        return redact_spans(text, [(view.begins[first], view.ends[end - 1], mark) for first, end, mark in cuts])

    def _expected(self, process: int) -> _Torn | None:
        if not self._torn:
            return None
        self._lines += 1
        oldest, (_, since) = next(iter(self._torn.items()))
        if len(self._torn) >= _MOST or self._lines - since > _PATIENCE:
            del self._torn[oldest]
        return self._torn.pop(process, (None, 0))[0]

    def _wait(self, process: int, torn: _Torn | None) -> None:
        if torn is not None:
            self._torn[process] = torn, self._lines


def redact_alone(text: str) -> tuple[str, bool]:
    """Returns `redact_raw` of a line without known neighbours, and whether the next line may continue a secret."""
    if is_ordinary(text):
        return text, False
    readings = readings_of(text)
    last = readings[-1] if readings else text
    return redact_raw(text, readings), may_go_on(last) and _tail(last) != ([], None)


def may_go_on(text: str) -> bool:
    """False if no line of `text` continues a secret or ends inside one."""
    if (":" in text and _BY_COLON.search(text) is not None) or _OF_ITS_OWN.search(text) is not None:
        return True
    if "eyJ" in text or "PRIVATE KEY" in text:
        return True
    return bool(known()) and any(may_be_at_ends(row, end_of_words(row)) for row in text.split("\n"))


def _tail(text: str) -> tuple[list[_Cut], _Torn | None]:
    """Returns the part to remove at the end of `text`, and the unfinished secret there."""
    end = end_of_words(text)
    if (piece := at_end(text, end)) is not None:
        return [(piece.first, piece.behind, piece.mark)], _rest_of(piece)
    match = None
    if ":" in text:
        first = len(text) - len(text.lstrip(PADDING))
        match = _TORN_TOKEN.search(text, max(0, end - _TAIL), end) or _TORN_TWICE.fullmatch(text, first, end)
    if match is not None:
        half = len(match["half"])
        cuts = [(match.start(), match.end(), _whole())] if half else []
        return cuts, _Torn(_Kind.TOKEN, SECRET_LENGTH - half)
    if "eyJ" in text and _TORN_JWT.search(text, 0, end) is not None:
        return [], _Torn(_Kind.JWT)
    if "PRIVATE KEY" in text and _KEY_BEGIN.search(text) is not None and _KEY_END not in text:
        return [], _Torn(_Kind.KEY)
    return [], None


def _rest_of(piece: Piece) -> _Torn | None:
    """A long enough remainder is recognised by itself."""
    return _Torn(_Kind.TOKEN, piece.missing) if piece.mark != SECRET and 0 < piece.missing < SHORTEST else None


def _head(text: str, before: _Torn | None) -> tuple[list[_Cut], _Torn | None]:
    """Returns the part to remove at the start of `text`, and the unfinished secret if that part is the whole text."""
    if (piece := at_start(text)) is not None:
        return [(piece.first, piece.behind, piece.mark)], _rest_of(piece)
    if before is not None:
        return _goes_on(text, before)
    first = len(text) - len(text.lstrip(PADDING))
    match = _LATE.match(text, first)
    return [(first, match.end(), _whole())] if match else [], None


def _goes_on(text: str, torn: _Torn) -> tuple[list[_Cut], _Torn | None]:
    first = len(text) - len(text.lstrip(PADDING))
    if torn.kind is _Kind.KEY:
        content = text.strip(PADDING)
        if _KEY_LINE.fullmatch(content) is None and not content.startswith(_KEY_END):
            return [], None
        return [(first, first + len(content), SECRET)], None if content.startswith(_KEY_END) else torn
    if torn.kind is _Kind.JWT:
        match = _JWT_PIECE.match(text, first)
    elif torn.missing < SHORTEST:
        match = _SHORT_REST.match(text, first)
    else:
        match = _WORD.match(text, first)
    if match is None or _RECORD.match(text, first) or not _BEHIND.match(text, match.end()):
        return [], None
    last = not text[match.end() :].strip(PADDING)
    if torn.kind is _Kind.JWT:
        return [(first, match.end(), SECRET)], torn if last else None
    length, begun = match.end() - first, torn.missing < SECRET_LENGTH
    if last and begun and length < torn.missing:
        return [(first, match.end(), "")], _Torn(_Kind.TOKEN, torn.missing - length)
    tolerated = _TOLERANCE if torn.missing >= SHORTEST else 0
    if abs(torn.missing - length) <= tolerated:
        return [(first, match.end(), "" if begun else _whole())], None
    return [], None


def _whole() -> str:
    """An unknown token is a path component while no other token is known to be one."""
    return SECRET if own_tokens() else TOKEN
