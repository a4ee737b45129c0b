"""`hub status`, `hub machines`: a fleet as its running hub sees it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from ...messages import format, text
from ...model.alert import Silence
from ...model.serialization import readable
from ..client import NotAnswered, ask_hub
from ..output import clock, is_terminal, language, print_json, say, table
from .status import alert_lines, print_line, service_lines, usage_lines

USUAL = 50  # machines in the table
_FEW = 10  # of which a terminal shows every problem; of more only the worst of each
_PAGE = 500  # as many as the API gives at once
_NOT_RUNNING = 3  # as of `systemctl status`
_COLUMNS = ("maquina", "situacion", "oida", "abiertos", "libre", "problema")
_STYLES = {"silent": "red", "troubled": "yellow", "ok": "green", "invited": "bright_black", "revoked": "bright_black"}

Json = Mapping[str, Any]


def status(config: Path | None, as_json: bool) -> int:
    """Print how the hub is, and its machines in figures; exit status 3 when it is not running. Raises NotPermitted."""
    spoken = language()
    try:
        said: Json = ask_hub(config, "/api/v1/status", spoken)
    except NotAnswered as error:
        if as_json:
            print_json({"running": False})
        say(str(error), stream=sys.stderr)
        return _NOT_RUNNING
    if as_json:
        print_json(said)
        return 0
    fleet: Json = said["hub"]
    waiting = [text(f"hub.waiting.{name}", spoken, n=fleet[name]) for name in ("unanswered", "waiting") if fleet[name]]
    bad = fleet["states"]["silent"] or fleet["states"]["troubled"] or waiting
    running = text("status.running", spoken, desde=clock(said["started_at"], spoken))
    head = text("hub.head", spoken, version=said["version"], resumen=running)
    say(head, style=f"bold {'red' if fleet['database'] else 'yellow' if bad else 'green'}")
    if waiting:
        print_line(text("status.attention", spoken), "; ".join(waiting), spoken)
    for name, value in _fleet_lines(fleet, spoken):
        print_line(text(f"hub.line.{name}", spoken), value, spoken)
    for name, shown in (*usage_lines(said, spoken), *service_lines(said, spoken)):
        print_line(text(f"status.{name}", spoken), str(shown), spoken)
    silences = readable(Silence, ([json.dumps(one)] for one in said["silences"]))
    for name, value in alert_lines(said, silences, spoken):
        print_line(name, value, spoken)
    return 0


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
    if why := ask_hub(config, "/api/v1/status", spoken)["hub"]["database"]:
        say(text("hub.machines.away", spoken, motivo=why), style="bold red")
    say(_counted(answer["states"], spoken), style="bold")
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


def _counted(states: Mapping[str, int], spoken: str) -> str:
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


def _fleet_lines(fleet: Json, spoken: str) -> Iterator[tuple[str, str]]:
    states = fleet["states"]
    yield "fleet", _counted(states, spoken) or text("hub.machines.nobody", spoken)
    yield "database", fleet["database"] or text("hub.database.read", spoken)
    for state in ("silent", "troubled"):
        if fleet[state]:
            yield state, _names(fleet[state], states[state])
    for part in ("bots", "servers"):
        said = fleet[part]
        counts = text("hub.part", spoken, **{name: said[name] for name in ("up", "down", "unknown")})
        yield part, counts + (f" ({_names(said['worst'], said['down'])})" if said["worst"] else "")
    if fleet["disks"]:
        yield "disks", "; ".join(_disk(one, spoken) for one in fleet["disks"][:2])
    rate = "-" if fleet["success_rate"] is None else f"{fleet['success_rate']:.0%}"
    yield "open", text("hub.incidents", spoken, open=fleet["open"], failed=fleet["failed"], rate=rate)
    if fleet["missing"]:
        yield "missing", text("hub.missing", spoken, n=fleet["missing"])


def _names(shown: Iterable[str], number: int) -> str:
    """Some of `number` machines by name."""
    listed = list(shown)
    return ", ".join(listed) + (", …" if number > len(listed) else "")


def _disk(one: Json, spoken: str) -> str:
    sizes = {"libre": format.size(one["free"], spoken), "total": format.size(one["total"], spoken)}
    return text("hub.disk", spoken, maquina=one["machine"], ruta=one["path"], **sizes)
