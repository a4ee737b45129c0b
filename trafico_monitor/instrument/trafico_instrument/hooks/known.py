"""Hooks a library whole or, where it is not the one that the hooks were written for, not at all."""

from __future__ import annotations

from .. import report, wrap
from . import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence
    from types import ModuleType
    from typing import Any

hooked: set[str] = set()  # names of libraries


def hook(library: ModuleType, majors: Container[int], plans: Callable[[], Sequence[Any]]) -> None:
    """Put `plans()` in place for a version with one of these first numbers; say which library it is."""
    version = str(getattr(library, "__version__", ""))
    said = f"{library.__name__} {version}".strip()
    try:
        if int(version.partition(".")[0]) not in majors:
            raise wrap.Unknown(version)
        wrap.put(plans())
    except Exception:  # a class, a function or a parameter is not there, or is another
        report.library("ajeno", said)
        return
    hooked.add(library.__name__)
    files.arm()
    report.library("activo", said)
