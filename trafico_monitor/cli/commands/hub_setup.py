"""`hub setup`: the fleet's database, Debian's PostgreSQL on this machine or one elsewhere, and this machine's hub."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ...config import validators
from ...config.schema import Hub
from ...errors import FleetError
from ...fleet import authority, membership
from ...fleet.database import Endpoint, connect, transaction
from ...fleet.invitation import MOST_AUTHORITIES
from ...fleet.migrations import HUB_ROLE, migrate
from ...host import systemd
from ...messages import text
from ...setup import apply, hub_plan, postgresql, prompts
from ...setup.hub_plan import Cluster, HubUnit, Material
from ...setup.model import Change, Command, Kind
from ...setup.state_file import Ledger, opened
from .. import changes
from ..changes import NeedsAnswer, NotRoot, tell
from ..output import language, say
from .hub import administration, scram

_RENEWED_DAYS = 90.0  # before its end the server's certificate is made anew


@dataclass(frozen=True, slots=True)
class Options:
    """The options of the command."""

    address: str
    listen: str
    cluster: str
    url: str
    ca: str
    user: str
    password_file: Path | None
    yes: bool
    restart: bool
    dry_run: bool
    undo: bool


def setup(**given: Any) -> int:
    """Carry the changes out, show or undo them (`given` are the fields of Options); exit status 0 when all that was
    agreed to is done. Raises FleetError, NotRoot (77), NeedsAnswer (64)."""
    options, spoken = Options(**given), language()
    if os.geteuid() != 0:
        raise NotRoot(text("hub.setup.not_root", spoken))
    if not (options.yes or options.dry_run or sys.stdin.isatty()):
        raise NeedsAnswer(text("setup.nobody", spoken))
    if options.undo:
        return asyncio.run(_undo(options, spoken))
    return asyncio.run(_managed(options, spoken) if options.url else _own(options, spoken))


async def _own(options: Options, spoken: str) -> int:
    """Debian's PostgreSQL on this machine."""
    address, listened = _address(options.address, spoken), _listened(options.listen)
    with opened(spoken) as ledger:
        cluster = await postgresql.find(options.cluster, ledger)
        say(text("hub.setup.found", spoken, cluster=cluster.name, port=cluster.port))
        refusals = hub_plan.refusals(cluster)
        for note in refusals:
            tell(prompts.note_lines(note, spoken, mark="❌"))
        if refusals:
            return 1
        if not options.dry_run and not await _prepared(cluster, options, spoken):
            return 1
        listen = listened or (cluster.listen if cluster.listen not in ("", "localhost") else "*")
        material = await _material(cluster, address, dry=options.dry_run)
        todo = list(hub_plan.of_cluster(cluster, material, address, listen, await _unit()))
        return await _carried_out(todo, cluster.files, ledger, options, spoken)


async def _managed(options: Options, spoken: str) -> int:
    """A database elsewhere, whose administrator's password is given or asked for."""
    try:
        url = validators.database(options.url)
        ca = validators.or_empty(validators.absolute)(options.ca)
    except ValueError:
        raise FleetError("wrong_url", fields={"detail": text("hub.setup.url", spoken)}) from None
    if Endpoint(url).local:
        raise NeedsAnswer(text("hub.setup.no_address", spoken))
    trusted = _trusted(ca) if ca else ""
    user = options.user or (urlsplit(url).username or "").partition(".")[0]
    with opened(spoken) as ledger:
        async with administration(Hub(url, ca=ca), user, options.password_file) as (connection, endpoint):
            say(text("hub.setup.managed", spoken, address=endpoint.shown))
            mine = membership.addressed(url, HUB_ROLE, always=True)
            password = "" if await _signs_in(mine, ca) else secrets.token_urlsafe(32)
            if not options.dry_run:
                async with transaction(connection, endpoint) as cursor:
                    await migrate(cursor)
                    if password:
                        await membership.set_password(cursor, HUB_ROLE, scram(connection, HUB_ROLE, password))
        files = postgresql.files((hub_plan.CONFIG, hub_plan.AUTHORITY), ledger)
        todo = list(hub_plan.of_managed(mine, trusted, password, files, await _unit()))
        return await _carried_out(todo, files, ledger, options, spoken)


def _trusted(ca: str) -> str:
    """The certificates of the file `ca`, which each join file carries along. Raises FleetError."""
    try:
        found = authority.certificates(Path(ca).read_text("ascii", "replace"))
    except OSError as error:
        raise FleetError("no_file", fields={"file": ca, "detail": error.strerror or ""}) from None
    if not 1 <= len(found) <= MOST_AUTHORITIES:
        raise FleetError("bad_authority", fields={"file": ca, "n": str(MOST_AUTHORITIES)})
    return "".join(found)


async def _signs_in(url: str, ca: str) -> bool:
    """Whether the hub's present password is the right one."""
    try:
        password = Path(hub_plan.PASSWORD).read_text().strip()
        connection = await connect(Endpoint(url, password=password, ca=ca))
    except (OSError, FleetError):
        return False
    await connection.close()
    return True


async def _prepared(cluster: Cluster, options: Options, spoken: str) -> bool:
    say("\n" + text("hub.setup.database", spoken))
    if not (options.yes or prompts.ask(text("setup.ask", spoken), spoken, default=True)):
        return False
    await postgresql.prepare(cluster)
    say(f"  ✅ {text('setup.made', spoken)}")
    return True


async def _material(cluster: Cluster, address: str, *, dry: bool) -> Material:
    """The authority, made where there is none, and a certificate of its for the server where that is needed."""
    now = time.time()
    if dry and not (authority.FOLDER / "ca.crt").exists():
        return Material("…\n", "…\n", "…\n", "…\n")
    await authority.create(authority.FOLDER, now=now)
    ca, crl = ((authority.FOLDER / name).read_text() for name in ("ca.crt", "crl.pem"))
    present = cluster.files[f"{cluster.own}/server.crt"].content
    if present and cluster.files[f"{cluster.own}/ca.crt"].content == ca:
        found = await authority.details(present)
        if address in found.addresses and found.until > now + _RENEWED_DAYS * authority.DAY:
            return Material(ca, crl)
    if dry:
        return Material(ca, crl, "…\n", "…\n")
    until = now + (authority.AUTHORITY_DAYS - 1) * authority.DAY
    issued = await authority.issue_server((address,), authority.FOLDER, until=until, now=now)
    return Material(ca, crl, issued.certificate, issued.key)


async def _carried_out(todo: Sequence[Change], files: Any, ledger: Ledger, options: Options, spoken: str) -> int:
    if options.dry_run:
        changes.explain(todo, files, spoken)
        return 0
    done, failed = await changes.make(todo, ledger, spoken, agree=_agree(options, spoken), files=files)
    say("\n" + text("hub.setup.done" if done else "setup.nothing", spoken, n=done))
    say(text("hub.setup.failed" if failed else "hub.setup.next", spoken))
    return 1 if failed else 0


def _agree(options: Options, spoken: str) -> changes.Agree:
    def agree(change: Change) -> bool:
        question = text("setup.ask", spoken)
        if change.careful:  # everybody who uses that database is cut off for a moment
            return options.restart or (not options.yes and prompts.ask(question, spoken, default=False))
        return options.yes or prompts.ask(question, spoken, default=True)

    return agree


async def _undo(options: Options, spoken: str) -> int:
    with opened(spoken) as ledger:
        clusters = [entry.change for entry in ledger.open_entries() if entry.change.kind is Kind.RESTART_CLUSTER]
        undone = await changes.take_back(ledger, spoken, (Command.HUB,), agree=_agree(options, spoken))
        if undone is None:
            say(text("setup.undo.nothing", spoken))
            return 0
        for cluster in clusters[:1]:
            if _agree(options, spoken)(cluster):
                await apply.run("pg_ctlcluster", *cluster.target.split("/"), "restart")
    said = "setup.undo.part" if undone.status else "hub.setup.undone"
    say("\n" + text(said, spoken, folder=authority.FOLDER))
    return undone.status


async def _unit() -> HubUnit:
    said = await systemd.show_unit(hub_plan.SERVICE, ("LoadState", "UnitFileState", "ActiveState")) or {}
    return HubUnit(
        said.get("LoadState") == "loaded", said.get("UnitFileState") == "enabled", said.get("ActiveState") == "active"
    )


def _listened(given: str) -> str:
    """PostgreSQL's listen_addresses. Raises FleetError."""
    if given and not re.fullmatch(r"[A-Za-z0-9_.:*-]+( *, *[A-Za-z0-9_.:*-]+)*", given, re.ASCII):
        raise FleetError("bad_listen", fields={"address": given[:80]})
    return given


def _address(given: str, spoken: str) -> str:
    """A host's name or number. Raises NeedsAnswer for none, FleetError for another thing."""
    if not given:
        raise NeedsAnswer(text("hub.setup.no_address", spoken))
    try:
        return str(ip_address(given))
    except ValueError:
        pass
    try:
        return validators.host_name(given)
    except ValueError:
        raise FleetError("bad_address", fields={"address": given[:80]}) from None
