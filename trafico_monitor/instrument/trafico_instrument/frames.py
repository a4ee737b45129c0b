"""Search for a download's destination in the local variables of the calling functions.

Only paths below the models directory are read from a frame; of all other variables, only the type is inspected.
"""

from __future__ import annotations

import functools
import sys

from . import places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType
    from typing import Any

DEEPEST = 40
# Modules whose functions call a handler, and those that stand between a handler and the hook.
_CALLERS = (
    "asyncio.", "concurrent.", "threading",
    "telegram.ext._handlers", "telegram.ext._application", "aiogram.dispatcher",
)  # fmt: skip
_PASSED = (f"{__package__}.", "telegram.", "aiogram.", "functools", "contextlib")
_NO_PATHS = (int, bool, float, type(None), list, dict, tuple)  # the most frequent types: skipped quickly
_FUNCTION = 1  # inspect.CO_OPTIMIZED: not a module, not the body of a class
_IS_VIEW = sys.version_info >= (3, 13)  # PEP 667
# Up to 3.12 f_locals is one dict for each call of a function, the same that locals() gives to it.
_LOCALS_USERS = frozenset(("locals", "vars", "dir", "eval", "exec"))
_OWN_REFERENCES = 3  # the frame's, ours, getrefcount's argument


def paths(frame: FrameType | None) -> dict[str, tuple[str, bool]]:
    """Returns the absolute paths of modelos' folders and of files in them (with the result of places.within) from
    the nearest function that has any."""
    for _ in range(DEEPEST):
        if frame is None:
            break
        look = _look(str(frame.f_globals.get("__name__")))
        if look is None:
            break
        found = dict(filter(None, map(_path, _values(frame)))) if look else {}
        if found:
            return found
        frame = frame.f_back
    return {}


@functools.lru_cache(maxsize=256)
def _look(module: str) -> bool | None:
    """Whether the functions of a module are inspected; None: its callers are not inspected either."""
    return None if module.startswith(_CALLERS) else not module.startswith(_PASSED)


def _path(value: Any) -> tuple[str, tuple[str, bool]] | None:
    kind = type(value)
    if kind is str:  # one with no slash is no path, or each would be where the program runs in the models directory
        if "/" not in value or len(value) > places.LONGEST:
            return None
    elif kind in _NO_PATHS:
        return None
    text = places.path_text(value)
    if text is None or not any(name in text for name in places.NAMES):
        return None
    path = places.absolute(text)
    inside = places.within(path)
    return (path, inside) if path is not None and inside is not None else None


def _values(frame: FrameType) -> Sequence[Any]:
    """Returns the values of a running function's variables, leaving no references in it."""
    code = frame.f_code
    if not code.co_flags & _FUNCTION:
        return ()
    if _IS_VIEW:
        return list(frame.f_locals.values())
    if not _LOCALS_USERS.isdisjoint(code.co_names) or sys.gettrace() is not None:  # a debugger would write it back
        return ()
    snapshot = frame.f_locals
    values = list(snapshot.values())
    if sys.getrefcount(snapshot) == _OWN_REFERENCES:  # otherwise another user inspects it
        snapshot.clear()  # it would keep objects alive that the function releases
    return values
