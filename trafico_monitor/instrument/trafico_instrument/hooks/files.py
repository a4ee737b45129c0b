"""Hooks for shutil's copies and moves, os.rename and os.replace.

shutil is wrapped in every Python that has the folder on its path, before any library is imported: the bot may run
`from shutil import copy2` first. Until a library is imported, each call passes straight through.
"""

from __future__ import annotations

import os
import sys
from functools import partial

from .. import wrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

_SHUTIL = {"copyfile": False, "copy": True, "copy2": True, "move": True}  # whether it goes into a directory
# copies.begin and copies.end, once there is a library for bots.
_begin: Callable[[Any, Any, bool], Any] | None = None
_end: Callable[[Any, Any, BaseException | None], None] | None = None


def hook_shutil(shutil: ModuleType) -> None:
    wrap.put([
        wrap.plan(shutil, name, ("src", "dst"), partial(_before, into), _after) for name, into in _SHUTIL.items()
    ])  # fmt: skip


def arm() -> None:
    """Activates the inspection of calls."""
    global _begin, _end
    if _begin is not None:
        return
    from . import copies

    _begin, _end = copies.begin, copies.end
    accessor = getattr(sys.modules.get("pathlib"), "_NormalAccessor", None)  # Python 3.9 and 3.10
    for name in ("rename", "replace"):
        original = getattr(os, name)
        wrapper = wrap.Builtin(original, "os", partial(_before, False), _after)
        setattr(os, name, wrapper)
        if original in os.supports_dir_fd:
            os.supports_dir_fd.add(wrapper)
        if accessor is not None and vars(accessor).get(name) is original:
            setattr(accessor, name, wrapper)


def _before(into: bool, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if _begin is None or kwargs.get("src_dir_fd") is not None or kwargs.get("dst_dir_fd") is not None:
        return None
    return _begin(wrap.given(args, kwargs, 0, "src"), wrap.given(args, kwargs, 1, "dst"), into)


def _after(transfer: Any, result: Any, error: BaseException | None) -> None:
    if _end is not None:
        _end(transfer, result, error)
