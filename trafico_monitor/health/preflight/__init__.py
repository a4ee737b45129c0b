"""`trafico-monitor check`: finds causes before they bite, each with the command that mends it."""

from __future__ import annotations

import asyncio

from ...config.discover import discover
from ...config.endpoints import file_server
from ...config.schema import Config
from ...host.credentials import SERVICE
from ..container import look_at_container
from ..server import probe
from ..unit import look_at_unit
from . import alerts, bot, instrument, journal, leftovers, machine, project
from .check import MARK, NAME, Check, Level, Scene, subject

__all__ = ["MARK", "NAME", "Check", "Level", "Scene", "preflight"]


async def preflight(config: Config) -> tuple[Check, ...]:
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
    scene = Scene(config, site, subject(), own.groups)
    parts = (
        await project.configuration(scene),
        await machine.user(scene),
        await project.gaps(scene),
        await alerts.alerts(scene),
        await journal.kept(scene),
        await journal.dropped(scene, its),
        bot.unit(scene, its),
        bot.server(scene, answer, container),
        bot.local_mode(scene, container),
        await machine.space(scene),
        await machine.places(scene),
        await leftovers.leftovers(scene),
        await machine.ffprobe(scene),
        await machine.service(scene, own),
        *([] if scene.stands_in else await _as_the_service(scene)),
    )
    return tuple(check for part in parts for check in part)


async def _as_the_service(scene: Scene) -> tuple[list[Check], ...]:
    """What only the service's own user can tell: may it read, write, and call the helper?"""
    return (
        await project.project(scene),
        await project.models(scene),
        await project.env(scene),
        await journal.access(scene),
        await journal.lines(scene),
        await instrument.instrument(scene),
        await bot.files(scene),
        await machine.folders(scene),
        await machine.sudo(scene),
    )
