"""Makes docs/reliability.md of what the chaos runs have seen (build/chaos.json)."""

from __future__ import annotations

import json
import os
import platform
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .conftest import RESULTS, SCALE

PAGE = RESULTS.parents[1] / "docs" / "reliability.md"
HEAD = """# Reliability

Written by `make chaos` (as root, about an hour; `CHAOS_RELEASE=bookworm` for the other release,
`CHAOS_SCALE=0.1` for a short run, which leaves this page alone), not by hand.

## Method

Each line is an experiment on a booted Debian (systemd-nspawn: a real systemd, journald, watchdog, sudo, Docker)
with the installed package, the service as it ships and a bot unit that goes on failing; `tests/chaos/` holds
them. Telegram and the Bot API server are stand-ins on the loopback; everything else is the real thing.
What must not happen is judged from outside: by the files' checksums, by the kernel's report (inotify) of every file
that arrives in `modelos/`, by `PRAGMA integrity_check`, by a JSON parser, by the messages that the stand-in received.

- **lost**: failures without an incident. **doubled**: failures with two.
- **not_repaired**: videos that are not at their place, byte for byte. **downloads_repaired_twice**,
  **repaired_twice**: that arrived there twice.
- **solved_without_the_file**: `solucionado` without the video on disk.
- **told_twice**: the same end, or the same beginning, recorded twice. **json_torn**: looks at
  `descarga_errors.json` that found no valid array.
- **alerts_missing**, **alerts_doubled**: failures that rang not at all, or twice, on the administrator's phone.

An alert that was under way when its server hung, or answered too late or nonsense, may be told again: better
twice than never. So `told 2` is allowed there and nowhere else. ENOSPC is an ext4 that is full to the last block;
EDQUOT is the kernel's own, from a btrfs qgroup; the read-only disk is an ext4 that its kernel has given up
(`errors=remount-ro`), after a flush, because what was not flushed is lost as in a power cut. Over quota on
btrfs the kernel may end the monitor with SIGBUS (the database's index is mapped into memory): seen in two runs of
five; systemd started it anew, and every incident was there, once. The soak is written as fast as
journald takes it: what a bot says in weeks, within minutes. Memory grows by some MiB over the first ten million lines,
while bounded caches and what is kept of the last hour fill up, and is judged after that.

"""
_GROUPS = {
    "test_kills": "Kills",
    "test_journal": "Journal and clock",
    "test_own_directories": "Its own directories",
    "test_servers": "Servers, and a monitor that stands still",
    "test_docker": "Docker",
    "test_soak": "Soak",
}


def page(results: Mapping[str, Any]) -> str:
    """The whole page."""
    lines = [HEAD, f"## Results\n\nMachine: {machine()}.\n"]
    for module, title in _GROUPS.items():
        found = [one for name, one in sorted(results.items()) if f" {module}.py " in name]
        if found:
            lines.append(f"\n### {title}\n\n| experiment | Debian | when | took | load | seen | 0 of these |\n")
            lines.append("|---|---|---|---|---|---|---|\n")
            lines += [_row(one) for one in found]
    return "".join(lines)


def _row(one: Mapping[str, Any]) -> str:
    seen = {name: value for name, value in one["seen"].items() if value != 0 or isinstance(value, bool)}
    none = [name for name, value in one["seen"].items() if name not in seen]
    shown = ", ".join(f"{name} {_text(value)}" for name, value in seen.items())
    cells = (one["what"], one["release"], one["at"], f"{one['took']} s", one["load"], shown, ", ".join(none))
    return f"| {' | '.join(map(str, cells))} |\n"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return "ok" if value == "('ok',)" else str(value)


def machine() -> str:
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    size = f"{int(memory[1]) / 1024**2:.0f} GiB" if memory else "?"
    return f"{os.cpu_count()} × {model[1] if model else platform.machine()}, {size}, Linux {platform.release()}"


def main() -> None:
    text = page(json.loads(RESULTS.read_text(encoding="utf-8")))
    sys.stdout.write(text)
    if SCALE >= 1:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
