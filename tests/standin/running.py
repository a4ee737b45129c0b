"""Runs the stand-in programs as processes of their own, with every line kept and every wait bounded."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

STOP_DEADLINE = 10.0  # seconds from SIGTERM to SIGKILL


class Running:
    """A program with its output: `with Running([...]) as program: program.wait_line("…")`."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        user: int | None = None,
    ) -> None:
        self.lines: list[str] = []
        self._grown = threading.Condition()
        self._ended = False
        self.process = subprocess.Popen(
            list(command),
            cwd=cwd,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=user,
            group=user,
            extra_groups=[] if user is not None else None,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._grown:
                self.lines.append(line.decode(errors="replace").rstrip("\n"))
                self._grown.notify_all()
        with self._grown:
            self._ended = True
            self._grown.notify_all()

    def wait_line(self, matches: Callable[[str], bool] | str, deadline: float = 15.0, start: int = 0) -> int:
        """The index of the first line from `start` on that `matches`; AssertionError when none comes."""
        end = time.monotonic() + deadline
        position = start
        with self._grown:
            while True:
                for index in range(position, len(self.lines)):
                    line = self.lines[index]
                    if matches(line) if callable(matches) else matches in line:
                        return index
                position = max(position, len(self.lines))
                left = end - time.monotonic()
                if left <= 0 or self._ended:
                    printed = "\n".join(self.lines[start:][-60:])
                    raise AssertionError(f"no line {matches!r} within {deadline} s; printed:\n{printed}")
                self._grown.wait(left)

    def stop(self) -> int:
        """SIGTERM to the whole group, as systemd does, and SIGKILL to what is left of it: main.py
        would leave its children behind."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_DEADLINE)
        self._reader.join(STOP_DEADLINE)  # the output ends with the last of the children
        self._signal(signal.SIGKILL)
        self.process.wait(STOP_DEADLINE)
        self._reader.join(STOP_DEADLINE)
        if self.process.stdout is not None and not self._reader.is_alive():
            self.process.stdout.close()
        return self.process.returncode

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def python_for_others(place: Path) -> tuple[str, dict[str, str]]:
    """A python3 with python-telegram-bot that any user may run, and the environment it needs.

    The venv may lie below a home that is closed to others: then what the bot imports is copied
    to `place`, for Debian's own interpreter.
    """
    own = Path(sys.executable).absolute()
    if all(folder.stat().st_mode & 0o001 for folder in own.parents):
        return str(own), {}
    packages = Path(importlib.util.find_spec("telegram").origin or "").parents[1]  # type: ignore[union-attr]
    target = place / "packages"
    for name in ("telegram", "httpx", "httpcore", "h11", "anyio", "sniffio"):
        shutil.copytree(packages / name, target / name, dirs_exist_ok=True)
    shutil.copy(packages / "typing_extensions.py", target)
    return "/usr/bin/python3", {"PYTHONPATH": str(target)}


def run_project(project: Path, *, env: Mapping[str, str] | None = None, user: int | None = None) -> Running:
    """main.py of a project that lay_out() made."""
    python, needed = (sys.executable, {}) if user is None else python_for_others(project)
    return Running([python, str(project / "main.py")], cwd=project, env={**needed, **(env or {})}, user=user)
