"""`trafico-monitor status`: the last status snapshot of the service."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from ... import __version__
from ...messages import format, text
from ...model.fleet import ends_soon
from ...model.incident import Incident
from ...model.read_model import silence_row
from ..fleet_words import certificate_text, clock_is_wrong, skew_text
from ..output import clock, language, print_json, printable, say
from ..records import open_records, rescued, rescued_text
from ..status_lines import alert_lines, number, print_line, service_lines, usage_lines

# The service says how it is at least every 10 s; after this long it has stopped, or hangs.
SILENT_SECONDS = 30.0
MOST_NAMED = 8  # lost videos by their incident; the rest is counted


def status(config: Path | None, as_json: bool) -> int:
    """Print the status; exit status 3 when the service is not running (as systemctl status does)."""
    spoken = language()
    with open_records(config) as records:
        said = records.status() or {}
        open_now = records.incidents(limit=5, estado=None)
        silences = records.silences(time.time())
    at = number(said.get("at"))
    running = bool(said) and not said.get("stopped") and time.time() - at < SILENT_SECONDS
    if as_json:
        print_json({**said, "running": running, "silences": [silence_row(one) for one in silences]})
        return 0 if running else 3
    state = text("status.running", spoken, desde=clock(number(said.get("started_at")), spoken))
    if not running:
        state = text("status.stopped", spoken, desde=clock(at, spoken))
    else:
        state += text("status.age", spoken, segundos=_ago(at, spoken))
    head = text("status.head", spoken, version=said.get("version", __version__), resumen=state)
    waiting = _waiting_for_operator(said, spoken)
    say(head, style="bold red" if not running else "bold yellow" if waiting else "bold green")
    if waiting:
        print_line(text("status.attention", spoken), waiting, spoken)
    for name, value in _lines(said, spoken):
        print_line(text(f"status.{name}", spoken), str(value), spoken)
    for name, value in alert_lines(said, silences, spoken):
        print_line(name, value, spoken)
    for incident in open_now:
        if incident.open:
            say(
                f"    #{incident.id} {incident.error_type.value} {incident.estado.value}{_people(incident, spoken)}",
                " " * 6,
            )
    return 0 if running else 3


def _lines(said: dict[str, object], spoken: str) -> list[tuple[str, object]]:
    lines: list[tuple[str, object]] = [(name, said.get(name) or "-") for name in ("unit", "server", "space")]
    if ago := _ago(said.get("checked_at"), spoken):
        lines.append(("checked", text("status.checked.ago", spoken, segundos=ago)))
    lines += usage_lines(said, spoken)
    lines.append(("open", said.get("open", 0)))
    if isinstance(forecast := said.get("forecast"), dict):
        lines.append(("forecast", forecast.get("text", "-")))
    lines.append(("lag", f"{number(said.get('lag')):.1f} s"))
    lines.append(("sight", _sight(said, spoken)))
    lines.append(("reporting", _reporting(said.get("reporting"), spoken)))
    if isinstance(fleet := said.get("fleet"), dict):
        lines.append(("fleet", _fleet(fleet, spoken)))
    lines += service_lines(said, spoken)
    waits = rescued(said)
    if waits is not None:
        lines.append(("rescued", rescued_text(waits, spoken)))
    missing = said.get("missing")
    if isinstance(missing, list) and missing:
        lines.append(("missing", ", ".join(text(f"short.{code}", spoken) for code in missing)))
    return lines


def _waiting_for_operator(said: dict[str, object], spoken: str) -> str:
    """Everything that goes on only when a person acts: lost videos, rescued ones, alarms; "" for nothing."""
    lost, alarms = said.get("lost"), said.get("alarms")
    names = [f"#{name}" for name in lost] if isinstance(lost, list) else []
    unknown = [one for one in alarms if not one.get("acknowledged_by")] if isinstance(alarms, list) else []
    counts = {"lost": len(names), "rescued": (rescued(said) or {}).get("files", 0), "alarms": len(unknown)}
    parts = [text(f"status.attention.{name}", spoken, n=number) for name, number in counts.items() if number]
    shown = ", ".join(names[:MOST_NAMED]) + (", …" if len(names) > MOST_NAMED else "")
    return "; ".join(parts) + (f" ({shown})" if names else "")


def _fleet(said: dict[str, object], spoken: str) -> str:
    code = said.get("code") if said.get("code") in ("connected", "connecting") else "failing"
    shown = {name: said.get(name) for name in ("address", "pending", "text")}
    refused = text("status.fleet.refused", spoken, n=said["refused"]) if said.get("refused") else ""
    line = text(f"status.fleet.{code}", spoken, since=clock(number(said.get("since")), spoken), **shown) + refused
    if clock_is_wrong(said.get("skew")):
        line += skew_text("status.fleet.clock", number(said["skew"]), spoken)
    until, now = said.get("certificate_until"), time.time()
    if not isinstance(until, int | float) or not ends_soon(until, now):
        return line
    ends = certificate_text(until, now, str(said.get("name")), spoken)
    return f"{line} · {text('fleet.status.certificate', spoken)}: {ends}"


def _sight(said: Mapping[str, object], spoken: str) -> str:
    """Visibility gaps with their start, and the numbers of lost lines and of those without a process. Complete only
    where something of the bot has been heard."""
    blindness, unattributed = said.get("blindness"), said.get("unattributed")
    if not isinstance(blindness, dict):
        return "-"
    parts = [
        text("status.sight.reason", spoken, texto=one.get("text", ""), desde=clock(number(one.get("since")), spoken))
        for one in blindness.get("reasons", [])
    ]
    dropped = blindness.get("suppressed")
    lost = [text("status.sight.dropped", spoken, n=dropped)] if dropped else []
    nobodys = [text("status.sight.unattributed", spoken, n=unattributed)] if unattributed else []
    return "; ".join([*(parts or [_heard(said, spoken)]), *lost, *nobodys])


def _heard(said: Mapping[str, object], spoken: str) -> str:
    if (at := number(said.get("heard_at"))) > 0:
        return text("status.sight.heard", spoken, hora=format.date_time(at))
    return text("status.sight.nothing", spoken, desde=clock(number(said.get("started_at")), spoken))


def _ago(at: object, spoken: str) -> str:
    """The time since `at`; "" where that is not known."""
    return format.duration(max(0.0, time.time() - number(at)), spoken) if number(at) else ""


def _reporting(said: object, spoken: str) -> str:
    """Exact reports by the bot, or log text only."""
    if not isinstance(said, dict):
        return "-"
    code = "exact" if said.get("exact") else "foreign" if said.get("foreign") else "text"
    library = said.get("library") if said.get("exact") else said.get("foreign")
    return text(f"status.reporting.{code}", spoken, biblioteca=library or "-")


def _people(incident: Incident, spoken: str) -> str:
    """Acknowledgement, and retries by operators."""
    known = text("status.acknowledged", spoken, por=incident.acknowledged_by) if incident.acknowledged_by else ""
    asked = text("status.asked", spoken, por=incident.asked_by) if incident.asked else ""
    return printable(f"{asked}{known}")
