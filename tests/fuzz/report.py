"""The figures of docs/fuzzing.md, from what `make fuzz` has left in .cache/fuzz/done.jsonl."""

from __future__ import annotations

import json

from .places import CACHE, REPOSITORY

DONE = CACHE / "done.jsonl"
PAGE = REPOSITORY / "docs" / "fuzzing.md"
BEGIN, END = "<!-- figures: make fuzz -->\n", "<!-- end of figures -->\n"


def table(lines: list[str]) -> str:
    """The last complete run of each door."""
    runs = {run["target"]: run for run in map(json.loads, lines)}
    rows = ["| target | executions | seconds | cases with new coverage | date |", "|---|---|---|---|---|"]
    for name, run in sorted(runs.items()):
        executions = f"{run['executions']:,}"
        rows.append(f"| `{name}` | {executions} | {run['seconds']} | {run['corpus']} | {run['day']} |")
    return "\n".join(rows) + "\n"


def main() -> None:
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    figures = table(DONE.read_text(encoding="utf-8").splitlines())
    PAGE.write_text(before + BEGIN + figures + END + after, encoding="utf-8")
    print(figures)


if __name__ == "__main__":
    main()
