"""`fleet join`, `fleet status`, `fleet leave`: this machine's part in a fleet."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ...config.loader import load
from ...config.schema import Fleet
from ...errors import FleetError, MonitorError, StoreError
from ...fleet.admission import ask, certificate_end
from ...fleet.database import Endpoint
from ...fleet.invitation import Invitation, check, parse, read
from ...host import systemd
from ...messages import text
from ...messages.fleet import reason
from ...setup import apply, fleet_plan
from ...setup.model import Change, Command, Kind
from ...setup.state_file import opened
from ...setup.unit_files import SERVICE
from .. import changes
from ..changes import NotRoot
from ..fleet_words import certificate_text, clock_is_wrong, skew_text
from ..output import clock, language, print_json, printable, say
from ..records import configured, open_records

_BELOW = " " * 15
_SILENT_SECONDS = 30.0  # as in `status`


def join(file: str) -> int:
    """Join the fleet of a join file (`-`: standard input), once its database has admitted this machine. Exit status 0
    when all is written. Raises FleetError (69), NotRoot (77); then nothing is changed."""
    _require_root()
    return asyncio.run(_join(file, language()))


def leave() -> int:
    """Take back what `fleet join` has written; exit status 0 when all of it is. Raises NotRoot (77)."""
    _require_root()
    return asyncio.run(_leave(language()))


def status(config: Path | None, as_json: bool) -> int:
    """Print this machine's part in a fleet; exit status 0 when it sends, or has no fleet, 1 otherwise."""
    return asyncio.run(_status(config, as_json, language()))


def _require_root() -> None:
    if os.geteuid() != 0:
        raise NotRoot(text("fleet.not_root", language()))
    if not systemd.systemd_runs():
        raise MonitorError(text("setup.no_systemd", language()))


async def _join(file: str, spoken: str) -> int:
    made, now = parse(read(file)), time.time()
    await check(made, now)
    present = load().fleet
    if present.name not in ("", made.name):
        raise FleetError("joined_already", fields={"user": present.name, "wanted": made.name})
    await _try(made)
    wanted = fleet_plan.joining(
        made.url, made.name, ca=made.ca, certificate=made.certificate, key=made.key, password=made.password
    )
    todo = [change for change in wanted if not _there(change)]
    todo.append(Change(Kind.RESTART_UNIT, SERVICE, "restart_monitor", command=Command.FLEET))
    with opened(spoken) as ledger:
        done, failed = await changes.make(todo, ledger, spoken, agree=lambda _: True, files=None)
    code = "fleet.join.failed" if failed else "fleet.join.done" if done else "fleet.join.nothing"
    say("\n" + text(code, spoken, name=made.name, address=Endpoint(made.url).shown))
    return 1 if failed else 0


def _there(change: Change) -> bool:
    try:
        return Path(change.target).read_bytes() == change.content.encode()
    except OSError:
        return False


async def _try(made: Invitation) -> None:
    """Sign in as the machine. Raises FleetError with the reason why that is not possible."""
    with TemporaryDirectory(prefix="trafico-join-") as folder:
        paths = {name: Path(folder) / name for name in ("ca", "certificate", "key") if getattr(made, name)}
        for name, path in paths.items():
            path.touch(0o600)
            path.write_text(getattr(made, name))
        files = {name: str(path) for name, path in paths.items()}
        fleet = Fleet(made.url, made.name, files.get("certificate", ""), files.get("ca", ""))
        await ask(Endpoint.of_machine(fleet, key=files.get("key", ""), password=made.password))


async def _leave(spoken: str) -> int:
    name = configured(None).fleet.name
    with opened(spoken) as ledger:
        ended = await changes.take_back(ledger, spoken, (Command.FLEET,), agree=lambda _: True)
        if ended is None:
            say(text("fleet.leave.none", spoken))
            return 0
        await apply.settle()
    say("\n" + text("fleet.leave.part" if ended.status else "fleet.leave.done", spoken, name=name or "…"))
    return ended.status


async def _status(config: Path | None, as_json: bool, spoken: str) -> int:
    fleet, now = configured(config).fleet, time.time()
    said: dict[str, object] = {}
    try:
        with open_records(config) as records:
            said = records.status() or {}
    except StoreError:
        if not fleet.url:  # an ordinary user's, who can read neither
            raise
    at = said.get("at")
    runs = isinstance(at, int | float) and now - at < _SILENT_SECONDS and not said.get("stopped")
    part = said.get("fleet") if runs else None
    found: dict[str, Any] = dict(part) if isinstance(part, dict) else {}
    if not (fleet.url or found):
        _show_none(as_json, spoken)
        return 0
    if not found:
        found = await _looked_up(fleet, spoken)
    found.setdefault("certificate_until", None)
    if found["certificate_until"] is None:
        found["certificate_until"] = await certificate_end(fleet)
    found |= {"joined": True, "running": runs}
    if as_json:
        print_json(found)
    else:
        _show(found, now, spoken)
    return 0 if runs and found.get("code") in ("connected", "connecting") else 1


def _show_none(as_json: bool, spoken: str) -> None:
    if as_json:
        print_json({"joined": False})
    else:
        say(text("fleet.status.none", spoken))


async def _looked_up(fleet: Fleet, spoken: str) -> dict[str, Any]:
    """What the database says to this machine, where the service does not. Only root can read the key."""
    folder = Path(fleet_plan.CREDENTIALS)
    endpoint = Endpoint.of_machine(fleet)
    found: dict[str, Any] = {"address": endpoint.shown, "name": fleet.name, "code": "unknown", "text": ""}
    try:
        password = (folder / "fleet-password").read_text().strip() if (folder / "fleet-password").exists() else ""
        key = str(folder / "fleet-key") if fleet.certificate else ""
        if key and not os.access(key, os.R_OK):
            return found
        found["heard_at"] = await ask(Endpoint.of_machine(fleet, key=key, password=password))
        found["code"] = "connected"
    except PermissionError:
        pass
    except FleetError as error:
        found |= {"code": error.code, "text": reason(error, spoken)}
    return found


def _show(found: dict[str, Any], now: float, spoken: str) -> None:
    state = found["text"] or text(f"fleet.status.{found['code']}", spoken)
    _line("address", f"{found['address']} · {found['name']}", spoken)
    _line("state", state if found["running"] else f"{text('fleet.status.stopped', spoken)} {state}", spoken)
    if clock_is_wrong(found.get("skew")):
        _line("clock", skew_text("fleet.status.clock", found["skew"], spoken), spoken)
    heard = found.get("heard_at")
    _line("heard", clock(heard, spoken) if heard else text("hub.invited.never", spoken), spoken)
    if "seq" in found:
        _line("sent", text("fleet.status.sent.figures", spoken, seq=found["seq"], pending=found["pending"]), spoken)
    if found.get("refused"):
        numbers = ", ".join(map(str, found.get("set_aside", [])))
        _line("refused", text("fleet.status.refused.figures", spoken, n=found["refused"], numbers=numbers), spoken)
    if (until := found["certificate_until"]) is not None:
        _line("certificate", certificate_text(until, now, str(found["name"]), spoken), spoken)


def _line(name: str, value: str, spoken: str) -> None:
    shown = text("status.line", spoken, nombre=text(f"fleet.status.{name}", spoken), valor=printable(value))
    say(shown, _BELOW)
