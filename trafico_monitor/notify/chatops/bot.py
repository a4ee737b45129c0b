"""The alert bot: people who are allowed ask for the status and order a retry from the phone.

One token has one consumer of updates, so it needs an alert token of its own. Strangers get no reply, and only their
ids are recorded. A request that may have waited longer than LATE_SECONDS is not carried out, and its sender is told.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from telegram import Update
from telegram.error import Conflict, Forbidden, InvalidToken, RetryAfter
from telegram.ext import ApplicationBuilder

from ...errors import MonitorError
from ...host.redact import TOKEN, redact
from ...messages import text
from ...model.alert import Notification, NotificationCode, Scope
from ...model.control import ControlRequest, ControlResponse, ControlService, KeyValueStore, RequestKind
from ...model.incident import Incident
from ...model.installation import conversation
from .. import choosing
from ..channels.telegram import LONGEST_WAIT, connect, flood_wait
from ..choosing import Choice
from ..messages.markup import Message
from . import replies
from .commands import Act, ChatRequest, Command, Context, Show, Unclear, handlers, request_of
from .sender import SEND_SECONDS, Sender
from .updates import LATE_SECONDS, PollingBot, UpdateQueue, UpdateSource

ASK_SECONDS = 15.0
SLOWEST_RETRY, CONFLICT_RETRY, MENDING_RETRY = 60.0, 60.0, 300.0
# An error that passes is recorded after so many in a row, and over after so many successes.
PATIENCE = 3
MOST_A_MINUTE = 20
MOST_STRANGERS = 50
END_SECONDS = 1.0
_LONGEST_DETAIL = 200
# Usually over soon: recorded when they persist.
_PASSING = frozenset({"unreachable", "storage"})

Note = Callable[[str, Mapping[str, str]], None]


class View(Protocol):
    """The read model: `status` as in `trafico-monitor status --json`."""

    def status(self) -> Mapping[str, object]: ...
    def open_incidents(self) -> Sequence[Incident]: ...

    def told(self, key: str) -> Awaitable[Notification | None]:
        """The notification behind the message of that conversation; None where it is no longer known."""
        ...

    def modelos(self) -> Awaitable[Sequence[str]]:
        """Modelos that a rescued video can be assigned to, the last used first."""
        ...


class AlertBot:
    """`run` is owned by the service. `allowed` holds the ids of persons, who are obeyed, and of
    groups, in which those persons are obeyed. `note(code, fields)` is called with what should be
    recorded, each thing once; its text is `answers.note.<code>`.

    An update is handled from beginning to end before the next one, and before the server is told of it:
    `UpdateQueue`."""

    def __init__(
        self,
        token: str,
        api_url: str,
        allowed: frozenset[int],
        control: ControlService,
        view: View,
        store: KeyValueStore,
        clock: Callable[[], float],
        language: str = "es",
        *,
        note: Note | None = None,
    ) -> None:
        self._token, self._allowed, self._language = token, allowed, language
        self._control, self._view, self._clock, self._noted = control, view, clock, note
        # By the bot's number: for another bot, the place in its updates means nothing.
        place = f"answers.{token.partition(':')[0]}"
        self._source = UpdateSource(place, store, clock, self._failed, self._succeeded)
        self._bot, self._connections = connect(
            token, api_url, connections=4, make=lambda **given: PollingBot(self._source, **given)
        )
        self._updates = UpdateQueue()
        self._application = ApplicationBuilder().bot(self._bot).update_queue(self._updates).job_queue(None).build()
        self._application.add_handlers(handlers(self._receive))
        self._application.add_error_handler(self._not_handled)
        self._sender = Sender(self._bot, lambda error: self._note("unsaid", detalle=self._safe(error)))
        self._failures = self._successes = 0
        self._trouble, self._detail, self._told = "", "", ""
        self._strangers: set[int] = set()
        self._recent: deque[float] = deque(maxlen=MOST_A_MINUTE)
        self._warned_at = self._told_late_at = float("-inf")
        self._unfinished: set[asyncio.Future[ControlResponse]] = set()

    @property
    def remark(self) -> str:
        """What the operator should know or fix, "" for nothing."""
        if not self._trouble:
            return ""
        return text(f"answers.note.{self._trouble}", self._language, detalle=self._detail)

    async def run(self) -> None:
        """Handles updates until cancelled."""
        updater = self._application.updater
        assert updater is not None  # the builder makes one
        try:
            await self._introduce()
            await updater.start_polling()
            while True:
                update = await self._updates.get()
                try:
                    await self._application.process_update(update)
                finally:
                    self._updates.task_done()
        finally:
            self._source.close()
            if updater.running:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(END_SECONDS):
                        await updater.stop()
            for asking in self._unfinished:
                asking.cancel()
            if self._unfinished:
                await asyncio.wait(self._unfinished, timeout=END_SECONDS)
            with contextlib.suppress(Exception):
                await self._connections.shutdown()

    async def _introduce(self) -> None:
        """Loads the stored position, asks for the bot's own name and shows the commands; for as long as it takes."""
        asked = False
        while True:
            try:
                await self._source.load()
                async with asyncio.timeout(SEND_SECONDS):
                    if asked:
                        await self._bot.get_me()
                    asked = True
                    await self._application.initialize()  # asks getMe itself, but only once
                await self._sender.show_commands(sorted(self._allowed), self._language)
                return
            except Exception as error:  # the network, or an answer that is none
                await asyncio.sleep(self._failed(error))

    # Who, and what.

    async def _receive(self, update: Update, command: Command | None) -> None:
        """The one entrance for every update: it checks the sender before anything else. An error of one request must
        not end the others."""
        request = request_of(update)
        if request is None or not self._may(request):
            return
        self._source.heard = True
        await self._store_place(update.update_id)
        try:
            if not self._has_patience():
                await self._refuse_flood(request)
            elif not self._source.fresh and (request.at is None or self._clock() - request.at > LATE_SECONDS):
                await self._refuse_late(request)
            else:
                await self._answer(request, command)
        except Exception as error:
            self._note("update", detalle=self._safe(error))
            await self._sender.reply(request, replies.notice_message("trouble", self._language), ok=False)

    async def _not_handled(self, update: object, context: Context) -> None:
        """Records an error of the library's dispatch itself."""
        self._note("update", detalle=self._safe(context.error or ValueError()))

    def _may(self, request: ChatRequest) -> bool:
        if request.user not in self._allowed:
            self._note_stranger(request)
            return False
        at_home = request.private and request.chat == request.user
        return at_home or request.chat in self._allowed

    async def _store_place(self, number: int) -> None:
        """Stores the position, for as long as it takes: before that nothing is carried out or confirmed."""
        while True:
            try:
                return await self._source.store(number)
            except MonitorError as error:
                await asyncio.sleep(self._failed(error))

    async def _answer(self, request: ChatRequest, command: Command | None) -> None:
        language = self._language
        if isinstance(command, Act):
            await self._act(request, command)
        elif isinstance(command, Choice):
            await self._choose(request, command)
        elif isinstance(command, Unclear):
            await self._sender.reply(request, replies.notice_message(f"unclear.{command.code}", language), ok=False)
        elif command is Show.STATUS:
            await self._sender.send(request, replies.status_message(self._view.status(), language))
        elif command is Show.INCIDENTS:
            await self._sender.send(request, replies.incidents_message(self._view.open_incidents(), language))
        elif command is Show.HELP:
            await self._sender.send(request, replies.help_message(language))

    async def _act(self, request: ChatRequest, command: Act) -> None:
        await self._carry_out(request, self._request_of(request, command))
        if request.query and all(one.id != command.incident for one in self._view.open_incidents()):
            await self._sender.take_buttons(request)

    async def _carry_out(self, request: ChatRequest, order: ControlRequest) -> None:
        reply = await self._ask(order)
        if reply is None:
            message = replies.notice_message("no_reply", self._language, segundos=f"{ASK_SECONDS:g}")
        else:
            said = replies.reply_line(reply, self._language)
            message = Message(said.html, said.plain)
        await self._sender.reply(request, message, ok=reply is not None and reply.ok)

    async def _choose(self, request: ChatRequest, choice: Choice) -> None:
        """Assigns a rescued video to a modelo; the task that does it updates the message."""
        notice, names = await self._view.told(conversation(choice.mark)), await self._view.modelos()
        if notice is None:
            await self._sender.reply(request, replies.notice_message("choice.forgotten", self._language), ok=False)
            return
        modelo = choosing.signed(choice.sign, names)
        if modelo:
            file, incident = notice.fields.get("archivo", ""), notice.fields.get("incidente", "")
            by, at = f"telegram:{request.user}", self._clock()
            await self._carry_out(
                request, ControlRequest(RequestKind.ASSIGN, by, at, incident, file=file, modelo=modelo)
            )
            return
        if choice.sign:
            await self._sender.reply(request, replies.notice_message("choice.gone", self._language), ok=False)
        if notice.code is NotificationCode.RESCUED:
            rows = choosing.rows(choice.mark, names, self._language, page=choice.page)
            await self._sender.turn_page(request, rows)
        elif not choice.sign:
            await self._sender.reply(request, replies.notice_message("choice.over", self._language), ok=False)

    def _request_of(self, request: ChatRequest, command: Act) -> ControlRequest:
        by, at, reason = f"telegram:{request.user}", self._clock(), text("answers.reason", self._language)
        if command.kind is not RequestKind.SILENCE:
            return ControlRequest(command.kind, by, at, incident=command.incident, reason=reason)
        scope = Scope.INCIDENT if command.incident else Scope.ALL
        return ControlRequest(
            command.kind, by, at, scope=scope, value=command.incident, seconds=command.seconds, reason=reason
        )

    async def _ask(self, request: ControlRequest) -> ControlResponse | None:
        """The control service's response; None after ASK_SECONDS. The request itself goes on."""
        asking = asyncio.ensure_future(self._control.ask(request))
        self._unfinished.add(asking)
        asking.add_done_callback(self._finished)
        done, _ = await asyncio.wait({asking}, timeout=ASK_SECONDS)
        return asking.result() if done else None

    def _finished(self, asking: asyncio.Future[ControlResponse]) -> None:
        self._unfinished.discard(asking)
        if not asking.cancelled():
            asking.exception()  # looked at: nobody may be waiting for it any more

    # Limits and troubles.

    def _note_stranger(self, request: ChatRequest) -> None:
        if request.user in self._strangers or len(self._strangers) > MOST_STRANGERS:
            return
        self._strangers.add(request.user)
        if len(self._strangers) > MOST_STRANGERS:
            self._note("strangers", n=str(MOST_STRANGERS))
        else:
            self._note("stranger", usuario=str(request.user), chat=str(request.chat))

    def _has_patience(self) -> bool:
        """False above MOST_A_MINUTE requests a minute, of all persons together."""
        now = asyncio.get_running_loop().time()
        if len(self._recent) == MOST_A_MINUTE and now - self._recent[0] < 60.0:
            return False
        self._recent.append(now)
        return True

    async def _refuse_flood(self, request: ChatRequest) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._warned_at >= 60.0:
            self._warned_at = now
            await self._sender.send(request, replies.notice_message("too_many", self._language))

    async def _refuse_late(self, request: ChatRequest) -> None:
        if request.query:
            message = replies.notice_message("late.press", self._language)
            if await self._sender.toast(request, message.plain, alert=True):
                return
        else:
            message = replies.notice_message("late.message", self._language, minutos=f"{LATE_SECONDS / 60:g}")
        now = asyncio.get_running_loop().time()
        if now - self._told_late_at >= 60.0:  # what had piled up is told of once
            self._told_late_at = now
            await self._sender.send(request, message)

    def _failed(self, error: Exception) -> float:
        """Records `error` and returns the seconds to wait. One that usually passes is recorded when it persists."""
        if isinstance(error, RetryAfter):
            return min(flood_wait(error), LONGEST_WAIT)
        kind, wait = _kind_of(error)
        self._failures, self._successes = self._failures + 1, 0
        self._trouble, self._detail = kind, self._safe(error)
        if self._told != kind and (kind not in _PASSING or self._failures >= PATIENCE):
            self._told = kind
            self._note(kind, detalle=self._detail)
        return wait or min(SLOWEST_RETRY, 2.0 ** min(self._failures, 10))

    def _succeeded(self) -> None:
        """Two programs that ask the same bot end each other's questions by turns: once is not yet
        well."""
        self._successes += 1
        if self._told and self._successes < PATIENCE:
            return
        if self._told:
            self._note("back")
        self._failures, self._trouble, self._told = 0, "", ""

    def _note(self, code: str, **fields: str) -> None:
        if self._noted is not None:
            self._noted(code, fields)

    def _safe(self, error: BaseException) -> str:
        said = str(error) or type(error).__name__
        return redact(said.replace(self._token, TOKEN))[:_LONGEST_DETAIL]


def _kind_of(error: Exception) -> tuple[str, float]:
    """`answers.note.<kind>`, and the seconds until the next try; 0: soon, and later each time."""
    if isinstance(error, Conflict):
        webhook = "webhook" in error.message.lower()
        return ("webhook", MENDING_RETRY) if webhook else ("conflict", CONFLICT_RETRY)
    if isinstance(error, InvalidToken | Forbidden):
        return "token", MENDING_RETRY
    return ("storage" if isinstance(error, MonitorError) else "unreachable"), 0.0
