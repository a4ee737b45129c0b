"""What a text says and about what, in phrases of a rule file. Pure.

A phrase is written in lower case. `*` stands for up to three words; a word that ends in `-` is a stem: «dañad-» is
«dañado» and «dañada». An accent may be missing in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from unicodedata import normalize

NEAR = 120  # characters between what is said and what it is said about
_WORDS = r" (?:[^\s;]{1,24} ){0,3}"
_LONGEST, _SHORTEST = 80, 3  # characters of a phrase, bytes of a literal


def literals(phrase: str) -> tuple[str, ...]:
    """The longest piece of `phrase`, spelt with and without accents: one of them is in each text that has it."""
    piece = max((part.strip().removesuffix("-") for part in phrase.split("*")), key=len)
    return tuple(dict.fromkeys((piece, _plain(piece))))


def valid(phrase: str) -> bool:
    """Whether `phrase` can be searched for."""
    return phrase == phrase.lower().strip() and 0 < len(phrase) <= _LONGEST


def tells(phrase: str) -> bool:
    """Whether `phrase` is long enough to look for it in every line."""
    return all(len(literal.encode()) >= _SHORTEST for literal in literals(phrase))


def compiled(phrases: Iterable[str]) -> re.Pattern[str]:
    """An expression that finds any of `phrases`; every repetition in it has an end."""
    return re.compile("|".join(_alternatives(phrases)))


def _alternatives(phrases: Iterable[str]) -> Iterator[str]:
    phrases = sorted(phrases, key=len, reverse=True)
    # The look behind stands before all of them: an alternative that begins with a letter is skipped by that letter.
    words = "|".join(_expression(phrase) for phrase in phrases if phrase[0].isalnum())
    if words:
        yield rf"(?<![\w.])(?:{words})"
    yield from (_expression(phrase) for phrase in phrases if not phrase[0].isalnum())


def _expression(phrase: str) -> str:
    text = _WORDS.join(map(_piece, phrase.removesuffix("-").split(" * "))).replace(r"\- ", r"\w{0,8} ")
    return text if phrase.endswith("-") or not phrase[-1].isalnum() else rf"{text}(?!\w)"


def _piece(text: str) -> str:
    return "".join(
        re.escape(letter) if _plain(letter) == letter else f"[{letter}{_plain(letter)}]" for letter in text
    ).replace(r"\ ", " ")


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    """`text` without accents; ñ is a letter of its own."""
    return "".join(letter if letter == "ñ" else normalize("NFD", letter)[0] for letter in text)


def place(text: str, says: re.Pattern[str], about: re.Pattern[str] | None) -> tuple[int, int] | None:
    """Where `text` says one of the phrases `says`, near one of `about`; None when it does not."""
    ahead = about.search(text) if about is not None else None  # the first subject that may be near
    for said in says.finditer(text):
        if about is None:
            return said.span()
        least, most = max(0, said.start() - NEAR), said.end() + NEAR
        if ahead is not None and ahead.start() < least:
            ahead = about.search(text, least)
        if ahead is None:
            return None
        if ahead.start() >= most:
            continue
        subject = ahead if ahead.end() <= most else about.search(text, least, most)
        if subject is not None:
            begin = min(said.start(), subject.start())
            return text.rfind(" ", 0, begin) + 1, said.end()
    return None
