"""Texts of the alert bot: status, open incidents, and the outcome of a request. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo

from ...messages import catalogue, format, text
from ...model.control import ControlResponse
from ...model.incident import Incident
from ..messages.markup import Line, Message, assemble, bold, line, name, verbatim, words
from ..messages.render import who

MOST_INCIDENTS = 10
_MOST_CHANNELS = 10
_MOST_ALARMS = 10
_STANDING = ("unit", "server", "space")


def status_message(status: Mapping[str, object], language: str) -> Message:
    """`/estado`, from what the service says of itself (`trafico-monitor status --json`): bot,
    server, disk, open incidents, channels, and what is missing. Never raises."""
    lines = [bold(line("answers.status", language)), Line()]
    for what in _STANDING:
        value = str(status.get(what) or "") or "-"
        lines.append(line(f"answers.status.{what}", language, valor=words(value)))
    lines += _alarms(status, language)
    lines.append(line("answers.status.open", language, n=words(status.get("open", 0))))
    forecast = status.get("forecast")
    if isinstance(forecast, Mapping) and forecast.get("text"):
        lines.append(line("answers.status.forecast", language, valor=words(forecast["text"], 300)))
    lines += _rescued(status, language)
    lines += _channels(status, language)
    missing = status.get("missing")
    if isinstance(missing, Sequence) and not isinstance(missing, str) and missing:
        lacking = ", ".join(text(f"short.{code}", language) for code in missing)
        lines.append(line("answers.status.missing", language, falta=words(lacking)))
    return assemble(lines)


def incidents_message(incidents: Sequence[Incident], language: str, zone: tzinfo | None = None) -> Message:
    """`/incidentes`: the newest open ones, at most MOST_INCIDENTS, each with its id."""
    if not incidents:
        return assemble([line("answers.incidents.none", language)])
    newest = sorted(incidents, key=lambda one: one.opened_at, reverse=True)
    lines = [bold(line("answers.incidents", language, n=words(len(newest)))), Line()]
    for incident in newest[:MOST_INCIDENTS]:
        lines += _incident(incident, language, zone)
    if left := len(newest) - MOST_INCIDENTS:
        lines += [line("answers.incidents.more", language, n=words(left))] if left > 0 else []
    return assemble(lines, line("answers.incidents.how", language))


def help_message(language: str) -> Message:
    """`/ayuda`: the commands."""
    lines = text("answers.help", language).split("\n")
    return assemble([words(one) for one in lines])


def notice_message(code: str, language: str, **fields: object) -> Message:
    """The text `answers.<code>` on its own."""
    return assemble([line(f"answers.{code}", language, **{key: words(value) for key, value in fields.items()})])


def reply_line(reply: ControlResponse, language: str) -> Line:
    """The outcome of a request, escaped and redacted."""
    code = reply.code if reply.code.startswith("request.") else f"request.{reply.code}"
    if code not in catalogue(language):
        return line("answers.done" if reply.ok else "answers.refused", language, codigo=verbatim(reply.code, 80))
    said = line(code, language, **{key: name(value, 300) for key, value in reply.fields.items()})
    return said if reply.ok else Line(f"⚠️ {said.html}", f"⚠️ {said.plain}")


def _incident(incident: Incident, language: str, zone: tzinfo | None) -> Iterator[Line]:
    modelo, video = who(incident, language)
    yield line(
        "answers.incident",
        language,
        id=words(incident.id, 40),
        icono=words(text(f"notice.icon.{incident.estado.value}", language)),
        que=words(text(f"notice.kind.{incident.error_type.value}", language)),
        estado=words(incident.estado.value),
    )
    when = words(format.moment(incident.opened_at, zone, day=True))
    yield line("answers.incident.whom", language, modelo=modelo, video=video, hora=when)


def _alarms(status: Mapping[str, object], language: str) -> Iterator[Line]:
    """`alarms`: one mapping each with `id`, `text` and `acknowledged_by`."""
    known = status.get("alarms")
    for one in known[:_MOST_ALARMS] if isinstance(known, list) else []:
        if isinstance(one, Mapping):
            by = str(one.get("acknowledged_by") or "")
            code = "answers.status.alarm.known" if by else "answers.status.alarm"
            fields = {"que": words(one.get("text", "-"), 200), "id": words(one.get("id", "-"), 40)}
            yield line(code, language, **fields, por=verbatim(by, 80))


def _rescued(status: Mapping[str, object], language: str) -> Iterator[Line]:
    """`rescued`: a mapping with `files`, `bytes` and `fix`."""
    known = status.get("rescued")
    if not isinstance(known, Mapping) or not known.get("files"):
        return
    size = known.get("bytes")
    yield line(
        "answers.status.rescued",
        language,
        n=words(known["files"]),
        size=words(format.size(size if isinstance(size, int) else 0, language)),
        orden=verbatim(known.get("fix") or "trafico-monitor assign", 1200),
    )


def _channels(status: Mapping[str, object], language: str) -> Iterator[Line]:
    """`channels`: one mapping each with `name`, `waiting`, and `error` or `remark`."""
    known = status.get("channels")
    if not isinstance(known, Sequence) or isinstance(known, str):
        known = [{"name": "admin", **outbox}] if isinstance(outbox := status.get("outbox"), Mapping) else []
    for one in known[:_MOST_CHANNELS]:
        if not isinstance(one, Mapping):
            continue
        trouble = str(one.get("error") or one.get("remark") or "")
        waiting = one.get("waiting", 0)
        yield line(
            f"answers.status.channel.{'bad' if trouble else 'ok'}",
            language,
            nombre=words(one.get("name", "-"), 60),
            n=words(waiting if isinstance(waiting, int) else 0),
            detalle=words(trouble, 200),
        )
