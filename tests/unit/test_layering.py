"""What the import contracts of pyproject.toml cannot say (`make lint` holds those)."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2] / "trafico_monitor"
WIRED = {"journal", "store", "notify", "repair"}


def imports(file: Path) -> set[str]:
    """The first parts of every module that `file` imports by an absolute name, and of relative ones the package."""
    package = ("trafico_monitor", *file.relative_to(ROOT).parts[:-1])
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            names = (*base, *((node.module or "").split(".") if node.module else ()))
            found.add(names[1] if names[0] == "trafico_monitor" and len(names) > 1 else names[0])
    return found


def test_only_the_service_wires() -> None:
    wiring = {str(file.relative_to(ROOT)) for file in ROOT.rglob("*.py") if imports(file) >= WIRED}
    assert wiring <= {"daemon/service.py"}


def test_what_runs_inside_the_bot_is_of_the_standard_library_and_itself() -> None:
    own = sys.stdlib_module_names | {"instrument", "trafico_monitor", "trafico_instrument", "sitecustomize"}
    files = (ROOT / "instrument").rglob("*.py")
    offenders = {str(file.relative_to(ROOT)): found for file in files if (found := imports(file) - own)}
    assert offenders == {}
