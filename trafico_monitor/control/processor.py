"""The command processor: carries out requests of people one after the other, and answers when they are stored.

A request is checked, becomes one step of the pipeline, and is stored together with the name of the person in one
transaction; only then is it answered. A client that does not wait for the answer changes nothing: an accepted request
is carried to its end. After a kill in between, a request was either never accepted, or its order is found again at
the next start.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Protocol

from ..errors import PathRefused, StoreError
from ..host.redact import redact
from ..messages import text
from ..model.alert import ALARM_KEYS, Notification, NotificationCode, Scope, Severity, Silence
from ..model.changeset import ChangeSet
from ..model.control import ControlRequest, ControlResponse, RequestKind
from ..model.control_schema import LONGEST_SILENCE, normalised
from ..model.incident import Incident
from ..model.installation import Installation, RescuedFile, conversation, mark_of
from ..model.task import RepairTask, TaskResult, Verdict
from ..pipeline.pipeline import Pipeline
from ..repair.actions.assign import look, named
from . import decisions
from .decisions import CommandOutcome, base_name, plain

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 20.0  # less than whoever asks waits
MOST_AT_ONCE = 32

# Their own records have been stored with what was done.
_ON_RECORD = frozenset({"assign_unproven", "assign_failed", "tested_with_trouble", "no_channel", "stopping"})

# The modelo that a file was to go to, what became of that, and when (monotonic).
_Result = tuple[str, ControlResponse, float]

# Channel, seconds, and what was wrong ("" when it took the message).
Heard = Sequence[tuple[str, float, str]]


class Records(Protocol):
    """The stored records. `named` gives the incidents with that id, or at most two whose ids begin so; `silences` the
    silences that had not ended at `since`; `told` the newest notification of a conversation."""

    async def named(self, beginning: str) -> Sequence[Incident]: ...
    async def silences(self, since: float) -> Sequence[Silence]: ...
    async def told(self, key: str) -> Notification | None: ...


class CommandProcessor:
    """`keep` stores a step and starts its effects; `sound` sends one message through every channel, each with a
    deadline of its own."""

    def __init__(
        self,
        pipeline: Pipeline,
        records: Records,
        keep: Callable[[ChangeSet], Awaitable[None]],
        site: Callable[[], Installation | None],
        sound: Callable[[Notification], Awaitable[Heard]],
        clock: Callable[[], float],
    ) -> None:
        self._pipeline = pipeline
        self._records = records
        self._keep = keep
        self._site = site
        self._sound = sound
        self._clock = clock
        # What is read from the records must still hold when it is decided upon.
        self._lock = asyncio.Lock()
        self._tasks: dict[asyncio.Task[ControlResponse], float] = {}  # each request, and when it was asked (monotonic)
        self._waiting_for_order: dict[str, asyncio.Future[ControlResponse]] = {}
        self._results: dict[str, _Result] = {}  # by path: assignments that somebody who still waits may have asked for
        self._testing: asyncio.Task[Heard] | None = None
        self._closed = False

    async def ask(self, request: ControlRequest) -> ControlResponse:
        """The answer (`ControlService.ask`). A request that takes longer than ANSWER_SECONDS goes on."""
        if self._closed:
            return ControlResponse(False, "stopping")
        if len(self._tasks) >= MOST_AT_ONCE:
            return ControlResponse(False, "busy")
        task = asyncio.create_task(self._answer(request), name=f"request {request.kind.value}")
        self._tasks[task] = asyncio.get_running_loop().time()
        task.add_done_callback(self._tasks.pop)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await asyncio.shield(task)
        except TimeoutError:
            return ControlResponse(False, "unconfirmed")

    async def stop(self, seconds: float) -> None:
        """Accept no more requests, and wait so long for those under way."""
        self._closed = True
        for answer in self._waiting_for_order.values():
            if not answer.done():
                answer.set_result(ControlResponse(False, "stopping"))
        left = set(self._tasks)
        if left:
            _, left = await asyncio.wait(left, timeout=seconds)
        if self._testing is not None:
            self._testing.cancel()
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=seconds)

    async def assigned(self, order: RepairTask, result: TaskResult, verdict: Verdict) -> None:
        """Record the result of an order of ASSIGN, which may date from before a restart."""
        async with self._lock:
            incident = await self._by_id(order.incident_id) if order.incident_id else None
            if order.id not in self._pipeline.orders:
                return
            answer = decisions.assigned(self._pipeline, order, incident, result, verdict, self._clock())
            if answer.changes is not None:
                await self._keep(answer.changes)
            self._remember(order, answer.reply)
        waiting = self._waiting_for_order.pop(order.id, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer.reply)

    # One request.

    async def _answer(self, request: ControlRequest) -> ControlResponse:
        request = normalised(request)
        clean = _clean(request, self._pipeline.language)
        try:
            reply = decisions.invalid(request) or await self._kinds[request.kind](self, clean)
            if not reply.ok and reply.code not in _ON_RECORD:
                record = decisions.refused(clean, reply, self._clock(), self._pipeline.language)
                await self._keep(ChangeSet(records=(record,)))
        except asyncio.CancelledError:
            return ControlResponse(False, "stopping")
        except StoreError as error:
            return ControlResponse(False, "no_records", {"texto": str(error)})
        except Exception:  # one broken request must not take the others with it
            logger.exception("request %s of %s", clean.kind.value, clean.by)
            return ControlResponse(False, "internal")
        return reply

    async def _retry(self, request: ControlRequest) -> ControlResponse:
        return await self._about(request, decisions.retry)

    async def _acknowledge(self, request: ControlRequest) -> ControlResponse:
        async with self._lock:
            alarm = self._pipeline.alerting.find_alert(request.incident)
            if alarm is not None:
                asked = request.by, self._clock(), request.reason
                return await self._kept(decisions.acknowledge_alarm(self._pipeline, alarm, *asked))
        called = request.incident.lower().partition("-")[0]
        reply = await self._about(request, decisions.acknowledge)
        if not reply.ok and called in ALARM_KEYS:
            return ControlResponse(False, "unknown_alarm", {"alarma": called})
        return reply

    async def _about(
        self, request: ControlRequest, decide: Callable[[Pipeline, Incident, str, float, str], CommandOutcome]
    ) -> ControlResponse:
        async with self._lock:
            incident = await self._incident(request.incident)
            if isinstance(incident, ControlResponse):
                return incident
            return await self._kept(decide(self._pipeline, incident, request.by, self._clock(), request.reason))

    async def _silence(self, request: ControlRequest) -> ControlResponse:
        async with self._lock:
            if request.scope is Scope.INCIDENT:
                incident = await self._incident(request.value)
                if isinstance(incident, ControlResponse):
                    return incident
                request = replace(request, value=incident.id)
            now = self._clock()
            known = await self._records.silences(now)
            return await self._kept(decisions.silence(self._pipeline, request, known, now))

    async def _end_silence(self, request: ControlRequest) -> ControlResponse:
        async with self._lock:
            now = self._clock()
            known = await self._records.silences(now - LONGEST_SILENCE)
            return await self._kept(decisions.end_silence(self._pipeline, request, known, now))

    async def _assign(self, request: ControlRequest) -> ControlResponse:
        """Assign a file. The same request made meanwhile gets the same result."""
        site, shown = self._site(), {"archivo": plain(base_name(request.file)), "modelo": plain(request.modelo)}
        if site is None:
            return ControlResponse(False, "no_site")
        try:
            path = str(named(request.file, site))
        except PathRefused:
            return ControlResponse(False, "invalid_file", shown)
        async with self._lock:
            # The file may have been moved already: it is looked for only when nobody is moving it.
            answer = decisions.assigning(self._pipeline, path, request) or self._result_meanwhile(path, request)
            if answer is None:
                answer = await self._decide(request, site)
            if answer.order is None:
                return await self._kept(answer)
            # Waited for from before it can be done.
            loop = asyncio.get_running_loop()
            done = self._waiting_for_order.setdefault(answer.order.id, loop.create_future())
            await self._kept(answer)
        try:
            async with asyncio.timeout(ANSWER_SECONDS - 1.0):
                return await asyncio.shield(done)
        except TimeoutError:
            return answer.reply

    def _result_meanwhile(self, path: str, request: ControlRequest) -> CommandOutcome | None:
        """The result of an assignment that ended while this request waited for the lock; None for none."""
        task = asyncio.current_task()
        modelo, reply, at = self._results.get(path, ("", ControlResponse(False, ""), -1.0))
        if task is None or at < self._tasks.get(task, at + 1.0):
            return None
        if modelo == request.modelo:
            return CommandOutcome(reply)
        taken = {"archivo": plain(base_name(path)), "modelo": plain(request.modelo)}
        return CommandOutcome(ControlResponse(False, "assign_taken", taken)) if reply.ok else None

    def _remember(self, order: RepairTask, reply: ControlResponse) -> None:
        now = asyncio.get_running_loop().time()
        oldest = min(self._tasks.values(), default=now)
        self._results = {path: one for path, one in self._results.items() if one[2] >= oldest}
        self._results[order.download.source or ""] = (order.download.modelo or "", reply, now)

    async def _decide(self, request: ControlRequest, site: Installation) -> CommandOutcome:
        rescued = await self._rescued(request, site)
        if isinstance(rescued, ControlResponse):
            return await self._not_there(request, rescued)
        incident = await self._by_id(rescued.incident) if rescued.incident else None
        return decisions.assign(self._pipeline, rescued, incident, request, self._clock())

    async def _not_there(self, request: ControlRequest, reply: ControlResponse) -> CommandOutcome:
        if not request.incident or reply.code not in ("unknown_file", "other_file"):
            return CommandOutcome(reply)
        key = conversation(mark_of(base_name(request.file), request.incident))
        incident, told = await self._by_id(request.incident), await self._records.told(key)
        return decisions.not_there(self._pipeline, request, reply, incident, told, self._clock())

    async def _rescued(self, request: ControlRequest, site: Installation) -> RescuedFile | ControlResponse:
        shown = {"archivo": plain(base_name(request.file))}
        try:
            found = await look(request.file, site)
            return found if request.incident in ("", found.incident) else ControlResponse(False, "other_file", shown)
        except FileNotFoundError:
            return ControlResponse(False, "unknown_file", shown)
        except PathRefused:
            return ControlResponse(False, "invalid_file", shown)
        except OSError as error:
            return ControlResponse(
                False, "unreadable_file", {**shown, "motivo": error.strerror or type(error).__name__}
            )

    async def _test(self, request: ControlRequest) -> ControlResponse:
        """Test every channel. A request made while a test is under way gets the result of that one."""
        mine = self._testing is None
        if self._testing is None:
            now = self._clock()
            notice = Notification(
                "test", NotificationCode.TEST, Severity.INFO, now, int(now), fields={"por": request.by}
            )
            self._testing = asyncio.ensure_future(self._sound(notice))
            self._testing.add_done_callback(self._tested)
        heard = await asyncio.shield(self._testing)
        answer = decisions.tested(self._pipeline, request, heard, self._clock())
        return await self._kept(answer) if mine else answer.reply

    def _tested(self, _: object) -> None:
        self._testing = None

    _kinds = {  # noqa: RUF012
        RequestKind.RETRY: _retry,
        RequestKind.ACKNOWLEDGE: _acknowledge,
        RequestKind.SILENCE: _silence,
        RequestKind.END_SILENCE: _end_silence,
        RequestKind.ASSIGN: _assign,
        RequestKind.TEST: _test,
    }

    async def _kept(self, answer: CommandOutcome) -> ControlResponse:
        if answer.changes is not None:
            await self._keep(answer.changes)
        return answer.reply

    async def _incident(self, name: str) -> Incident | ControlResponse:
        """The incident with that id, or the only one whose id begins so."""
        found = await self._records.named(name)
        if not found:
            return ControlResponse(False, "unknown_incident", {"id": name})
        if len(found) > 1 and found[0].id != name:
            return ControlResponse(False, "ambiguous_incident", {"id": name})
        return self._pipeline.tracker.get(found[0].id) or found[0]

    async def _by_id(self, incident_id: str) -> Incident | None:
        found = [one for one in await self._records.named(incident_id) if one.id == incident_id]
        return self._pipeline.tracker.get(incident_id) or (found[0] if found else None)


def _clean(request: ControlRequest, language: str) -> ControlRequest:
    """`request` free of secrets, with the user for whom it is made beside the one who makes it."""
    by, user = plain(request.by) or "?", plain(request.on_behalf_of)
    named = text("request.by_for", language, por=by, usuario=user) if user else by
    return replace(request, by=named, value=redact(request.value), reason=redact(request.reason))
