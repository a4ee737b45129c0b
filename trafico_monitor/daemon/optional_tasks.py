"""Optional tasks: chatops bot and heartbeat, say. A reload starts all again; none can end the monitor."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ..config import telegram_endpoints
from ..config.schema import Config
from ..config.telegram_endpoints import allowed_ids, why_no_answers
from ..host.tasks import end
from ..messages import text
from ..model.alert import Notification
from ..model.control import ControlService
from ..model.incident import Incident
from ..notify.heartbeat import Heartbeat
from ..pipeline import events
from .context import AppContext
from .executor import modelos
from .status import ServiceStatus
from .supervisor import Work

if TYPE_CHECKING:
    from ..notify.chatops.bot import AlertBot


class OptionalTasks:
    """The chatops bot, the heartbeat, and tasks of one service. `run` is owned by the service; `reload` may be called
    before and at any time. Also the bot's `View`: what it may show of the service."""

    def __init__(
        self,
        context: AppContext,
        desk: ControlService,
        reporter: ServiceStatus,
        further: Callable[[Config], Sequence[tuple[str, Work]]] = lambda _: (),
    ) -> None:
        """`further` are the tasks of this service alone that a configuration asks for."""
        self._context = context
        self._desk = desk
        self._reporter = reporter
        self._further = further
        self._config = context.config()
        self._changed = asyncio.Event()

    def reload(self) -> None:
        """Use the present configuration from now on."""
        self._config = self._context.config()
        self._changed.set()

    async def run(self) -> None:
        """Run the tasks that the configuration asks for, until cancelled."""
        while True:
            self._changed.clear()
            tasks = [self._context.supervisor.start(name, work) for name, work in self._configured()]
            try:
                await self._changed.wait()
            finally:
                await end(tasks)

    def _configured(self) -> list[tuple[str, Work]]:
        """Each is made anew for every start. One that returns has nothing to do: its remark says why."""
        config, wanted = self._config, list[tuple[str, Work]]()
        allowed = allowed_ids(config.telegram, config.channels)
        if config.alerts.answers and not why_no_answers(config.telegram, allowed):
            wanted.append(("answers", lambda: self._answers(config, allowed).run()))
        if config.alerts.ping_url:
            wanted.append(("ping", lambda: self._ping(config).run()))
        return [*wanted, *self._further(config)]

    def _answers(self, config: Config, allowed: frozenset[int]) -> AlertBot:
        from ..notify.chatops.bot import AlertBot  # telegram.ext: 2 MiB, where somebody may answer

        context = self._context
        return AlertBot(
            config.telegram.alert_token,
            telegram_endpoints.alert_server(config),
            allowed,
            self._desk,
            self,
            context.store,
            context.clock,
            config.language,
            note=lambda code, fields: self._note("alert_bot", f"answers.note.{code}", fields),
        )

    def _ping(self, config: Config) -> Heartbeat:
        return Heartbeat(
            config.alerts.ping_url,
            config.alerts.ping_every,
            self._reporter.unhealthy,
            note=lambda code, fields: self._note("sign_of_life", f"channels.ping.{code}", fields),
            language=config.language,
        )

    def _note(self, event: str, code: str, fields: Mapping[str, str]) -> None:
        """Record what an operator should know."""
        context, words = self._context, text(code, self._context.language(), **fields)
        record = events.service_event(event, context.clock(), context.language(), 4, code="missing", texto=words)
        context.supervisor.start("note", lambda: context.record(record))

    # What the chatops bot may show.

    def status(self) -> Mapping[str, object]:
        return self._reporter.snapshot()

    def open_incidents(self) -> Sequence[Incident]:
        return self._context.pipeline.tracker.open_incidents()

    async def told(self, key: str) -> Notification | None:
        return await self._context.store.told(key)

    async def modelos(self) -> Sequence[str]:
        return await modelos(self._context.installation())
