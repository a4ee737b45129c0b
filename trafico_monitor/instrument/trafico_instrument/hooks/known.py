"""Version check: a library is wrapped completely, or not at all if its version is unknown."""

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
    """Applies `plans()` to a version with one of these major numbers, and reports the library."""
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
