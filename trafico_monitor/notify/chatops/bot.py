"""The alert bot answers: whoever may, asks how things stand and orders a retry from the phone.

One token has one consumer of updates: this is only for an alert token of its own. Strangers get no
answer at all, and of what they write nothing is kept but who they are. What may have waited for
longer than LATE_SECONDS is not carried out, and its sender is told.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from telegram.error import Conflict, Forbidden, InvalidToken, RetryAfter

from ...host.redact import TOKEN, redact
from ...messages import text
from ...model.alert import Notification, NotificationCode, Scope
from ...model.control import ControlRequest, ControlResponse, RequestKind
from ...model.incident import Incident
from ...model.installation import conversation
from .. import choosing
from ..channels.telegram import LONGEST_WAIT, connect, flood_wait
from ..choosing import Choice
from ..listening import LATE_SECONDS, Kept, Listener, NotKept
from ..messages.markup import Message
from . import replies
from .commands import Act, Asked, Show, Unclear, wish_of
from .sender import SAY_SECONDS, Speaker

ASK_SECONDS = 15.0
SLOWEST_RETRY, CONFLICT_RETRY, MENDING_RETRY = 60.0, 60.0, 300.0
# A trouble is told when it comes so often in a row, and over when all went well so often.
PATIENCE = 3
MOST_A_MINUTE = 20
MOST_STRANGERS = 50
END_SECONDS = 1.0
_LONGEST_DETAIL = 200
# Mends itself, most often: told when it stays.
_PASSING = frozenset({"unreachable", "storage"})

Note = Callable[[str, Mapping[str, str]], None]


class Desk(Protocol):
    """`trafico_monitor.control.protocol.Desk`."""

    async def ask(self, request: ControlRequest) -> ControlResponse: ...


class View(Protocol):
    """What may be looked at: `status` as `trafico-monitor status --json` has it."""

    def status(self) -> Mapping[str, object]: ...
    def open_incidents(self) -> Sequence[Incident]: ...

    def told(self, key: str) -> Awaitable[Notification | None]:
        """What the message of that conversation says; None where nobody knows any more."""
        ...

    def modelos(self) -> Awaitable[Sequence[str]]:
        """Those that a rescued video may be put to, the last used first."""
        ...


class Answers:
    """`run` is owned by the service. `allowed` holds the ids of persons, who are obeyed, and of
    groups, in which those persons are obeyed. `note(code, fields)` is told what should be
    recorded, each thing once; its text is `answers.note.<code>`."""

    def __init__(
        self,
        token: str,
        api_url: str,
        allowed: frozenset[int],
        desk: Desk,
        view: View,
        kept: Kept,
        clock: Callable[[], float],
        language: str = "es",
        *,
        note: Note | None = None,
    ) -> None:
        self._token, self._allowed, self._language = token, allowed, language
        self._desk, self._view, self._clock, self._noted = desk, view, clock, note
        self._bot, self._request = connect(token, api_url, connections=4)
        # By the bot's number: for another bot, the place in its updates means nothing.
        place = f"answers.{token.partition(':')[0]}"
        self._listener = Listener(self._bot, place, kept, clock, self._may, self._answer_safely)
        self._speaker = Speaker(self._bot, lambda error: self._note("unsaid", detalle=self._safe(error)))
        self._name = ""
        self._failures = self._successes = 0
        self._trouble, self._detail, self._told = "", "", ""
        self._strangers: set[int] = set()
        self._recent: deque[float] = deque(maxlen=MOST_A_MINUTE)
        self._warned_at = self._told_late_at = float("-inf")
        self._unfinished: set[asyncio.Future[ControlResponse]] = set()

    @property
    def remark(self) -> str:
        """What the operator should know or mend, "" when nothing."""
        if not self._trouble:
            return ""
        return text(f"answers.note.{self._trouble}", self._language, detalle=self._detail)

    async def run(self) -> None:
        """Listen until cancelled."""
        try:
            while True:
                await asyncio.sleep(await self.step())
        finally:
            for asking in self._unfinished:
                asking.cancel()
            if self._unfinished:
                await asyncio.wait(self._unfinished, timeout=END_SECONDS)
            with contextlib.suppress(Exception):
                await self._request.shutdown()

    async def step(self) -> float:
        """Introduce ourselves, if that is not done yet; then listen once. Return the seconds to
        wait before the next step. Raises nothing."""
        try:
            if not self._name:
                await self._begin()
            pause = await self._listener.step()
        except RetryAfter as error:
            return min(flood_wait(error), LONGEST_WAIT)
        except Conflict as error:
            if "webhook" in error.message.lower():
                return self._failed("webhook", error, MENDING_RETRY)
            return self._failed("conflict", error, CONFLICT_RETRY)
        except (InvalidToken, Forbidden) as error:
            return self._failed("token", error, MENDING_RETRY)
        except NotKept as error:
            return self._failed("storage", error)
        except Exception as error:  # the network, or an answer that is none
            return self._failed("unreachable", error)
        self._works()
        return pause

    async def _begin(self) -> None:
        await self._listener.begin()
        async with asyncio.timeout(SAY_SECONDS):
            name = (await self._bot.get_me()).username or "?"
        await self._speaker.show_commands(sorted(self._allowed), self._language)
        self._name = name

    # Who, and what.

    def _may(self, asked: Asked) -> bool:
        if asked.user not in self._allowed:
            self._note_stranger(asked)
            return False
        at_home = asked.private and asked.chat == asked.user
        return at_home or asked.chat in self._allowed

    async def _answer_safely(self, asked: Asked, fresh: bool) -> None:
        """One request must not end the others, whatever goes wrong with it."""
        try:
            if not self._has_patience():
                await self._refuse_flood(asked)
            elif not fresh and (asked.at is None or self._clock() - asked.at > LATE_SECONDS):
                await self._say_late(asked)
            else:
                await self._answer(asked)
        except Exception as error:
            self._note("update", detalle=self._safe(error))
            await self._speaker.tell(asked, replies.notice_message("trouble", self._language), ok=False)

    async def _answer(self, asked: Asked) -> None:
        wish, language = wish_of(asked, self._name), self._language
        if isinstance(wish, Act):
            await self._act(asked, wish)
        elif isinstance(wish, Choice):
            await self._choose(asked, wish)
        elif isinstance(wish, Unclear):
            await self._speaker.tell(asked, replies.notice_message(f"unclear.{wish.code}", language), ok=False)
        elif wish is Show.STATUS:
            await self._speaker.say(asked, replies.status_message(self._view.status(), language))
        elif wish is Show.INCIDENTS:
            await self._speaker.say(asked, replies.incidents_message(self._view.open_incidents(), language))
        elif wish is Show.HELP:
            await self._speaker.say(asked, replies.help_message(language))

    async def _act(self, asked: Asked, wish: Act) -> None:
        await self._carry_out(asked, self._request_of(asked, wish))
        if asked.query and all(one.id != wish.incident for one in self._view.open_incidents()):
            await self._speaker.take_buttons(asked)

    async def _carry_out(self, asked: Asked, request: ControlRequest) -> None:
        reply = await self._ask(request)
        if reply is None:
            message = replies.notice_message("no_reply", self._language, segundos=f"{ASK_SECONDS:g}")
        else:
            said = replies.reply_line(reply, self._language)
            message = Message(said.html, said.plain)
        await self._speaker.tell(asked, message, ok=reply is not None and reply.ok)

    async def _choose(self, asked: Asked, choice: Choice) -> None:
        """Whose a rescued video is; the message itself is written anew by whoever puts it there."""
        notice, names = await self._view.told(conversation(choice.mark)), await self._view.modelos()
        if notice is None:
            await self._speaker.tell(asked, replies.notice_message("choice.forgotten", self._language), ok=False)
            return
        modelo = choosing.signed(choice.sign, names)
        if modelo:
            file, incident = notice.fields.get("archivo", ""), notice.fields.get("incidente", "")
            by, at = f"telegram:{asked.user}", self._clock()
            await self._carry_out(
                asked, ControlRequest(RequestKind.ASSIGN, by, at, incident, file=file, modelo=modelo)
            )
            return
        if choice.sign:
            await self._speaker.tell(asked, replies.notice_message("choice.gone", self._language), ok=False)
        if notice.code is NotificationCode.RESCUED:
            rows = choosing.rows(choice.mark, names, self._language, page=choice.page)
            await self._speaker.turn_page(asked, rows)
        elif not choice.sign:
            await self._speaker.tell(asked, replies.notice_message("choice.over", self._language), ok=False)

    def _request_of(self, asked: Asked, wish: Act) -> ControlRequest:
        by, at, reason = f"telegram:{asked.user}", self._clock(), text("answers.reason", self._language)
        if wish.kind is not RequestKind.SILENCE:
            return ControlRequest(wish.kind, by, at, incident=wish.incident, reason=reason)
        scope = Scope.INCIDENT if wish.incident else Scope.ALL
        return ControlRequest(wish.kind, by, at, scope=scope, value=wish.incident, seconds=wish.seconds, reason=reason)

    async def _ask(self, request: ControlRequest) -> ControlResponse | None:
        """The desk's reply; None when it takes too long. What it has begun is left to end."""
        asking = asyncio.ensure_future(self._desk.ask(request))
        self._unfinished.add(asking)
        asking.add_done_callback(self._finished)
        done, _ = await asyncio.wait({asking}, timeout=ASK_SECONDS)
        return asking.result() if done else None

    def _finished(self, asking: asyncio.Future[ControlResponse]) -> None:
        self._unfinished.discard(asking)
        if not asking.cancelled():
            asking.exception()  # looked at: nobody may be waiting for it any more

    # Limits and troubles.

    def _note_stranger(self, asked: Asked) -> None:
        if asked.user in self._strangers or len(self._strangers) > MOST_STRANGERS:
            return
        self._strangers.add(asked.user)
        if len(self._strangers) > MOST_STRANGERS:
            self._note("strangers", n=str(MOST_STRANGERS))
        else:
            self._note("stranger", usuario=str(asked.user), chat=str(asked.chat))

    def _has_patience(self) -> bool:
        """At most MOST_A_MINUTE requests a minute, all persons together."""
        now = asyncio.get_running_loop().time()
        if len(self._recent) == MOST_A_MINUTE and now - self._recent[0] < 60.0:
            return False
        self._recent.append(now)
        return True

    async def _refuse_flood(self, asked: Asked) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._warned_at >= 60.0:
            self._warned_at = now
            await self._speaker.say(asked, replies.notice_message("too_many", self._language))

    async def _say_late(self, asked: Asked) -> None:
        if asked.query:
            message = replies.notice_message("late.press", self._language)
            if await self._speaker.toast(asked, message.plain, alert=True):
                return
        else:
            message = replies.notice_message("late.message", self._language, minutos=f"{LATE_SECONDS / 60:g}")
        now = asyncio.get_running_loop().time()
        if now - self._told_late_at >= 60.0:  # what had piled up is told of once
            self._told_late_at = now
            await self._speaker.say(asked, message)

    def _failed(self, kind: str, error: Exception, wait: float = 0.0) -> float:
        self._failures, self._successes = self._failures + 1, 0
        self._trouble, self._detail = kind, self._safe(error)
        if self._told != kind and (kind not in _PASSING or self._failures >= PATIENCE):
            self._told = kind
            self._note(kind, detalle=self._detail)
        return wait or min(SLOWEST_RETRY, 2.0 ** min(self._failures, 10))

    def _works(self) -> None:
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
