"""`retry`, `ack`, `silence`, `assign`, `notify`, `dashboard`: operator requests to the running monitor."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ...errors import MonitorError
from ...messages import text
from ...model.alert import Silence
from ...model.read_model import silence_row
from ..client import NotAnswered, UsageError, call, call_hub, send_command
from ..output import clock, language, print_json, say, table
from ..records import open_records
from ..timespec import span

Ask = Callable[..., tuple[int, dict[str, object]]]  # `call` or `call_hub`
_COLUMNS = ("id", "hasta", "ambito", "por", "motivo")


def retry(config: Path | None, as_json: bool, incident: str) -> int:
    """Repair a failed incident once more."""
    return send_command(config, as_json, "retry", incident=incident)


def acknowledge(config: Path | None, as_json: bool, incident: str) -> int:
    """Acknowledge an incident or an alert: no more reminders."""
    return send_command(config, as_json, "acknowledge", incident=incident)


def assign(config: Path | None, as_json: bool, file: str, modelo: str) -> int:
    """Finish a rescue: move a file of `_rescatados` to the modelo that it belongs to."""
    return send_command(config, as_json, "assign", file=file, modelo=modelo)


def notify(config: Path | None, as_json: bool, words: str) -> int:
    """Send a test message through every channel (`words` is `test`)."""
    return send_command(config, as_json, words)


def silence(
    config: Path | None,
    as_json: bool,
    duration: str | None,
    reason: str | None,
    error_type: str | None,
    modelo: str | None,
    incident: str | None,
    listed: bool,
    end: str | None,
) -> int:
    """Begin, list or end silences. Raises UsageError (64) when the words do not make one of these."""
    spoken = language()
    if listed or end:
        if duration or reason:
            raise UsageError(text("silence.usage", spoken))
        return _list_silences(config, as_json) if listed else send_command(config, as_json, "end_silence", value=end)
    if not duration or not (reason or "").strip():
        raise UsageError(text("silence.usage", spoken))
    scopes = {"type": error_type, "modelo": modelo, "incident": incident}
    scope = next((name for name, value in scopes.items() if value is not None), "all")
    seconds = span(duration, spoken)
    return send_command(
        config, as_json, "silence", scope=scope, value=scopes.get(scope), seconds=seconds, reason=reason
    )


def _list_silences(config: Path | None, as_json: bool) -> int:
    spoken = language()
    with open_records(config) as records:
        found = records.silences(time.time())
    if as_json:
        for one in found:
            print_json(silence_row(one))
    elif not found:
        say(text("silence.none", spoken))
    else:
        head = [text(f"silence.head.{name}", spoken) for name in _COLUMNS]
        table([head, *(_row(one, spoken) for one in found)], least=(8, 19, 28, 16, 0), cuttable=(2, 3))
    return 0


def _row(one: Silence, spoken: str) -> list[str]:
    scope = text(f"scope.{one.scope.value}", spoken, valor=one.value)
    return [one.id, clock(one.until, spoken), scope, one.by, one.reason]


def dashboard(config: Path | None, as_json: bool, url: str | None, sign_out: bool) -> int:
    """Print a link that signs in once, or end all sessions."""
    return _dashboard(call, config, as_json, url, sign_out)


def hub_dashboard(config: Path | None, as_json: bool, url: str | None, sign_out: bool) -> int:
    """The same on a hub."""
    return _dashboard(call_hub, config, as_json, url, sign_out)


def _dashboard(ask: Ask, config: Path | None, as_json: bool, url: str | None, sign_out: bool) -> int:
    spoken = language()
    if sign_out:
        ended = _answer(ask(config, "DELETE", "/api/v1/sessions", spoken=spoken)).get("ended", 0)
        print_json({"ended": ended}) if as_json else print(text("dashboard.ended", spoken, n=ended))
        return 0
    given = _answer(ask(config, "POST", "/api/v1/codes", spoken=spoken))
    base = url.rstrip("/") if url else _address(given, spoken)
    link, until = f"{base}/#code={given.get('code')}", given.get("until")
    if as_json:
        print_json({"url": link, "until": until})
    else:
        at = datetime.fromtimestamp(float(str(until))).astimezone()
        print(text("dashboard.link", spoken, enlace=link, hora=at.strftime("%H:%M")))  # whole, to be copied
    return 0


def _answer(answered: tuple[int, dict[str, object]]) -> dict[str, object]:
    status, answer = answered
    if status >= 300:
        raise NotAnswered(str(answer.get("text", status)))
    return answer


def _address(given: dict[str, object], spoken: str) -> str:
    trouble = given.get("trouble")
    if isinstance(trouble, dict) and trouble:
        place, reason = next(iter(trouble.items()))
        raise MonitorError(text("dashboard.trouble", spoken, donde=place, motivo=reason))
    if not given.get("address"):
        raise MonitorError(text("dashboard.off", spoken))
    return str(given["address"])
