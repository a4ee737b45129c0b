"""`trafico-monitor check`: causes of later failures, each with the command that fixes it."""

from __future__ import annotations

import asyncio

from ..config.discovery import discover
from ..config.schema import Config
from ..config.telegram_endpoints import file_server
from ..health.bot_api import probe, query_container
from ..health.unit import query_unit
from ..host.credentials import SERVICE
from . import alert_delivery, bot, bot_lines, bot_output, fleet, host, instrument, journal, project
from .base import MARK, NAME, CheckContext, CheckResult, Level, subject

__all__ = ["MARK", "NAME", "CheckContext", "CheckResult", "Level", "preflight"]


async def preflight(config: Config) -> tuple[CheckResult, ...]:
    """Given a loaded Config, return all results, in the order of the mission's pre-flight list.

    Changes nothing. Takes seconds; about a minute at most when every check runs into its deadline.
    """
    config, site = await discover(config)  # the server's address may stand in the .env, found by the unit
    own, its = await asyncio.gather(query_unit(SERVICE), query_unit(config.bot.system_unit))
    context = CheckContext(config, site, subject(), own.groups)
    outside = bot.left_over(context)
    parts = (
        await host.user(context),
        await project.configuration(context),
        *([] if context.stands_in else await _as_the_service(context)),
        await journal.kept(context),
        await journal.dropped(context, its),
        bot.unit(context, its, outside),
        outside,
        await host.space(context),
        await host.ffprobe(context),
        await host.service(context, own),
    )
    found = tuple(check for part in parts for check in part)
    # A bot that has not been started yet has said nothing, of course.
    waits = any(check.code == "check.unit_not_started" for check in found)
    return tuple(check for check in found if not (waits and check.code == "check.no_lines"))


async def _as_the_service(context: CheckContext) -> tuple[list[CheckResult], ...]:
    """Checks that only root and the service's own user can answer: of another user's rights they would tell."""
    answer, container = await asyncio.gather(probe(file_server(context.config)), query_container(context.config))
    return (
        await project.gaps(context),
        await alert_delivery.alerts(context),
        await fleet.fleet(context),
        bot.server(context, answer, container),
        bot.local_mode(context, container),
        await host.places(context),
        await project.waiting_files(context),
        await project.project(context),
        await project.models(context),
        await project.env(context),
        await journal.access(context),
        await bot_lines.lines(context),
        await bot_output.output(context),
        await instrument.instrument(context),
        await bot.files(context),
        await host.folders(context),
        await host.sudo(context),
    )
