"""E-mail, Slack, Discord and other services by Apprise: one address each, sent by a process of its own
(`apprise_worker` says why). The services have no common way to edit a message, so none is edited."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from ...errors import DeliveryError
from ...host import subprocesses
from ...host.untrusted_json import parse
from ...messages import text
from ...model.alert import Severity
from ..delivery.worker import RefusedByServer
from ..messages.markup import Message, clip

# Apprise itself gives up after 4 s without a connection or an answer, 15 s in SMTP; some services
# take several requests for one message.
DEADLINE = 45.0
# What only the operator can fix is tried again this often, so that fixing it is enough.
SLOW_RETRY = 300.0
# A service that says «too many» tells Apprise when to come again, and Apprise tells nobody.
FLOOD_RETRY = 60.0
LONGEST_TITLE = 120
_SENDER = Path(__file__).with_name("apprise_worker.py")
_RIGHTS = frozenset({401, 403, 404})
_MAIL_RIGHTS = frozenset({530, 534, 535, 538})  # RFC 4954: credentials
_UNUSABLE = frozenset({"absent", "address", "rights", "mail_rights"})
_ANSWERED = frozenset({"status", "refused"})
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


class AppriseChannel:
    """One address of Apprise. It is a secret: errors say the channel's name instead."""

    edits = False

    def __init__(self, name: str, url: str, language: str = "es") -> None:
        self._name, self._url, self._language = name, url, language
        self._unusable = "" if importlib.util.find_spec("apprise") else "absent"

    @property
    def name(self) -> str:
        return self._name

    @property
    def remark(self) -> str:
        if not self._unusable:
            return ""
        return text(f"channels.apprise.{self._unusable}", self._language, canal=self._name, estado="")

    async def close(self) -> None:
        """Nothing to close: no connection outlives a message."""

    async def deliver(self, message: Message, *, message_id: str | None) -> str:
        """Sends the message and returns "", as no service can edit it. Raises DeliveryError, without the address."""
        title, body = subject_and_body(message)
        order = {"url": self._url, "title": title, "body": body, "level": _level(message)}
        command = [sys.executable, "-I", str(_SENDER)]
        environment = {"LC_ALL": "C.UTF-8"} | {name: os.environ[name] for name in _PROXIES if name in os.environ}
        done = await subprocesses.run(
            command, seconds=DEADLINE, environment=environment, given=json.dumps(order).encode()
        )
        if done.code is None:
            raise DeliveryError(text("channels.deadline", self._language, canal=self._name, segundos=f"{DEADLINE:g}"))
        kind, status, detail = _outcome(_result(done.output), done.code)
        self._unusable = kind if kind in ("absent", "address") else ""
        if kind != "sent":
            raise self._trouble(kind, status, detail)
        return ""

    def _trouble(self, kind: str, status: int, detail: str) -> DeliveryError:
        said = text(f"channels.apprise.{kind}", self._language, canal=self._name, estado=status, detalle=detail)
        made = RefusedByServer if kind in _ANSWERED else DeliveryError
        unusable = kind in _UNUSABLE
        wait = SLOW_RETRY if unusable else FLOOD_RETRY if status == 429 else 0.0
        return made(said, retry_after=wait, unusable=unusable)


def subject_and_body(message: Message) -> tuple[str, str]:
    """A subject that says what happened, and the rest; neither mentions a person of the service."""
    title, _, body = message.plain.partition("\n")
    what = next((one for one in body.split("\n") if one.strip()), "")
    subject = clip(f"{title} · {what}" if what else title, LONGEST_TITLE)
    return harmless(subject), harmless(body.strip() or title)


def harmless(value: str) -> str:
    """`value` in which `@everyone`, `<!channel>` and `<@somebody>`, of which a video's name may consist, notify
    nobody: an invisible space follows the sign."""
    return value.replace("@", "@\u200b").replace("<", "<\u200b")


def _level(message: Message) -> str:
    if message.notice is None or message.notice.severity is Severity.RECOVERABLE:
        return "warning"
    return "failure" if message.notice.severity is Severity.CRITICAL else "info"


def _result(output: str) -> Mapping[str, object]:
    try:
        result = parse(output.rsplit("\n", 1)[-1])  # a service may have printed before
    except ValueError:
        return {}
    return result if isinstance(result, dict) else {}


def _outcome(result: Mapping[str, object], code: int) -> tuple[str, int, str]:
    """(a kind of `channels.apprise.*` or `sent`, status, detail)."""
    kind, status, detail = (result.get(key) for key in ("kind", "status", "detail"))
    number = status if isinstance(status, int) else 0
    if kind == "http":
        return ("rights" if number in _RIGHTS else "status"), number, ""
    if kind == "smtp":
        return ("mail_rights" if number in _MAIL_RIGHTS else "status"), number, ""
    if kind in ("sent", "absent", "address", "unreachable", "refused"):
        return str(kind), number, ""
    return "broken", 0, detail if isinstance(detail, str) and detail.isidentifier() else f"exit {code}"
