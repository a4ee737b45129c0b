"""docs/security.md names a test for each threat; each of these tests exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
FILES = tuple(ROOT.glob("tests/**/test_*.py"))
CODE = re.compile(r"`([a-z0-9_/…]+)`")
SHORTEST = 19  # letters of a test's name without its `test_`; shorter words are keys and columns


def exists(name: str, modules: set[str], functions: set[str]) -> bool:
    """True for a module by the end of its path, and for a test by a part of its name."""
    part = name.strip("…")
    if "test_" in part:
        path = f"/{part.removeprefix('tests/')}"
        return part.removeprefix("test_") in functions or any(module.endswith(path) for module in modules)
    return "/" in part or len(part) < SHORTEST or any(part in function for function in functions)


def test_every_test_that_the_page_names_exists() -> None:
    modules = {f"/{path.relative_to(ROOT).with_suffix('').as_posix()}" for path in FILES}
    functions = {name for path in FILES for name in re.findall(r"def test_(\w+)", path.read_text(encoding="utf-8"))}
    named = set(CODE.findall((ROOT / "docs/security.md").read_text(encoding="utf-8")))
    assert [name for name in sorted(named) if not exists(name, modules, functions)] == []
