"""Benchmarks of speed and size: `make bench`.

Prints a table and writes `build/bench.json`. Every figure is compared with another measured in the same run, on the
same machine. Needs root: it starts a private journald. `--write-docs` writes the table to docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import catching_up, fleet_sink, foresight, hub, living, million  # noqa: E402
from benchmarks.rows import Row  # noqa: E402

PAGE, RESULT = ROOT / "docs/performance.md", ROOT / "build/bench.json"
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"


@dataclass(frozen=True)
class Part:
    """`at` and `load` (over one minute) are the values at its start."""

    at: str
    load: float
    rows: list[Row]


def parts(arguments: argparse.Namespace) -> dict[str, Callable[[], Iterator[Row]]]:
    work = arguments.work
    return {
        "catching-up": lambda: catching_up.rows(work, arguments.entries),
        "living": lambda: living.rows(work, idle=arguments.idle, entries=arguments.entries),
        "million": lambda: million.rows(work, arguments.incidents),
        "foresight": lambda: foresight.rows(),
        "fleet": lambda: fleet_sink.rows(),
        "hub": lambda: hub.rows(arguments.machines, arguments.records, arguments.seconds),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    only = ("catching-up", "living", "million", "foresight", "fleet", "hub")
    parser.add_argument("--only", choices=only, help="measure one part anew")
    parser.add_argument("--entries", type=int, default=1_000_000, help="of the backlog (1,000,000)")
    parser.add_argument("--incidents", type=int, default=1_000_000, help="in the store (1,000,000)")
    parser.add_argument("--idle", type=float, default=600.0, help="seconds of silence (600)")
    parser.add_argument("--machines", type=int, default=5000, help="of the large fleet (5,000)")
    parser.add_argument("--records", type=int, default=300_000, help="of the large fleet (300,000)")
    parser.add_argument("--seconds", type=float, default=180.0, help="that the fleet of 50 machines lives (180)")
    parser.add_argument("--work", type=Path, default=ROOT / "build/bench", help="where what was made is kept")
    parser.add_argument("--write-docs", action="store_true", help="put the table into docs/performance.md")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    measured: dict[str, Part] = {} if arguments.only is None else before()
    for name, run in parts(arguments).items():
        if arguments.only in (None, name):
            at, load, rows = time.strftime("%Y-%m-%d %H:%M"), os.getloadavg()[0], []
            for row in run():
                rows.append(row)
                print(line_of(row), flush=True)
            measured[name] = Part(at, round(load, 2), rows)
    result = {"machine": machine(), "parts": {name: asdict(part) for name, part in measured.items()}}
    RESULT.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n")
    if arguments.write_docs:
        write_docs(measured)
    figures = [row for part in measured.values() for row in part.rows]
    print(f"\n{len(figures)} figures, {sum(row.met is False for row in figures)} short of their bar")
    return 0


def before() -> dict[str, Part]:
    """Returns the results of an earlier run: one part is measured again, the others are kept."""
    if not RESULT.exists():
        return {}
    told = json.loads(RESULT.read_text())["parts"]
    return {name: Part(one["at"], one["load"], [Row(**row) for row in one["rows"]]) for name, one in told.items()}


def line_of(row: Row) -> str:
    sign = {True: "✓", False: "✗", None: " "}[row.met]
    beside = f"{row.peer}: {shown(row.peer_value)} ({row.ratio:.2f} ×)" if row.peer else ""
    return f"{sign} {row.what:60} {shown(row.value):>12} {row.unit:10} {row.bar:18} {beside:48} {row.note}"


def machine() -> str:
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    system = re.search(r'PRETTY_NAME="(.*)"', Path("/etc/os-release").read_text())
    known = [found[1] if found else "?" for found in (model, system)]
    return f"{os.cpu_count()} × {known[0]}, {known[1]}, Python {platform.python_version()}"


def write_docs(measured: dict[str, Part]) -> None:
    """Writes the table between the marks of the page."""
    when = "; ".join(f"{name} {part.at} (load {part.load})" for name, part in measured.items())
    table = [
        BEGIN,
        f"{machine()}. Begun: {when}.",
        "",
        "| what | figure | bar | met | beside, in the same run | ratio | |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in (row for part in measured.values() for row in part.rows):
        met = {True: "yes", False: "**no**", None: ""}[row.met]
        beside = f"{row.peer}: {shown(row.peer_value)}" if row.peer else ""
        ratio = f"{row.ratio:.2f}" if row.peer else ""
        cells = (row.what, f"{shown(row.value)} {row.unit}", row.bar, met, beside, ratio, row.note)
        table.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    text = PAGE.read_text()
    head, _, rest = text.partition(BEGIN)
    PAGE.write_text(head + "\n".join([*table, END]) + rest.partition(END)[2])


def shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


if __name__ == "__main__":
    sys.exit(main())
