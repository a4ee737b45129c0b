"""`hub machines`: the machines of a fleet as its running hub sees them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from ...messages import format, text
from ..client import ask_hub
from ..output import is_terminal, language, print_json, say, table

USUAL = 50  # machines in the table
_FEW = 10  # of which a terminal shows every problem; of more only the worst of each
_LATE = 15.0  # seconds since the hub's last look at its database, which is due each second
_PAGE = 500  # as many as the API gives at once
_COLUMNS = ("maquina", "situacion", "oida", "abiertos", "libre", "problema")
_STYLES = {"silent": "red", "troubled": "yellow", "ok": "green", "invited": "bright_black", "revoked": "bright_black"}

Json = Mapping[str, Any]


def machines(config: Path | None, as_json: bool, state: str | None, search: str, limit: int | None) -> int:
    """Print the machines, worst first; with `as_json` one object on each line. Raises NotAnswered (69) without a
    running hub, NotPermitted (77)."""
    spoken = language()
    most = limit if limit is not None else sys.maxsize if as_json else USUAL
    answer, rows = _found(config, spoken, most, {"state": state or "", "search": search.lower()})
    if as_json:
        for row in rows:
            print_json(row)
        return 0
    if answer["at"] - answer["read_at"] > _LATE:
        why = ask_hub(config, "/api/v1/status", spoken)["hub"]["database"]
        say(text("hub.machines.away", spoken, motivo=why or "-"), style="bold red")
    say(counted(answer["states"], spoken), style="bold")
    if not rows:
        say(text("hub.machines.none" if any(answer["states"].values()) else "hub.machines.nobody", spoken))
        return 0
    listed = [[text(f"head.{name}", spoken) for name in _COLUMNS]]
    brief = is_terminal() and len(rows) > _FEW
    listed += [_cells(row, answer["at"], spoken, brief=brief) for row in rows]
    styles = {text(f"machine.state.{name}", spoken): style for name, style in _STYLES.items()}
    table(listed, least=(12, 18, 10, 8, 5, 0), right=(3, 4), styles=styles, folded=True)
    if len(rows) < answer["total"]:
        say(text("hub.machines.more", spoken, n=len(rows), total=answer["total"]))
    return 0


def _found(config: Path | None, spoken: str, most: int, wanted: Mapping[str, str]) -> tuple[Any, list[Json]]:
    """The first answer of the API, and at most `most` machines of as many answers as that takes."""
    rows: list[Json] = []
    first: Any = None
    place: int | None = 0
    while place is not None and len(rows) < most:
        asked = {name: value for name, value in wanted.items() if value}
        page = urlencode({**asked, "limit": min(_PAGE, most - len(rows)), "offset": place})
        answer: Any = ask_hub(config, f"/api/v1/machines?{page}", spoken)
        first = first or answer
        rows += answer["machines"]
        place = answer["next"]
    return first, rows


def counted(states: Mapping[str, int], spoken: str) -> str:
    """How many machines are in each state, the worst first."""
    counts = (f"{text(f'machine.state.{name}', spoken)}: {states[name]}" for name in _STYLES if states.get(name))
    return " · ".join(counts)


def _cells(row: Json, now: float, spoken: str, *, brief: bool) -> list[str]:
    heard, disk, problems = row["received_at"], row["disk"], [problem["text"] for problem in row["problems"]]
    more = f" (+{len(problems) - 1})" if brief and len(problems) > 1 else ""
    return [
        row["name"],
        text(f"machine.state.{row['state']}", spoken),
        "-" if heard is None else format.duration(max(0.0, now - heard), spoken),
        str(row["open"]),
        f"{disk['free'] / disk['total']:.0%}" if disk and disk["total"] else "-",
        "; ".join(problems[:1] if brief else problems) + more,
    ]
