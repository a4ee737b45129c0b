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

from .escapes import PADDING, View, end_of_words, has_escapes, seen, texts
from .redact import SECRET, TOKEN, redact, redact_raw
from .secret_shapes import SECRET_LENGTH, SHORTEST, holds_piece, known, own_tokens

_MOST = 256  # processes whose last line is not over
_PATIENCE = 1000  # lines of others: the process may have ended
_TAIL = 200  # characters at the end of a line that are looked at
_TOLERANCE = 5  # characters that a token may be longer or shorter than Telegram's
_SURE = 6  # characters of the secret half that no stranger can know
_LEAST_PIECE = 8  # characters: fewer give nothing away
_TORN_TOKEN = re.compile(rf"[0-9](?<![0-9][0-9])[0-9]{{7,}}+:(?P<half>[A-Za-z0-9_-]{{0,{SECRET_LENGTH - 1}}}+)\Z")
_TORN_JWT = re.compile(r"(?<![A-Za-z0-9_.-])eyJ[A-Za-z0-9_.-]{8,}+\Z")
_KEY_BEGIN, _KEY_END = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY"), "-----END "
_KEY_LINE = re.compile(r"[A-Za-z0-9+/=]{1,100}|[A-Za-z-]{1,20}: [A-Za-z0-9,-]{1,80}")
# No word of a language: a token's rest without any of these is one of a thousand.
_WORD = re.compile(rf"(?=[A-Za-z0-9_-][a-z]*+[A-Z0-9_-])[A-Za-z0-9_-]{{{_LEAST_PIECE},64}}+")
_LATE = re.compile(r"[0-9]{0,7}+:[A-Za-z0-9_-]{33,40}(?![A-Za-z0-9_-])")  # broken within its digits
_JWT_PIECE = re.compile(r"[A-Za-z0-9_.-]{16,}+")
_BEHIND = re.compile(r"[/'\"\s)\]}>,;&?#]|\Z")
_RECORD = re.compile(
    r"(?:trace|debug|info|notice|warn(?:ing)?|error|critical|fatal|success|exception|traceback|during|file|the)\b"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{2}[:/.-][0-9]{2}[:/.-]",
    re.IGNORECASE,
)


# Whatever of the above there is in a line.
_BROKEN = re.compile(r"[0-9]{8}:|(?<![0-9]):[A-Za-z0-9_-]{33}|[0-9]:[A-Za-z0-9_-]{33}|eyJ|PRIVATE KEY")


class _Kind(Enum):
    TOKEN = auto()
    JWT = auto()
    KEY = auto()


@dataclass(frozen=True, slots=True)
class _Torn:
    """What the last line of a process ended within; of a token, how many characters are there."""

    kind: _Kind
    there: int = 0


_Cut = tuple[int, int, str]  # first character of a view, behind the last, what stands there instead


class LineRedactor:
    """`redact_raw` for lines in their order. For one thread."""

    def __init__(self) -> None:
        self._torn: dict[int, tuple[_Torn, int]] = {}
        self._lines = 0

    @property
    def waiting(self) -> bool:
        """True while the next line of some process may begin with the rest of a secret."""
        return bool(self._torn)

    def line(self, text: str, process: int) -> str:
        """`text`, a line (or several) that `process` wrote, as it may go on."""
        before = self._expected(process)
        readings = texts(text) if has_escapes(text) else None
        if before is None and not may_go_on(readings[-1] if readings else text):
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
        view = seen(text)
        cuts, torn = _rest(view.text, before) if before is not None else ([], None)
        cuts += (_known_head(view.text) or _late_head(view.text)) if not cuts else ()
        tail, ends = _tail(view.text)
        cuts += (cut for cut in tail if not cuts or cut[0] >= cuts[-1][1])
        self._wait(process, ends or torn)
        return _without(text, view, cuts)

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


def ends_within(text: str) -> bool:
    """True when `text` may end within a secret that the next line goes on with."""
    return _tail(texts(text)[-1] if has_escapes(text) else text) != ([], None)


def may_go_on(text: str) -> bool:
    """False when no line of `text` goes on with a secret or ends within one."""
    if _BROKEN.search(text) is not None:
        return True
    return known() != () and any(
        holds_piece(row.lstrip(PADDING)[:SHORTEST]) or holds_piece(row[: end_of_words(row)][-SHORTEST:])
        for row in text.split("\n")
    )


def _without(text: str, view: View, cuts: list[_Cut]) -> str:
    pieces: list[str] = []
    at = 0
    for first, behind, mark in cuts:
        pieces += (redact_raw(text[at : view.begins[first]]), mark)
        at = view.ends[behind - 1]
    return "".join((*pieces, redact_raw(text[at:])))


# -- the end of a line


def _tail(text: str) -> tuple[list[_Cut], _Torn | None]:
    """What is to be taken from the end of `text`, and what it ends within."""
    end = end_of_words(text)
    if holds_piece(text[max(0, end - SHORTEST) : end]) and (piece := _known_tail(text, end)) is not None:
        return [piece], None
    match = _TORN_TOKEN.search(text, max(0, end - _TAIL), end) if ":" in text else None
    if match is not None:
        half = len(match["half"])
        cuts = [(match.start(), match.end(), SECRET if own_tokens() else TOKEN)] if half else []
        return cuts, _Torn(_Kind.TOKEN, half) if half <= SECRET_LENGTH - _LEAST_PIECE else None
    if "eyJ" in text and _TORN_JWT.search(text, 0, end) is not None:
        return [], _Torn(_Kind.JWT)
    if "PRIVATE KEY" in text and _KEY_BEGIN.search(text) is not None and _KEY_END not in text:
        return [], _Torn(_Kind.KEY)
    return [], None


def _known_tail(text: str, end: int) -> _Cut | None:
    longest: _Cut | None = None
    for secret, at in _occurrences(text[max(0, end - SHORTEST) : end]):
        first, begin = end - SHORTEST, at
        while first and begin and text[first - 1] == secret[begin - 1]:
            first, begin = first - 1, begin - 1
        whole = begin == 0 and at + SHORTEST == len(secret)
        if not whole and (longest is None or first < longest[0]):
            sure = begin == 0 and at + SHORTEST > secret.find(":") + _SURE
            longest = first, end, TOKEN if secret in own_tokens() and sure else SECRET
    return longest


# -- the beginning of a line


def _known_head(text: str) -> list[_Cut]:
    first = len(text) - len(text.lstrip(PADDING))
    behind, mark = first, ""
    for secret, at in _occurrences(text[first : first + SHORTEST]):
        end, stop = first + SHORTEST, at + SHORTEST
        while end < len(text) and stop < len(secret) and text[end] == secret[stop]:
            end, stop = end + 1, stop + 1
        over = stop == len(secret) or not text[end:].strip(PADDING)
        if at and over and end > behind:
            # Behind its first half, which is a place, the rest of the bot's token leaves nothing.
            behind, mark = end, "" if secret in own_tokens() else SECRET
    return [(first, behind, mark)] if behind > first else []


def _late_head(text: str) -> list[_Cut]:
    first = len(text) - len(text.lstrip(PADDING))
    match = _LATE.match(text, first)
    return [(first, match.end(), SECRET)] if match else []


def _rest(text: str, torn: _Torn) -> tuple[list[_Cut], _Torn | None]:
    """What of `text` goes on with what the line before ended within, and whether the next line does, too."""
    first = len(text) - len(text.lstrip(PADDING))
    if torn.kind is _Kind.KEY:
        content = text.strip(PADDING)
        if _KEY_LINE.fullmatch(content) is None and not content.startswith(_KEY_END):
            return [], None
        return [(first, first + len(content), SECRET)], None if content.startswith(_KEY_END) else torn
    match = _WORD.match(text, first) if torn.kind is _Kind.TOKEN else _JWT_PIECE.match(text, first)
    if match is None or _RECORD.match(text, first) or not _BEHIND.match(text, match.end()):
        return [], None
    last = not text[match.end() :].strip(PADDING)
    if torn.kind is _Kind.JWT:
        return [(first, match.end(), SECRET)], torn if last else None
    length = match.end() - first
    if abs(torn.there + length - SECRET_LENGTH) <= _TOLERANCE:
        return [(first, match.end(), "" if torn.there else SECRET)], None
    if last and torn.there and _LEAST_PIECE <= length < SECRET_LENGTH - torn.there:
        return [(first, match.end(), "")], _Torn(_Kind.TOKEN, torn.there + length)
    return [], None


def _occurrences(piece: str) -> list[tuple[str, int]]:
    """Where `piece` stands in what is known."""
    if not holds_piece(piece):
        return []
    found = []
    for secret in known():
        at = secret.find(piece)
        while at >= 0:
            found.append((secret, at))
            at = secret.find(piece, at + 1)
    return found
