"""`hub invite`, `hub revoke`: the machines of a fleet, by the administrator of its database."""

from __future__ import annotations

import asyncio
import getpass
import os
import secrets
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...config import validators
from ...config.loader import HUB_PATH, load_hub
from ...config.schema import Hub
from ...errors import FleetError
from ...fleet import authority, membership
from ...fleet.database import Endpoint, check_schema, connect, transaction
from ...fleet.invitation import Invitation, render
from ...host import accounts
from ...messages import text
from ...setup import apply
from ..changes import NotRoot
from ..output import clock, language, say

if TYPE_CHECKING:
    import psycopg

CONFIG = HUB_PATH
ADMINISTRATOR = "postgres"


def invite(name: str, days: int, user: str, password_file: Path | None) -> int:
    """Print the join file of the machine `name`; its certificate lasts for `days`. Raises FleetError, NotRoot."""
    return asyncio.run(_invite(_checked(name), days, _configured(), user, password_file))


def revoke(name: str, user: str, password_file: Path | None) -> int:
    """Let the machine `name` sign in no more. Raises FleetError, NotRoot."""
    return asyncio.run(_revoke(_checked(name), _configured(), user, password_file))


async def _invite(name: str, days: int, hub: Hub, user: str, password_file: Path | None) -> int:
    spoken, now = language(), time.time()
    until = now + days * authority.DAY
    certified = Endpoint(hub.url).local
    async with (
        administration(hub, user, password_file) as (connection, endpoint),
        transaction(connection, endpoint) as cursor,
    ):
        await check_schema(cursor)
        password = "" if certified else secrets.token_urlsafe(32)
        verifier = "" if certified else scram(connection, name, password)
        end = until if certified else None
        known = await membership.invite(cursor, name, certificate_until=end, verifier=verifier)
        url = membership.addressed(hub.public_url or hub.url, name)
        made = Invitation(url, name, _certificates(hub), password=password)
        if certified:
            issued = await authority.issue(name, authority.FOLDER, until=until, now=now)
            made = replace(made, certificate=issued.certificate, key=issued.key)
    print(render(made), end="", flush=True)
    if known is not None and known.revoked_at is None:
        heard = clock(known.heard_at, spoken) if known.heard_at else text("hub.invited.never", spoken)
        code = "hub.invited.renewed" if certified else "hub.invited.password"
        say(text(code, spoken, name=name, ago=heard), stream=sys.stderr)
    last = clock(until, spoken) if certified else text("hub.invited.endless", spoken)
    say(text("hub.invited", spoken, name=name, until=last), stream=sys.stderr)
    return 0


async def _revoke(name: str, hub: Hub, user: str, password_file: Path | None) -> int:
    spoken = language()
    async with administration(hub, user, password_file) as (connection, endpoint):
        async with transaction(connection, endpoint) as cursor:
            known = await membership.revoke(cursor, name)
        if endpoint.local:
            await _publish(await authority.revoke(name, authority.FOLDER), connection, endpoint)
        try:
            async with transaction(connection, endpoint) as cursor:
                await membership.disconnect(cursor, name)
        except FleetError as error:
            if error.code != "not_allowed":  # a managed database's administrator: its next statement is refused
                raise
    said = "hub.revoked" if known.revoked_at is None else "hub.revoked.before"
    say(text(said, spoken, name=name, ago=clock(known.revoked_at, spoken)))
    return 0


async def _publish(crl: str, connection: psycopg.AsyncConnection[Any], endpoint: Endpoint) -> None:
    """Give the server the list of revoked certificates, where `hub setup` has made the file for it."""
    async with transaction(connection, endpoint) as cursor:
        await cursor.execute("SHOW ssl_crl_file")
        row = await cursor.fetchone()
        path = Path(row[0] if row else "")
        if path.parent.name != "trafico-monitor":
            return
        apply.write(path, crl.encode(), 0o644, "root")
        await cursor.execute("SELECT pg_reload_conf()")


@asynccontextmanager
async def administration(
    hub: Hub, user: str, password_file: Path | None
) -> AsyncIterator[tuple[psycopg.AsyncConnection[Any], Endpoint]]:
    """A connection as the database's administrator: on this machine root becomes `postgres`, elsewhere `user` gives
    a password. Raises FleetError, NotRoot."""
    local = Endpoint(hub.url).local
    if local and os.geteuid() != 0:
        raise NotRoot(text("hub.not_root", language()))
    name = membership.account(hub.url, user or ADMINISTRATOR)
    endpoint = Endpoint(hub.url, name, "" if local else await _password(name, password_file), ca=hub.ca)
    with accounts.acting_as(ADMINISTRATOR if local else ""):
        connection = await connect(endpoint)
    try:
        yield connection, endpoint
    finally:
        await connection.close()


def scram(connection: psycopg.AsyncConnection[Any], name: str, password: str) -> str:
    """The verifier of a password: the server, and its log, never see the password itself."""
    return connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()


async def _password(user: str, file: Path | None) -> str:
    if file is not None:
        try:
            return file.read_text().strip()
        except (OSError, ValueError) as error:
            raise FleetError("no_file", fields={"file": str(file), "detail": str(error)}) from None
    if given := os.environ.get("PGPASSWORD", ""):
        return given
    if not sys.stdin.isatty():
        raise FleetError("administrator_password", fields={"user": user})
    return await asyncio.to_thread(getpass.getpass, text("hub.ask.password", language(), user=user), sys.stderr)


def _configured() -> Hub:
    """The hub's configuration. Raises ConfigError before `hub setup`."""
    return load_hub(CONFIG).hub


def _checked(name: str) -> str:
    try:
        return validators.machine(name)
    except ValueError:
        raise FleetError("bad_name", fields={"user": name[:60]}) from None


def _certificates(hub: Hub) -> str:
    """The authority that the machines trust: this machine's own, or the one that the hub itself trusts."""
    path = authority.FOLDER / "ca.crt" if Endpoint(hub.url).local else Path(hub.ca) if hub.ca else None
    try:
        return path.read_text() if path else ""
    except OSError:
        raise FleetError("no_authority", fields={"folder": str(path)}) from None
