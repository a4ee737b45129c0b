"""The tests' hand on the stand-in server: orders and read-outs over its control interface."""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

Json = dict[str, Any]


class ControlError(Exception):
    """The server refused an order, or what was waited for did not come."""


class Control:
    """`url` is where `/control/` is served: the server's own URL, or its control port's."""

    def __init__(self, url: str, *, timeout: float = 10.0) -> None:
        self.url = url.rstrip("/")
        self.timeout = timeout

    def order(self, name: str, **content: Any) -> Any:
        data = json.dumps(content).encode()
        request = urllib.request.Request(f"{self.url}/control/{name}", data, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:
                return json.load(answer)["result"]
        except urllib.error.HTTPError as error:
            raise ControlError(f"{name}: {error.read().decode(errors='replace')}") from error

    # -- what goes wrong ------------------------------------------------------------------

    def fault(self, method: str, kind: str, **more: Any) -> Json:
        """See faults.Fault: times=, seconds=, status=, retry_after=, keep=, where=…"""
        fault: Json = self.order("fault", method=method, kind=kind, **more)
        return fault

    def clear(self) -> None:
        """End every fault and let go of the calls that they hold."""
        self.order("clear")

    def down(self) -> None:
        """Refuse connections, as a stopped container does (needs a control port of its own)."""
        self.order("listen", open=False)

    def up(self) -> None:
        self.order("listen", open=True)

    # -- what users send ------------------------------------------------------------------

    def chat(self, chat_id: int) -> None:
        """Make a chat exist; whoever sends something has one already."""
        self.order("chat", id=chat_id)

    def file(self, file_id: str, path: Path, *, upload: bool = False, **more: Any) -> Json:
        """Register an original. more: size= (announced), uid=, gid=, mode=, number= (file_N.mp4).

        `upload` sends the bytes along, for a server that cannot see `path` (a container).
        """
        if upload:
            more["content_base64"] = base64.b64encode(path.read_bytes()).decode()
        registered: Json = self.order("file", file_id=file_id, path=str(path.absolute()), **more)
        return registered

    def video(self, file_id: str, user_id: int, first_name: str = "Usuario", **more: Any) -> Json:
        """A user sends the video registered as `file_id`. more: token= of the bot that gets it."""
        sender = {"id": user_id, "first_name": first_name}
        update: Json = self.order("video", file_id=file_id, **{"from": sender}, **more)
        return update

    def text(self, text: str, user_id: int, first_name: str = "Usuario", **more: Any) -> Json:
        sender = {"id": user_id, "first_name": first_name}
        update: Json = self.order("text", text=text, **{"from": sender}, **more)
        return update

    def press(self, message_id: int, data: str, user_id: int, **more: Any) -> Json:
        """A user presses the inline button whose callback data are `data`."""
        sender = {"id": user_id, "first_name": "Usuario"}
        update: Json = self.order("callback", message_id=message_id, data=data, **{"from": sender}, **more)
        return update

    def raw(self, token: str, update: Any) -> Json:
        """Any update at all, for the bot of that token."""
        put: Json = self.order("raw", token=token, update=update)
        return put

    def webhook(self, token: str, url: str) -> None:
        """Set (or with "" take away) a bot's webhook: with one, getUpdates is refused."""
        self.order("webhook", token=token, url=url)

    # -- what was seen --------------------------------------------------------------------

    def messages(self, chat_id: int | None = None, token: str | None = None) -> list[Json]:
        """Accepted sendMessage and editMessageText calls, oldest first."""
        found: list[Json] = self.order("messages")
        return [m for m in found if chat_id in (None, m["chat_id"]) and token in (None, m["token"])]

    def answers(self) -> list[Json]:
        """What presses were answered with: {query, text, alert}."""
        found: list[Json] = self.order("answers")
        return found

    def commands(self) -> list[Json]:
        """What setMyCommands has set: {token, scope, commands}."""
        found: list[Json] = self.order("commands")
        return found

    def calls(self, method: str | None = None, token: str | None = None) -> list[Json]:
        """Every call, refused and broken ones too: status is None where there was no answer."""
        found: list[Json] = self.order("calls")
        return [c for c in found if method in (None, c["method"]) and token in (None, c["token"])]

    def faults(self) -> list[Json]:
        found: list[Json] = self.order("faults")
        return found

    def wait_ready(self, deadline: float = 10.0) -> None:
        end = time.monotonic() + deadline
        while True:
            try:
                self.order("ready")
                return
            except OSError as error:
                if time.monotonic() > end:
                    raise ControlError(f"no server on {self.url} after {deadline} s") from error
            time.sleep(0.02)

    def wait_message(
        self, matches: Callable[[Json], bool] | str, deadline: float = 10.0, chat_id: int | None = None
    ) -> Json:
        """The first message that `matches` (a predicate, or a piece of its text)."""
        return self._wait(lambda: self.messages(chat_id), _predicate(matches, "text"), deadline)

    def wait_call(self, matches: Callable[[Json], bool] | str, deadline: float = 10.0) -> Json:
        """The first call that `matches` (a predicate, or the name of its method)."""
        return self._wait(self.calls, _predicate(matches, "method"), deadline)

    def _wait(self, seen: Callable[[], list[Json]], matches: Callable[[Json], bool], deadline: float) -> Json:
        end = time.monotonic() + deadline
        while time.monotonic() < end:
            found = next((entry for entry in seen() if matches(entry)), None)
            if found is not None:
                return found
            time.sleep(0.02)
        raise ControlError(f"not seen within {deadline} s; seen: {seen()[-5:]}")


def _predicate(matches: Callable[[Json], bool] | str, key: str) -> Callable[[Json], bool]:
    if callable(matches):
        return matches
    piece = matches
    return lambda entry: piece in str(entry[key])
