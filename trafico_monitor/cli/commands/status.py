"""`trafico-monitor status`: the last status snapshot of the service."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ... import __version__
from ...messages import format, text
from ...model.alert import Scope, Silence
from ...model.incident import Incident
from ...model.read_model import silence_row
from ...pipeline.events import task_name
from ..fleet_words import certificate_text, clock_is_wrong, ends_soon, skew_text
from ..output import clock, language, print_json, printable, say
from ..records import open_records, rescued, rescued_text

# The service says how it is at least every 10 s; after this long it has stopped, or hangs.
SILENT_SECONDS = 30.0
MOST_NAMED = 8  # lost videos by their incident; the rest is counted
_BELOW = " " * 15  # where the values stand


def status(config: Path | None, as_json: bool) -> int:
    """Print the status; exit status 3 when the service is not running (as systemctl status does)."""
    spoken = language()
    with open_records(config) as records:
        said = records.status() or {}
        open_now = records.incidents(limit=5, estado=None)
        silences = records.silences(time.time())
    at = _number(said.get("at"))
    running = bool(said) and not said.get("stopped") and time.time() - at < SILENT_SECONDS
    if as_json:
        print_json({**said, "running": running, "silences": [silence_row(one) for one in silences]})
        return 0 if running else 3
    state = text("status.running", spoken, desde=clock(_number(said.get("started_at")), spoken))
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


def print_line(name: str, value: str, spoken: str) -> None:
    """Print one line of a status."""
    say(text("status.line", spoken, nombre=printable(name), valor=printable(value)), _BELOW)


def alert_lines(said: Mapping[str, object], silences: Iterable[Silence], spoken: str) -> Iterator[tuple[str, str]]:
    """Name and value of each channel, active alert and silence."""
    channels, alarms = said.get("channels"), said.get("alarms")
    for channel in channels if isinstance(channels, list) else []:
        yield text("status.channel", spoken, canal=str(channel.get("channel", ""))), _channel(channel, spoken)
    for alarm in alarms if isinstance(alarms, list) else []:
        yield text("status.alarm", spoken, id=str(alarm.get("id", ""))), _alarm(alarm, spoken)
    for silence in silences:
        what = text(f"scope.{silence.scope.value}", spoken, valor=silence.value)
        planned = silence.scope is Scope.MAINTENANCE
        why = text(f"status.maintenance.{silence.reason}", spoken) if planned else silence.reason
        kept = text("status.silenced", spoken, n=silence.silenced) if silence.silenced else ""
        until = clock(silence.until, spoken)
        yield text("status.silences", spoken), f"{until} · {what} · {why} ({silence.by}, {silence.id}){kept}"


def service_lines(said: Mapping[str, object], spoken: str) -> Iterator[tuple[str, str]]:
    """Failing parts of a service, and its messages that wait."""
    tasks, outbox = said.get("tasks"), said.get("outbox")
    for one in tasks if isinstance(tasks, list) else []:
        yield "tasks", _task(one, spoken)
    if isinstance(outbox, dict):
        error = f": {outbox['error']}" if outbox.get("error") else ""
        yield "outbox", text("status.outbox.waiting", spoken, n=outbox.get("waiting", 0), error=error)


def _lines(said: dict[str, object], spoken: str) -> list[tuple[str, object]]:
    lines: list[tuple[str, object]] = [(name, said.get(name) or "-") for name in ("unit", "server", "space")]
    if ago := _ago(said.get("checked_at"), spoken):
        lines.append(("checked", text("status.checked.ago", spoken, segundos=ago)))
    lines += usage_lines(said, spoken)
    lines.append(("open", said.get("open", 0)))
    if isinstance(forecast := said.get("forecast"), dict):
        lines.append(("forecast", forecast.get("text", "-")))
    lines.append(("lag", f"{_number(said.get('lag')):.1f} s"))
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


def usage_lines(said: Mapping[str, object], language: str) -> list[tuple[str, object]]:
    """Resource usage of the service and available resources of the host, as far as known."""
    lines: list[tuple[str, object]] = []
    if isinstance(process := said.get("process"), dict):
        figures = {"memoria": format.size(_number(process.get("rss")), language)}
        figures |= {"cpu": f"{_number(process.get('cpu')):.1%}", "archivos": str(process.get("open_files", "-"))}
        figures["hilos"] = str(process.get("threads", "-"))
        lines.append(("process", text("status.process.figures", language, **figures)))
    if isinstance(host := said.get("host"), dict):
        load = host.get("load")
        figures = {"carga": " ".join(f"{_number(each):.2f}" for each in (load if isinstance(load, list) else []))}
        figures |= {"n": str(host.get("cpus", "-"))}
        figures["libre"] = format.size(_number(host.get("memory_available")), language)
        figures["total"] = format.size(_number(host.get("memory_total")), language)
        lines.append(("host", text("status.host.figures", language, **figures)))
    return lines


def _task(said: dict[str, object], spoken: str) -> str:
    """A part of the service that fails again and again."""
    shown = {"fallos": said.get("failures", 0), "desde": clock(_number(said.get("since")), spoken)}
    shown |= {"tarea": task_name(str(said.get("task", "")), spoken), "error": said.get("error", "")}
    return text("status.task", spoken, **shown)


def _alarm(said: dict[str, object], spoken: str) -> str:
    """An active alert: its start and its acknowledgement."""
    by, at = said.get("acknowledged_by"), _number(said.get("acknowledged_at"))
    known = text("status.acknowledged", spoken, por=f"{by}, {clock(at, spoken)}") if by else ""
    return f"{clock(_number(said.get('since')), spoken)} · {said.get('text', '')}{known}"


def _channel(said: dict[str, object], spoken: str) -> str:
    """State of one channel: pending messages, last delivery, required correction."""
    error = str(said.get("last_error") or said.get("remark") or "")
    fields = {"n": said.get("waiting", 0), "error": error, "canal": said.get("stand_in", "")}
    if said.get("unusable"):
        return text("status.channel.unusable" if said.get("stand_in") else "status.channel.alone", spoken, **fields)
    if error:
        return text("status.channel.trouble", spoken, **fields)
    last = said.get("last_success")
    hour = clock(_number(last), spoken) if last else text("status.channel.never", spoken)
    return text("status.channel.fine", spoken, hora=hour, **fields)


def _fleet(said: dict[str, object], spoken: str) -> str:
    code = said.get("code") if said.get("code") in ("connected", "connecting") else "failing"
    shown = {name: said.get(name) for name in ("address", "pending", "text")}
    refused = text("status.fleet.refused", spoken, n=said["refused"]) if said.get("refused") else ""
    line = text(f"status.fleet.{code}", spoken, since=clock(_number(said.get("since")), spoken), **shown) + refused
    if clock_is_wrong(said.get("skew")):
        line += skew_text("status.fleet.clock", _number(said["skew"]), spoken)
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
        text("status.sight.reason", spoken, texto=one.get("text", ""), desde=clock(_number(one.get("since")), spoken))
        for one in blindness.get("reasons", [])
    ]
    dropped = blindness.get("suppressed")
    lost = [text("status.sight.dropped", spoken, n=dropped)] if dropped else []
    nobodys = [text("status.sight.unattributed", spoken, n=unattributed)] if unattributed else []
    return "; ".join([*(parts or [_heard(said, spoken)]), *lost, *nobodys])


def _heard(said: Mapping[str, object], spoken: str) -> str:
    if (at := _number(said.get("heard_at"))) > 0:
        return text("status.sight.heard", spoken, hora=format.date_time(at))
    return text("status.sight.nothing", spoken, desde=clock(_number(said.get("started_at")), spoken))


def _ago(at: object, spoken: str) -> str:
    """The time since `at`; "" where that is not known."""
    return format.duration(max(0.0, time.time() - _number(at)), spoken) if _number(at) else ""


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


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
