"""A program that says when it is there and then waits, for tests of what looks at processes."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WAITS = "import time\nprint('here', flush=True)\ntime.sleep(60)\n"


@contextmanager
def running(*argv: str, cwd: Path) -> Iterator[int]:
    """The PID of `argv`, which has printed «here»; it is killed at the end."""
    process = subprocess.Popen(argv, cwd=cwd, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"here\n"
        yield process.pid
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()
