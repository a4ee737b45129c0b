"""One module for each door. `fuzz(data)` raises for a finding, whatever `data` is; `LONGEST` is how
much of it is worth looking at."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

NAMES = tuple(sorted(file.stem for file in Path(__file__).parent.glob("[a-z]*.py")))


def target(name: str) -> ModuleType:
    return import_module(f"{__name__}.{name}")
