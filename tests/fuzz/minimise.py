"""Keeps the few small cases that reach every line: `python -m tests.fuzz.minimise [TARGET…]` after `make fuzz`.

tests/fuzz/corpus holds them, for the next long walk to begin with and for `make check`. A case whose name does not
begin with `case-` was put there by hand, for what it once was: it stays.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from .places import CACHE, CORPUS
from .targets import NAMES, target

LARGEST = 400  # bytes of a case
Line = tuple[str, int]


def reached(work: Callable[[], None]) -> set[Line]:
    """The lines of the program that `work` walks over in this thread."""
    lines: set[Line] = set()

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        name = frame.f_code.co_filename
        if "/trafico_monitor/" not in name:
            return None
        lines.add((name, frame.f_lineno))
        return trace

    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(None)
    return lines


def minimise(name: str) -> None:
    door, kept = target(name), CORPUS / name
    folders = (CACHE / "corpus" / name, kept)
    cases = sorted({case.read_bytes() for folder in folders for case in folder.glob("*")}, key=lambda c: (len(c), c))
    for old in kept.glob("case-*"):
        old.unlink()
    known: set[Line] = set()
    count = 0
    for case in (case for case in cases if len(case) <= LARGEST):
        new = reached(lambda case=case: door.fuzz(case))  # type: ignore[misc]
        if not new <= known:
            known |= new
            kept.mkdir(parents=True, exist_ok=True)
            (kept / f"case-{hashlib.sha256(case).hexdigest()[:12]}").write_bytes(case)
            count += 1
    print(f"{name}: {count} of {len(cases)} cases, {len(known)} lines")


if __name__ == "__main__":
    asyncio.set_event_loop(asyncio.new_event_loop())
    for one in sys.argv[1:] or NAMES:
        minimise(one)
