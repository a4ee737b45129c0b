"""The promises about speed and size, measured: `make bench`.

Prints a table and writes `build/bench.json`. Every figure stands beside something measured in the
same run, on the same machine. As root: it starts a journald of its own. `--write-docs` puts the
table into docs/performance.md.
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
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import catching_up, living, million  # noqa: E402
from benchmarks.rows import Row  # noqa: E402

PAGE = ROOT / "docs/performance.md"
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"


def parts(arguments: argparse.Namespace) -> dict[str, Callable[[], Iterator[Row]]]:
    work = arguments.work
    return {
        "catching-up": lambda: catching_up.rows(work, arguments.entries),
        "living": lambda: living.rows(work, idle=arguments.idle, entries=arguments.entries),
        "million": lambda: million.rows(work, arguments.incidents),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("catching-up", "living", "million"), help="one part of it")
    parser.add_argument("--entries", type=int, default=1_000_000, help="of the backlog (1,000,000)")
    parser.add_argument("--incidents", type=int, default=1_000_000, help="in the store (1,000,000)")
    parser.add_argument("--idle", type=float, default=600.0, help="seconds of silence (600)")
    parser.add_argument("--work", type=Path, default=ROOT / "build/bench", help="where what was made is kept")
    parser.add_argument("--write-docs", action="store_true", help="put the table into docs/performance.md")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    began, load = time.time(), os.getloadavg()[0]
    rows: list[Row] = []
    for name, run in parts(arguments).items():
        if arguments.only in (None, name):
            for row in run():
                rows.append(row)
                print(line_of(row), flush=True)
    result = {
        "at": time.strftime("%Y-%m-%d %H:%M", time.localtime(began)),
        "machine": machine(),
        "load_before": round(load, 2),
        "rows": [asdict(row) for row in rows],
    }
    (ROOT / "build/bench.json").write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n")
    if arguments.write_docs:
        write_docs(result, rows)
    missed = [row.what for row in rows if row.met is False]
    print(f"\n{len(rows)} figures, {len(missed)} short of their bar")
    return 0


def line_of(row: Row) -> str:
    sign = {True: "✓", False: "✗", None: " "}[row.met]
    beside = f"{row.peer}: {row.peer_value:,.4g} ({row.ratio:.2f} ×)" if row.peer else ""
    return f"{sign} {row.what:60} {row.value:>12,.4g} {row.unit:10} {row.bar:18} {beside:48} {row.note}"


def machine() -> str:
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    system = re.search(r'PRETTY_NAME="(.*)"', Path("/etc/os-release").read_text())
    known = [found[1] if found else "?" for found in (model, system)]
    return f"{os.cpu_count()} × {known[0]}, {known[1]}, Python {platform.python_version()}"


def write_docs(result: dict[str, object], rows: list[Row]) -> None:
    table = [
        BEGIN,
        f"{result['at']}, {result['machine']}; load when it began: {result['load_before']}.",
        "",
        "| what | figure | bar | met | beside, in the same run | ratio | |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        met = {True: "yes", False: "**no**", None: ""}[row.met]
        beside = f"{row.peer}: {row.peer_value:,.4g}" if row.peer else ""
        ratio = f"{row.ratio:.2f}" if row.peer else ""
        table.append(
            f"| {row.what} | {row.value:,.4g} {row.unit} | {row.bar} | {met} | {beside} | {ratio} | {row.note} |"
        )
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    PAGE.write_text(before + "\n".join([*table, END]) + rest.partition(END)[2])


if __name__ == "__main__":
    sys.exit(main())
