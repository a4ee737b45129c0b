"""`hub status`: the hub, and all machines in figures."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from ...messages import format, text
from ...model.alert import Silence
from ...model.serialization import readable
from ..client import NotAnswered, ask_hub
from ..output import clock, language, print_json, say
from ..status_lines import alert_lines, print_line, service_lines, usage_lines
from .hub_machines import Json, counted

_NOT_RUNNING = 3  # as of `systemctl status`


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


def _fleet_lines(fleet: Json, spoken: str) -> Iterator[tuple[str, str]]:
    states = fleet["states"]
    yield "fleet", counted(states, spoken) or text("hub.machines.nobody", spoken)
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
