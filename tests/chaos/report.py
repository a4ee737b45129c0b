"""Makes docs/reliability.md of what the chaos runs have seen (build/chaos.json)."""

from __future__ import annotations

import json
import platform
import sys
import time
from pathlib import Path
from typing import Any

from .conftest import RESULTS, SCALE

PAGE = RESULTS.parents[1] / "docs" / "reliability.md"
HEAD = """# Reliability

Written by `make chaos`, not by hand. Each line is an experiment on a booted Debian with the installed
package, the real service and a bot that goes on failing; `tests/chaos/` holds them. All counts of what
must not happen (`lost`, `doubled`, `not_repaired`, `solved_without_the_file`, `told_twice`, `json_torn`,
`downloads_repaired_twice`) are judged from outside: by the files' checksums, by the kernel's own report
of every file that arrives in `modelos/`, by `PRAGMA integrity_check` and by a JSON parser.

- **lost**: failures without an incident. **doubled**: failures with two.
- **not_repaired**: videos that are not at their place, byte for byte.
- **solved_without_the_file**: `solucionado` without the video on disk.
- **told_twice**: the same end, or the same beginning, recorded twice.

"""


def page(results: dict[str, Any]) -> str:
    """The whole page."""
    lines = [HEAD, f"Last run: {time.strftime('%Y-%m-%d')}, {platform.machine()}, Linux {platform.release()}.\n\n"]
    lines.append("| experiment | Debian | scale | seen |\n|---|---|---|---|\n")
    for one in results.values():
        seen = ", ".join(f"{name} {value}" for name, value in one["seen"].items())
        lines.append(f"| {one['what']} | {one['release']} | {one['scale']:g} | {seen} |\n")
    return "".join(lines)


def main() -> None:
    text = page(json.loads(RESULTS.read_text(encoding="utf-8")))
    sys.stdout.write(text)
    if SCALE >= 1:  # a short run proves less, and must not replace what a full one has shown
        Path(PAGE).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
