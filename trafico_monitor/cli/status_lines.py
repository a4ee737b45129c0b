"""Lines that the status of a monitor and that of a hub share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..messages import format, text
from ..model.alert import Scope, Silence
from ..pipeline.events import task_name
from .output import clock, printable, say

_BELOW = " " * 15  # where the values stand


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


def usage_lines(said: Mapping[str, object], language: str) -> list[tuple[str, object]]:
    """Resource usage of the service and available resources of the host, as far as known."""
    lines: list[tuple[str, object]] = []
    if isinstance(process := said.get("process"), dict):
        figures = {"memoria": format.size(number(process.get("rss")), language)}
        figures |= {"cpu": f"{number(process.get('cpu')):.1%}", "archivos": str(process.get("open_files", "-"))}
        figures["hilos"] = str(process.get("threads", "-"))
        lines.append(("process", text("status.process.figures", language, **figures)))
    if isinstance(host := said.get("host"), dict):
        load = host.get("load")
        figures = {"carga": " ".join(f"{number(each):.2f}" for each in (load if isinstance(load, list) else []))}
        figures |= {"n": str(host.get("cpus", "-"))}
        figures["libre"] = format.size(number(host.get("memory_available")), language)
        figures["total"] = format.size(number(host.get("memory_total")), language)
        lines.append(("host", text("status.host.figures", language, **figures)))
    return lines


def _task(said: dict[str, object], spoken: str) -> str:
    """A part of the service that fails again and again."""
    shown = {"fallos": said.get("failures", 0), "desde": clock(number(said.get("since")), spoken)}
    shown |= {"tarea": task_name(str(said.get("task", "")), spoken), "error": said.get("error", "")}
    return text("status.task", spoken, **shown)


def _alarm(said: dict[str, object], spoken: str) -> str:
    """An active alert: its start and its acknowledgement."""
    by, at = said.get("acknowledged_by"), number(said.get("acknowledged_at"))
    known = text("status.acknowledged", spoken, por=f"{by}, {clock(at, spoken)}") if by else ""
    return f"{clock(number(said.get('since')), spoken)} · {said.get('text', '')}{known}"


def _channel(said: dict[str, object], spoken: str) -> str:
    """State of one channel: pending messages, last delivery, required correction."""
    error = str(said.get("last_error") or said.get("remark") or "")
    fields = {"n": said.get("waiting", 0), "error": error, "canal": said.get("stand_in", "")}
    if said.get("unusable"):
        return text("status.channel.unusable" if said.get("stand_in") else "status.channel.alone", spoken, **fields)
    if error:
        return text("status.channel.trouble", spoken, **fields)
    last = said.get("last_success")
    hour = clock(number(last), spoken) if last else text("status.channel.never", spoken)
    return text("status.channel.fine", spoken, hora=hour, **fields)


def number(value: object) -> float:
    """A number of a status, 0 where there is none."""
    return float(value) if isinstance(value, int | float) else 0.0
