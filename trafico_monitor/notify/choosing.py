"""Buttons that assign a rescued video to a modelo, and the parsing of a press. Pure.

A folder name can be anything of any length, and the data of a press are untrusted: a button carries only the
identifiers of the file and of the modelo, which are resolved when it is pressed.
"""

from __future__ import annotations

import re
from base64 import b32encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from ..messages import text
from .chatops.keyboard import LONGEST_DATA, VERSION, Button
from .messages.markup import clean

# Telegram shows at most 100 buttons; a phone about ten rows, and two columns of 16 characters.
PAGE = 20
SHORT, LONGEST_NAME = 16, 40
_ASSIGN = re.compile(r"assign:([A-Z2-7]{8}):([A-Z2-7]{16})")
_TURN = re.compile(r"page:([A-Z2-7]{8}):(0|[1-9][0-9]{0,3})")


@dataclass(frozen=True, slots=True)
class Choice:
    """A press: the rescued file of `mark` is to go to the modelo of that `sign`; "" to see `page` instead."""

    mark: str
    sign: str = ""
    page: int = 0


def offered(name: str) -> bool:
    """True for a modelo whose name stands on a button just as it is: two that look alike are no choice."""
    return 0 < len(name) <= LONGEST_NAME and clean(name) == name


def sign_of(modelo: str) -> str:
    return b32encode(blake2b(modelo.encode("utf-8", "replace"), digest_size=10).digest()).decode("ascii")


def signed(sign: str, modelos: Iterable[str]) -> str:
    """The one of `modelos` that `sign` means, "" for none."""
    return next((name for name in modelos if sign_of(name) == sign), "")


def rows(
    mark: str, modelos: Sequence[str], language: str, *, page: int = 0, total: int = 0
) -> tuple[tuple[Button, ...], ...]:
    """Rows of buttons for the file of `mark`. `modelos` come the last used first, for the first page perhaps not all
    of `total`; where they are more than PAGE, the pages behind the first have all of them by name."""
    total = max(total, len(modelos))
    pages = -(-total // PAGE) if total > PAGE else 0
    page = min(page, pages)
    shown = modelos[:PAGE] if page == 0 else sorted(modelos, key=str.casefold)[(page - 1) * PAGE : page * PAGE]
    columns = 2 if all(len(name) <= SHORT for name in shown) else 1
    names = [Button(name, f"{VERSION}:assign:{mark}:{sign_of(name)}") for name in shown]
    turns = _turns(mark, page, pages, total, language)
    lines = [tuple(names[place : place + columns]) for place in range(0, len(names), columns)]
    return (*lines, *((turns,) if turns else ()))


def _turns(mark: str, page: int, pages: int, total: int, language: str) -> tuple[Button, ...]:
    if not pages:
        return ()
    if page == 0:
        return (_turn("all", mark, 1, language, n=total),)
    before = _turn("before", mark, page - 1, language, n=page - 1) if page > 1 else _turn("latest", mark, 0, language)
    after = (_turn("after", mark, page + 1, language, n=page + 1, total=pages),) if page < pages else ()
    return (before, *after)


def _turn(code: str, mark: str, page: int, language: str, **fields: int) -> Button:
    return Button(text(f"answers.choice.{code}", language, **fields), f"{VERSION}:page:{mark}:{page}")


def chosen(data: object) -> Choice | None:
    """What a press of a button with `data` asks for; None for whatever `rows` has not made."""
    if not isinstance(data, str) or len(data) > LONGEST_DATA:
        return None
    version, _, said = data.partition(":")
    if version != VERSION:
        return None
    if found := _ASSIGN.fullmatch(said):
        return Choice(found[1], found[2])
    turned = _TURN.fullmatch(said)
    return Choice(turned[1], page=int(turned[2])) if turned else None
