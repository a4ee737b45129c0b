"""`trafico-monitor check`: finds causes before they bite, each with the command that mends it."""

from __future__ import annotations

import asyncio

from ..config.discovery import discover
from ..config.schema import Config
from ..config.telegram_endpoints import file_server
from ..health.bot_api import probe
from ..health.container import look_at_container
from ..health.unit import look_at_unit
from ..host.credentials import SERVICE
from . import alert_delivery, bot, host, instrument, journal, pending_files, project
from .base import MARK, NAME, CheckContext, CheckResult, Level, subject

__all__ = ["MARK", "NAME", "CheckContext", "CheckResult", "Level", "preflight"]


async def preflight(config: Config) -> tuple[CheckResult, ...]:
    """Given a loaded Config, return every finding, in the order of the mission's pre-flight list.

    Changes nothing anywhere. Takes at most about a minute when everything hangs, seconds else.
    """
    config, site = await discover(config)  # the server's address may stand in the .env, found by the unit
    own, its, answer, container = await asyncio.gather(
        look_at_unit(SERVICE),
        look_at_unit(config.bot.unit),
        probe(file_server(config)),
        look_at_container(config),
    )
    scene = CheckContext(config, site, subject(), own.groups)
    parts = (
        await project.configuration(scene),
        await host.user(scene),
        await project.gaps(scene),
        await alert_delivery.alerts(scene),
        await journal.kept(scene),
        await journal.dropped(scene, its),
        bot.unit(scene, its),
        bot.left_over(scene),
        bot.server(scene, answer, container),
        bot.local_mode(scene, container),
        await host.space(scene),
        await host.places(scene),
        await pending_files.leftovers(scene),
        await host.ffprobe(scene),
        await host.service(scene, own),
        *([] if scene.stands_in else await _as_the_service(scene)),
    )
    return tuple(check for part in parts for check in part)


async def _as_the_service(scene: CheckContext) -> tuple[list[CheckResult], ...]:
    """What only the service's own user can tell: may it read, write, and call the helper?"""
    return (
        await project.project(scene),
        await project.models(scene),
        await project.env(scene),
        await journal.access(scene),
        await journal.lines(scene),
        await instrument.instrument(scene),
        await bot.files(scene),
        await host.folders(scene),
        await host.sudo(scene),
    )
