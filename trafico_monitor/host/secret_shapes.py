"""Which parts of a text are secrets: by their shape, by the name beside them, or because they are known. Pure
but for what `remember` was told.

A bot token is digits, a colon and 35 characters of base64url (core.telegram.org/bots/api). What the others look
like stands at their issuers': jwt.io, RFC 3986 (userinfo), RFC 9110 (Authorization), RFC 6265 (cookies),
RFC 7468 (keys), and the prefixes that GitHub, Google, AWS, OpenAI and others document for scanners."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote_plus

from .escapes import PADDING, View, octets

TOKEN = "<TOKEN>"  # the bot's own token, and any token while that is unknown: it may be a path component on disk
SECRET = "<SECRET>"  # any other

SECRET_LENGTH = 35  # of a token, behind its colon
SHORTEST = 8  # characters of a literally matched value: shorter ones are words of ordinary lines
_MOST_KNOWN, _LONGEST = 64, 4096

# Shorter and longer tails down to 30 are taken too: a cut line must not leak most of a token. However
# many digits stand before it: a name may end in some. Possessive, or a line of digits alone would be
# walked through once for each of them. And again: right behind a token its tail takes in the digits of
# the next one. It begins with a class and not with a look behind: `re` then skips to the first digit.
_TOKEN = re.compile(r"[0-9](?<![0-9][0-9])[0-9]{4,}+(?::[A-Za-z0-9_-]{30,}+)++")
_TOKEN_BEGUN = re.compile(r"[0-9](?<![0-9][0-9])[0-9]{4,}+:[A-Za-z0-9_-]{30}")
_LEAST_TAIL = 31  # a colon and what has to stand behind it
_TOKEN_SIGN = re.compile(r":[A-Za-z0-9_-]{30}")

_ISSUED = re.compile(
    r"(?<![A-Za-z0-9])(?:eyJ[\w-]{10,}+(?:\.[\w-]*+){0,4}|AIza[\w-]{30,}+|(?:AKIA|ASIA)[0-9A-Z]{16}|gh[opsur]_\w{20,}+"
    r"|github_pat_\w{20,}+|glpat-[\w-]{16,}+|xox[a-z]-[\w-]{10,}+|sk-[\w-]{16,}+|sbp_\w{20,}+|sb_secret_[\w-]{10,}+)",
    re.ASCII,
)
_KEY_BLOCK = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10}-----(?:(?!-----)[\s\S])*+(?:-----END[A-Z0-9 ]{0,60}-----)?"
)
# A port is no password: «http://127.0.0.1:8081/file/@x».
_USERINFO = re.compile(
    r"(?<=://)(?:[^\s/?#@'\"<>]{1,256}+@)++|(?<=://)[^\s/?#@'\"<>:]{1,128}+:(?![0-9]{1,5}[/?#])[^\s@'\"<>]{1,256}+@"
)
_HEADER = re.compile(
    r"authorization['\"]?\s{0,4}[:=,]\s{0,4}b?['\"]?"
    r"(?P<given>[a-z][a-z0-9-]{1,19} [^\s'\",;<>]{6,}+|[^\s'\",;<>]{8,}+)"
    r"|(?:set-)?cookie['\"]?\s{0,4}[:=,]\s{0,4}b?(?:['\"](?P<jar>[^\s=;'\"<>]{1,128}+=[^\n'\"]{1,4096}+)"
    r"|(?P<line>[^\s=;'\"<>]{1,128}+=[^\n'\"]{1,4096}+))"
    r"|\b(?:bearer|basic) (?P<word>[a-z0-9._~+/-]{8,}+={0,2})",
    re.IGNORECASE,
)
_KEYED = re.compile(
    r"(?:(?P<pass>pass(?:word|wd|phrase)?|pwd|contraseña)|token|secret|hash|credentials?|session[_-]?string"
    r"|(?:api|access|secret|private|service|role|anon|supabase|auth|signing|encryption)[_-]?key)"
    r"(?P<rest>(?:s|[_-][a-z0-9_-]{0,24}+|[0-9]{1,3}+)?+)(?P<quote>['\"]?)\]?\s{0,4}(?:=>|[:=])\s{0,4}"
    r"(?:[bru]?\"(?P<double>[^\"\n]{1,512}+)\"|[bru]?'(?P<single>[^'\n]{1,512}+)'|(?P<bare>[^\s&\"'<>|])"
    r"|[bru]?['\"](?P<cut>[^\s&\"'<>|]))",  # a quotation that does not end
    re.IGNORECASE,
)
_BARE_END = re.compile(r"[\s&\"'<>|]|\Z")
_FIRST_WORD = re.compile(r"\s*+(\S++)")
_OPTION = re.compile(
    r"--[a-z-]{0,24}?(?:password|passphrase|token|secret|api-key|api-hash)[ =]['\"]?"
    r"(?P<given>[^\s'\"<>-][^\s'\"<>]{3,}+)",
    re.IGNORECASE,
)
_NAMES = ("token", "secret", "pass", "pwd", "hash", "key", "credential", "session", "contrase")
_NO_VALUE = frozenset({"none", "null", "nil", "true", "false", "undefined", "redacted", "hidden", "secure", "string"})
_LONGEST_NO_VALUE = max(map(len, _NO_VALUE))
_NO_SECRET = re.compile(
    r"[-_](?:file|path|dir|type|name|count|len|length|size|ttl|limit|expires?(?:_in|_at)?|url|uri|id)s?\Z",
    re.IGNORECASE,
)
_STAND_IN = re.compile(r"(?:[*xX.•…#-]+|\$[A-Z_]+|%[a-z])\Z|[$%]?[{(]|\[")
_PLACE = re.compile(r"(?:~|\.{0,2})/|[a-z][a-z+]{1,9}://|[A-Za-z]:\\")
_LOOKS_RANDOM = re.compile(r"(?=[A-Za-z0-9_+/=.~-]{12})[A-Za-z_+/=.~-]*+[0-9][A-Za-z0-9_+/=.~-]*+")

Span = tuple[int, int, str]  # first character, after the last, replacement

_own: frozenset[str] = frozenset()
_pieces: frozenset[str] = frozenset()
_known: tuple[str, ...] = ()
_without: set[str] = set()


def remember(values: Iterable[str], own_token: str = "") -> None:
    """Searches for `values` literally from now on, whatever their shape; values that are too short are ignored.
    `own_token` is the bot's: any other token is a secret, but not a path component."""
    global _known, _own, _pieces, _without
    if own_token:
        _own |= {own_token}
    halves = [half for value in (*values, own_token) for half in (value, *_halves(value))]
    forms = (*halves, *(quote_plus(half) for half in halves if " " in half))
    found = {form for form in forms if SHORTEST <= len(form) <= _LONGEST}
    _known = tuple(sorted(found.union(_known), key=lambda value: (-len(value), value))[:_MOST_KNOWN])
    _pieces = frozenset(value[at : at + SHORTEST] for value in _known for at in range(len(value) - SHORTEST + 1))
    _without = set()


def forget() -> None:
    """Clears all known values. For tests."""
    global _known, _own, _pieces, _without
    _own, _known, _pieces, _without = frozenset(), (), frozenset(), set()


def lines_without() -> set[str]:
    """Returns the cache for lines without known values; a different set once more values are known. Call it before
    a line is inspected."""
    return _without


def holds_piece(text: str) -> bool:
    """True if `text` is SHORTEST characters of a known value."""
    return text in _pieces


def known() -> tuple[str, ...]:
    """Returns the values searched for literally, longest first."""
    return _known


def own_tokens() -> frozenset[str]:
    """Returns the bot's own tokens, as far as they are known."""
    return _own


def _halves(value: str) -> tuple[str, ...]:
    digits, colon, tail = value.partition(":")
    return (tail,) if colon and digits.isdigit() else ()


def has_sign(text: str) -> bool:
    """False if `text` can contain no secret other than bot tokens."""
    return is_signed(text, octets(text))


def is_signed(text: str, low: str) -> bool:
    """As `has_sign`; `low` is `octets(text)`. Nearly every line passes through it: consecutive short tests take
    half the time of a loop or expression, and a common prefix is tested first."""
    return (
        "authorization" in low or "pwd" in low or "oki" in low or "bearer" in low
        or ("cre" in low and ("secret" in low or "credential" in low))
        or ("ke" in low and ("key" in low or ("token" in low and "token" in low.replace("<token>", ""))))
        or ("as" in low and ("pass" in low or "hash" in low or "basic" in low or "contras" in low or "asia" in low))
        or "eyj" in low or "aiza" in low or "akia" in low
        or ("_" in low and ("gh" in low or "sbp_" in low))
        or ("-" in low and ("sk-" in low or "xox" in low or "glpat-" in low))
        or ("session" in low and "string" in low)
        or ("@" in low and "://" in low)
        or (_known != () and any(map(text.__contains__, _known)))
    )  # fmt: skip


def has_token(text: str) -> bool:
    """False if `text` contains no bot token."""
    return _TOKEN_SIGN.search(text) is not None


def without_tokens(text: str) -> str:
    """Returns `text` with its bot tokens replaced."""
    return _TOKEN.sub(lambda match: _mark(match[0]), text)


def _mark(token: str) -> str:
    """Whether a token is a path component: a stranger may have invented one."""
    return TOKEN if not _own or token in _own else SECRET


def spans(view: View) -> Iterator[Span]:
    """Returns every secret in `view`, by its position in the original; some may overlap."""
    text = view.text
    for first, behind, mark in _found(view):
        if behind > first:
            yield view.begins[first], view.ends[behind - 1], mark
    for value in _known:
        at = text.find(value)
        while at >= 0:
            yield view.begins[at], view.ends[at + len(value) - 1], SECRET
            at = text.find(value, at + len(value))


def _found(view: View) -> Iterator[Span]:
    text = view.text
    yield from _tokens(view)
    if not has_sign(text):
        return
    for pattern in (_ISSUED, _KEY_BLOCK):
        yield from ((*match.span(), SECRET) for match in pattern.finditer(text))
    if "://" in text and "@" in text:
        yield from ((match.start(), match.end() - 1, SECRET) for match in _USERINFO.finditer(text))
    yield from _headers(text)
    yield from _keyed(text)


def _tokens(view: View) -> Iterator[Span]:
    text, at = view.text, 0
    gaps: list[int] | None = None
    while begun := _TOKEN_BEGUN.search(text, at):
        gaps = view.gaps() if gaps is None else gaps
        first, colon = begun.start(), begun.end() - _LEAST_TAIL
        # Text after a complete token, separated by a line break or a colour, is not part of it.
        place = bisect_right(gaps, first)
        gap = gaps[place] if place < len(gaps) and gaps[place] - colon > SECRET_LENGTH else len(text)
        match = _TOKEN.match(text, first, gap + _LEAST_TAIL)
        at = min(match.end() if match else begun.end(), gap)
        yield first, at, _mark(text[first:at])


def _headers(text: str) -> Iterator[Span]:
    for match in _HEADER.finditer(text):
        name = match.lastgroup or ""
        value = match[name]
        if name == "word" and not _is_credential(value):
            continue
        if name == "given" and " " not in value and not _is_credential(value):
            continue
        if name == "given" and " " in value:
            scheme, _, value = value.partition(" ")
            if not _is_credential(value) and scheme.lower() not in ("basic", "bearer", "token", "digest", "bot"):
                continue
            yield match.start(name) + len(scheme) + 1, match.end(name), SECRET
            continue
        yield *match.span(name), SECRET


def _is_credential(value: str) -> bool:
    """Excludes phrases such as «Basic authentication» and «Bearer token»."""
    return len(value) >= 16 or not (value.isalpha() and (value.islower() or value.istitle()))


def _keyed(text: str) -> Iterator[Span]:
    at = end = shown = 0  # `end`: of the unquoted text that contains `at`; it is a secret up to `shown`
    while (match := _KEYED.search(text, at)) is not None:
        name = match.lastgroup or ""
        at = match.start(name)  # the assumed value may contain another name: «token: password=…»
        if name in ("double", "single"):
            if _is_value(match, match[name], quoted=True):
                yield *match.span(name), SECRET
            elif (word := _FIRST_WORD.match(text, *match.span(name))) and _is_value(match, word[1], quoted=True):
                yield at, word.end(), SECRET  # the quotation may end elsewhere
        elif at >= shown:
            if at >= end:
                end = _end_of_bare(text, at)
            if _is_value(match, text[at : min(end, at + _LONGEST)], quoted=name == "cut"):
                shown = end
                yield at, at + len(text[at:end].rstrip(".,;:)]}")), SECRET
    if "--" in text:
        yield from ((*match.span("given"), SECRET) for match in _OPTION.finditer(text))


def _end_of_bare(text: str, at: int) -> int:
    match = _BARE_END.search(text, at)
    return len(text) if match is None else match.start()


def _is_value(match: re.Match[str], value: str, *, quoted: bool) -> bool:
    """Whether the text after a name is a secret, and not a word about one."""
    value = value.strip(" .,;:)]}")
    if not value or _NO_SECRET.search(match["rest"]) or _STAND_IN.match(value):
        return False
    if len(value) <= _LONGEST_NO_VALUE and value.lower() in _NO_VALUE:
        return False
    spoken = not quoted and ":" in match[0][: match.start("bare") - match.start()].rpartition("=")[2]
    if match["pass"]:
        if spoken:
            return len(value) >= 6 and not value.isalpha()
        # A stranger's open quotation mark must not hide the words of an error after it.
        words = quoted and match["quote"] == "" and any(map(str.isspace, value))
        return len(value) >= 4 and not (words and any(map(value.__contains__, ":/[")))
    if spoken and _LOOKS_RANDOM.fullmatch(value) is None:
        return False
    if _PLACE.match(value) or value.lstrip("-").isdigit():
        return False
    return len(value) >= SHORTEST and not (quoted and any(map(str.isspace, value)))


# Any eight characters out of a secret tell it. Of the pieces of the bot's own token the one that holds its eleventh
# secret character becomes `<TOKEN>` and the others nothing: whoever puts the rows together again reads a place,
# and nobody who knows only the bot's number can make one.

_PIVOT = 11  # characters behind the colon
_NUMBERED = ("telegram-bot-api/", "/bot")  # text before a token


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters `first` to `behind` of a row are `begin` to `stop` of `secret`."""

    first: int
    behind: int
    secret: str
    begin: int
    stop: int

    @property
    def missing(self) -> int:
        """Number of characters of the secret that follow."""
        return len(self.secret) - self.stop

    @property
    def mark(self) -> str:
        """The replacement text."""
        if self.secret not in own_tokens():
            return SECRET
        return TOKEN if self.begin <= self.secret.find(":") + _PIVOT < self.stop else ""


def at_start(row: str) -> Piece | None:
    """Returns the piece at the start of `row`, after its padding, if it continues another row."""
    first, longest = len(row) - len(row.lstrip(PADDING)), None
    for secret, begin in _occurrences(row[first : first + SHORTEST]):
        behind, stop = first + SHORTEST, begin + SHORTEST
        while behind < len(row) and stop < len(secret) and row[behind] == secret[stop]:
            behind, stop = behind + 1, stop + 1
        over = stop == len(secret) or not row[behind:].strip(PADDING)
        if begin and over and (longest is None or behind > longest.behind):
            longest = Piece(first, behind, secret, begin, stop)
    return longest


def at_end(row: str, end: int) -> Piece | None:
    """Returns the piece at the end of the words of `row`, which end at `end`, if another row continues it."""
    longest = None
    for secret, begin in _occurrences(row[max(0, end - SHORTEST) : end]):
        first, stop = end - SHORTEST, begin + SHORTEST
        while first and begin and row[first - 1] == secret[begin - 1]:
            first, begin = first - 1, begin - 1
        if stop < len(secret) and (longest is None or first < longest.first):
            longest = Piece(first, end, secret, begin, stop)
    return longest or _number_begun(row, end)


def may_be_at_ends(row: str, end: int) -> bool:
    """False if neither `at_start` nor `at_end` finds a piece."""
    start = row.lstrip(PADDING)[:SHORTEST]
    return holds_piece(start) or holds_piece(row[max(0, end - SHORTEST) : end]) or _number_begun(row, end) is not None


def _number_begun(row: str, end: int) -> Piece | None:
    """The first digits of the bot's own number at the end of a row, too few to be recognised otherwise."""
    if not row[end - 1 : end].isdigit():
        return None
    for token in own_tokens():
        for size in range(1, SHORTEST):
            first = end - size
            if row[max(0, first) : end] == token[:size] and row[: max(0, first)].endswith(_NUMBERED):
                return Piece(first, end, token, 0, size)
    return None


def _occurrences(piece: str) -> Iterator[tuple[str, int]]:
    """Yields the positions of `piece` in the known values, longest value first."""
    if holds_piece(piece):
        for secret in known():
            at = secret.find(piece)
            while at >= 0:
                yield secret, at
                at = secret.find(piece, at + 1)
