"""The fleet: does its database admit this machine, and for how long."""

from __future__ import annotations

import asyncio
import time

from ..config.schema import Fleet
from ..errors import FleetError
from ..fleet.admission import ask, certificate_end
from ..fleet.database import Endpoint
from ..host import credentials
from ..messages.fleet import reason
from ..messages.format import date_time
from ..model.fleet import ends_soon
from .base import CheckContext, CheckResult, critical, ok, warning


async def fleet(context: CheckContext) -> list[CheckResult]:
    """Nothing for a machine without a fleet."""
    if not context.config.fleet.url:
        return []
    return [*await _database(context), *await _certificate(context.config.fleet)]


async def _database(context: CheckContext) -> list[CheckResult]:
    """Not asked where the caller may not read the key, or there is none while the service is stopped."""
    config = context.config.fleet
    try:
        secrets = await asyncio.to_thread(credentials.read)
    except OSError:
        return []
    key = secrets.fleet_key if config.certificate else ""
    endpoint = Endpoint.of_machine(config, key=key, password=secrets.fleet_password)
    if not (key or secrets.fleet_password or endpoint.local):
        return []
    try:
        await ask(endpoint)
    except FleetError as error:
        why = reason(error, context.config.language)
        return [warning("fleet_failing", "fleet_psycopg" if error.code == "no_psycopg" else "", why=why)]
    return [ok("fleet", address=endpoint.shown, name=config.name)]


async def _certificate(config: Fleet) -> list[CheckResult]:
    until, now = await certificate_end(config), time.time()
    if until is None:
        return []
    fields = {"until": date_time(until), "name": config.name}
    if until <= now:
        return [critical("fleet_certificate_over", "fleet_certificate", **fields)]
    if ends_soon(until, now):
        return [warning("fleet_certificate_soon", "fleet_certificate", **fields)]
    return [ok("fleet_certificate", **fields)]
