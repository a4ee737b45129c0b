"""`trafico-monitor check`: causes of later failures, each with the command that fixes it."""

from __future__ import annotations

import asyncio

from ..config.discovery import discover
from ..config.schema import Config
from ..config.telegram_endpoints import file_server
from ..health.bot_api import probe, query_container
from ..health.unit import query_unit
from ..host.credentials import SERVICE
from . import alert_delivery, bot, bot_lines, host, instrument, journal, project
from .base import MARK, NAME, CheckContext, CheckResult, Level, subject

__all__ = ["MARK", "NAME", "CheckContext", "CheckResult", "Level", "preflight"]


async def preflight(config: Config) -> tuple[CheckResult, ...]:
    """Given a loaded Config, return all results, in the order of the mission's pre-flight list.

    Changes nothing. Takes seconds; about a minute at most when every check runs into its deadline.
    """
    config, site = await discover(config)  # the server's address may stand in the .env, found by the unit
    own, its, answer, container = await asyncio.gather(
        query_unit(SERVICE),
        query_unit(config.bot.system_unit),
        probe(file_server(config)),
        query_container(config),
    )
    context = CheckContext(config, site, subject(), own.groups)
    parts = (
        await project.configuration(context),
        await host.user(context),
        await project.gaps(context),
        await alert_delivery.alerts(context),
        await journal.kept(context),
        await journal.dropped(context, its),
        bot.unit(context, its),
        bot.left_over(context),
        bot.server(context, answer, container),
        bot.local_mode(context, container),
        await host.space(context),
        await host.places(context),
        await project.waiting_files(context),
        await host.ffprobe(context),
        await host.service(context, own),
        *([] if context.stands_in else await _as_the_service(context)),
    )
    return tuple(check for part in parts for check in part)


async def _as_the_service(context: CheckContext) -> tuple[list[CheckResult], ...]:
    """Checks that only the service's own user can answer: may it read, write, and call the helper?"""
    return (
        await project.project(context),
        await project.models(context),
        await project.env(context),
        await journal.access(context),
        await bot_lines.lines(context),
        await instrument.instrument(context),
        await bot.files(context),
        await host.folders(context),
        await host.sudo(context),
    )
