"""Starts the demo as root, in its own mount and process namespace, so that nothing stays behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from . import texts

REPOSITORY = Path(__file__).resolve().parents[1]
TOOLS = ("unshare", "setpriv", "sudo", "useradd", "systemd-sysusers", "ffmpeg", "ffprobe")
JOURNALD = Path("/lib/systemd/systemd-journald")
SHOWN = (*texts.LOCALE, "TERM", "COLUMNS", "TZ")
SBIN = "/usr/sbin:/usr/bin:/sbin:/bin"


def main() -> None:
    """Never returns: becomes sudo, or the demo as process 1 of its namespace. The argument is the module to play."""
    # Read by a pipe, a file or an ASCII terminal: the demo's words are not worth an exception.
    sys.stdout.reconfigure(encoding="utf-8", errors="replace", line_buffering=True)  # type: ignore[union-attr]
    os.chdir(REPOSITORY)
    if os.geteuid() != 0:
        _become_root()
    _demand_tools()
    program = ["/usr/bin/python3", "-B", "-m", "demo.enter", *sys.argv[1:]]
    # kill-child: whatever ends this process ends everything that the demo has started.
    command = ["unshare", "--mount", "--propagation", "private", "--cgroup", "--pid", "--mount-proc"]
    command += ["--fork", "--kill-child", "--"]
    tried = subprocess.run([*command, "true"], capture_output=True, text=True, timeout=10, env=_environment())
    if tried.returncode != 0:
        sys.exit(texts.say("no_mounts", reason=tried.stderr.strip()))
    os.execvpe("unshare", [*command, *program], _environment())


def _become_root() -> None:
    if shutil.which("sudo") is None:
        sys.exit(texts.say("need_root"))
    print(texts.say("becoming_root"), flush=True)
    given = [f"{name}={os.environ[name]}" for name in SHOWN if name in os.environ]
    os.execvp("sudo", ["sudo", "--", "/usr/bin/env", *given, "/usr/bin/python3", "-B", "-m", "demo", *sys.argv[1:]])


def _demand_tools() -> None:
    missing = [name for name in TOOLS if shutil.which(name, path=SBIN) is None]
    missing += [] if JOURNALD.exists() else [str(JOURNALD)]
    if missing:
        sys.exit(texts.say("need_tools", tools=", ".join(missing)))


def _environment() -> dict[str, str]:
    """A clean environment: a TELEGRAM_TOKEN in the caller's shell must not reach the demo."""
    shown = {name: os.environ[name] for name in SHOWN if name in os.environ}
    return {"PATH": SBIN, "HOME": "/root", "PYTHONUTF8": "1", **shown}


if __name__ == "__main__":
    main()
