"""What runs beside the main line when the configuration asks for it: answers on the alert bot, and the
sign of life. Both are made anew when the configuration was read again; neither can end the monitor."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..config import telegram_endpoints
from ..config.schema import Config
from ..config.telegram_endpoints import allowed_ids, why_no_answers
from ..model.alert import Notification
from ..model.control import ControlService, KeyValueStore
from ..model.incident import Incident
from ..notify.heartbeat import Heartbeat
from .supervisor import Work

if TYPE_CHECKING:
    from ..notify.chatops.bot import AlertBot


@dataclass(frozen=True, slots=True)
class TaskContext:
    """What the companions see of the service. `told` and `modelos` are those of `notify.answers.View`;
    `unwell` is "" or why the monitor is not well; `note(event, code, fields)` records what an operator
    should know, once."""

    desk: ControlService
    memory: KeyValueStore
    status: Callable[[], Mapping[str, object]]
    open_incidents: Callable[[], Sequence[Incident]]
    told: Callable[[str], Awaitable[Notification | None]]
    modelos: Callable[[], Awaitable[Sequence[str]]]
    unwell: Callable[[], str]
    note: Callable[[str, str, Mapping[str, str]], None]
    clock: Callable[[], float]


class OptionalTasks:
    """`run` is owned by the service; `use` may be called before and at any time. `start` gives a work a task
    that outlives what it raises (supervisor.Supervisor)."""

    def __init__(self, around: TaskContext, start: Callable[[str, Work], asyncio.Task[None]]) -> None:
        self._around = around
        self._start = start
        self._config = Config()
        self._changed = asyncio.Event()

    def use(self, config: Config) -> None:
        """Another configuration from now on."""
        self._config = config
        self._changed.set()

    async def run(self) -> None:
        """Keep those going that the configuration asks for, until cancelled."""
        while True:
            self._changed.clear()
            tasks = [self._start(name, work) for name, work in self._wanted()]
            try:
                await self._changed.wait()
            finally:
                for task in tasks:
                    if not task.cancelling():  # once: a second time would break off what it finishes
                        task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    def _wanted(self) -> list[tuple[str, Work]]:
        """Each is made anew for every start. One that returns has nothing to do: its remark says why."""
        config, wanted = self._config, list[tuple[str, Work]]()
        allowed = allowed_ids(config.telegram, config.channels)
        if config.alerts.answers and not why_no_answers(config.telegram, allowed):
            wanted.append(("answers", lambda: self._answers(config, allowed).run()))
        if config.alerts.ping_url:
            wanted.append(("ping", lambda: self._ping(config).run()))
        return wanted

    def _answers(self, config: Config, allowed: frozenset[int]) -> AlertBot:
        from ..notify.chatops.bot import AlertBot  # telegram.ext: 2 MiB, where somebody may answer

        around = self._around
        return AlertBot(
            config.telegram.alert_token,
            telegram_endpoints.alert_server(config),
            allowed,
            around.desk,
            around,
            around.memory,
            around.clock,
            config.language,
            note=lambda code, fields: around.note("alert_bot", f"answers.note.{code}", fields),
        )

    def _ping(self, config: Config) -> Heartbeat:
        around = self._around
        return Heartbeat(
            config.alerts.ping_url,
            config.alerts.ping_every,
            around.unwell,
            note=lambda code, fields: around.note("sign_of_life", f"channels.ping.{code}", fields),
            language=config.language,
        )
