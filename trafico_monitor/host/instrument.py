"""Where the instrumentation lies, and a PYTHONPATH that has it first. Pure."""

from __future__ import annotations

FOLDER = "/usr/lib/trafico-monitor/instrument"


def first(had: str, folder: str = FOLDER) -> str:
    """`had` with `folder` in front and nowhere else. An empty entry stays: to Python it is the current folder."""
    others = [entry for entry in had.split(":") if entry != folder] if had else []
    return ":".join([folder, *others])


def is_on(path: str) -> bool:
    """True when a program that starts with this PYTHONPATH is instrumented."""
    return FOLDER in path.split(":")
