"""The Bot API's methods and the tests' orders, apart from HTTP."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from .faults import KINDS, Fault
from .file_store import FileStore
from .standing import Standing
from .telegram_rules import ApiError, bad_request, check_markup, rendered_text
from .updates import Updates

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are "
    "exactly the same as a current content and reply markup of the message"
)

Json = dict[str, Any]
Params = dict[str, str]


class BotApi:
    """The state behind the HTTP server: what was said, what is stored, what is to go wrong."""

    def __init__(self, directory: Path, container_dir: str, *, local: bool = True) -> None:
        self.lock = threading.RLock()
        self.files = FileStore(directory, container_dir, local)
        self.updates = Updates()
        self.faults: list[Fault] = []
        self.calls: deque[Json] = deque(maxlen=20000)
        self.strays = 0  # requests for nothing of ours: somebody looks whether the server is there
        self.messages: list[Json] = []
        self.shown: dict[tuple[str, int], Json] = {}  # (token, message_id) → what it shows now
        self.chats: dict[int, Json] = {}
        self.standing = Standing()
        self._next_message = 1

    # -- Bot API methods ------------------------------------------------------------------

    def call(self, token: str, method: str, params: Params, fault: Fault | None) -> Any:
        methods: dict[str, Callable[[str, Params], Any]] = {
            "getme": self._get_me,
            "getupdates": self._get_updates,
            "getchat": self._get_chat,
            "sendmessage": self._send_message,
            "editmessagetext": self._edit_message_text,
            "deletemessage": self._delete_message,
            "editmessagereplymarkup": self._edit_message_reply_markup,
            "answercallbackquery": lambda _token, given: self.standing.answer_query(given),
            "setmycommands": lambda token, given: self.standing.set_commands(token, given),
            "setwebhook": lambda token, given: self.standing.set_webhook(token, given.get("url", "")),
            "deletewebhook": lambda token, _given: self.standing.set_webhook(token, ""),
            "sendchataction": lambda _token, given: bool(self._chat(given)),
        }
        if method.lower() == "getfile":
            with self.lock:
                return self.files.get_file(token, params.get("file_id", ""), fault)
        if method.lower() in ("logout", "close"):
            return True
        if method.lower() not in methods:
            raise ApiError(404, "Not Found: method not found")
        return methods[method.lower()](token, params)

    @staticmethod
    def _get_me(token: str, _params: Params) -> Json:
        return {
            "id": int(token.partition(":")[0]),
            "is_bot": True,
            "first_name": "Bot Central",
            "username": "example_bot",
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }

    def _get_updates(self, token: str, params: Params) -> list[Json]:
        self.standing.may_poll(token)
        offset, limit = int(params.get("offset", 0)), int(params.get("limit", 100))
        return self.updates.get(token, offset, limit, float(params.get("timeout", 0)))

    def _get_chat(self, _token: str, params: Params) -> Json:
        gifts = dict.fromkeys(("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription"), False)
        more = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": gifts}
        return {**self._chat(params), **more}

    def _chat(self, params: Params) -> Json:
        with suppress(ValueError, KeyError), self.lock:
            return self.chats[int(params.get("chat_id", ""))]
        raise bad_request("chat not found")

    def _send_message(self, token: str, params: Params) -> Json:
        with self.lock:
            chat = self._chat(params)
            text = rendered_text(params.get("text", ""), params.get("parse_mode", ""))
            message_id, self._next_message = self._next_message, self._next_message + 1
            return self._show("sendMessage", token, message_id, chat, text, params)

    def _edit_message_text(self, token: str, params: Params) -> Json:
        with self.lock:
            chat = self._chat(params)
            message_id = int(params.get("message_id", 0))
            before = self.shown.get((token, message_id))
            if before is None or before["chat"]["id"] != chat["id"]:
                raise bad_request("message to edit not found")
            text = rendered_text(params.get("text", ""), params.get("parse_mode", ""))
            markup = params.get("reply_markup", "")
            if (before["raw"], before["markup"]) == (params.get("text", ""), markup):
                raise bad_request(NOT_MODIFIED)
            return self._show("editMessageText", token, message_id, chat, text, params)

    def _edit_message_reply_markup(self, token: str, params: Params) -> Json:
        with self.lock:
            chat = self._chat(params)
            message_id = int(params.get("message_id", 0))
            before = self.shown.get((token, message_id))
            if before is None or before["chat"]["id"] != chat["id"]:
                raise bad_request("message to edit not found")
            if before["markup"] == params.get("reply_markup", ""):
                raise bad_request(NOT_MODIFIED)
            kept = {**params, "text": before["raw"], "parse_mode": ""}
            return self._show("editMessageReplyMarkup", token, message_id, chat, before["text"], kept)

    def _show(self, method: str, token: str, message_id: int, chat: Json, text: str, params: Params) -> Json:
        markup = params.get("reply_markup", "")
        check_markup(markup)
        raw = params.get("text", "")
        self.shown[token, message_id] = {"chat": chat, "text": text, "raw": raw, "markup": markup}
        record = {
            "method": method,
            "token": token,
            "chat_id": chat["id"],
            "message_id": message_id,
            "text": raw,
            "rendered": text,
            "parse_mode": params.get("parse_mode", ""),
            "reply_markup": markup,
            "disable_notification": params.get("disable_notification", "") == "true",
            "time": time.time(),
        }
        self.messages.append(record)
        answer: Json = {
            "message_id": message_id,
            "date": int(time.time()),
            "chat": chat,
            "from": self._get_me(token, {}),
            "text": text,
        }
        if markup:
            answer["reply_markup"] = json.loads(markup)
        return answer

    def _delete_message(self, token: str, params: Params) -> bool:
        with self.lock:
            self._chat(params)
            if self.shown.pop((token, int(params.get("message_id", 0))), None) is None:
                raise bad_request("message to delete not found")
        return True

    # -- orders of the tests --------------------------------------------------------------

    def take_fault(self, method: str, params: Params, token: str) -> Fault | None:
        with self.lock:
            fault = next((f for f in self.faults if f.fits(method, params, token)), None)
            if fault is not None:
                fault.used += 1
            return fault

    def add_fault(self, order: Json) -> Json:
        if order.get("kind") not in KINDS:
            raise bad_request(f"kind is one of {', '.join(sorted(KINDS))}")
        with self.lock:
            self.faults.append(Fault(**order))
        return self.faults[-1].as_json()

    def clear_faults(self, _order: Json) -> bool:
        with self.lock:
            for fault in self.faults:
                fault.released.set()
            self.faults.clear()
        return True

    def add_chat(self, order: Json) -> Json:
        number = int(order["id"])
        chat: Json = {"id": number, "type": "private", "first_name": order.get("first_name", "Admin")}
        if number < 0:  # Telegram numbers groups below zero
            chat = {"id": number, "type": "supergroup", "title": order.get("title", "Grupo")}
        with self.lock:
            return self.chats.setdefault(chat["id"], chat)

    def queue_video(self, order: Json) -> Json:
        """{file_id, from: {id, first_name}, token}, and what `file` takes to register it on the way."""
        with self.lock:
            if "path" in order or "content_base64" in order:
                self.files.register(order)
            video = self.files.find(str(order["file_id"]))
        sent = {
            "file_id": video.file_id,
            "file_unique_id": f"unique{video.number}",
            "width": 640,
            "height": 360,
            "duration": 4,
            "mime_type": "video/mp4",
            "file_size": video.size,
        }
        return self._queue_message(order, {"video": sent})

    def queue_text(self, order: Json) -> Json:
        text = str(order["text"])
        content: Json = {"text": text}
        if text.startswith("/"):
            content["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]
        return self._queue_message(order, content)

    def _queue_message(self, order: Json, content: Json) -> Json:
        user = {"is_bot": False, "first_name": "Usuario", **order["from"]}
        with self.lock:
            message_id, self._next_message = self._next_message, self._next_message + 1
        message = {
            "message_id": message_id,
            "date": int(order.get("date") or time.time()),
            "from": user,
            "chat": self.add_chat({"id": order["chat"]} if order.get("chat") else user),
            **content,
            **order.get("more", {}),
        }
        return self.updates.put(order.get("token"), {"message": message})

    def queue_callback(self, order: Json) -> Json:
        """A press of an inline button: {from, data, message_id, token}; it reaches the bot that wrote
        the message. {old: true}: pressed so long ago that it cannot be answered."""
        user = {"is_bot": False, "first_name": "Usuario", **order["from"]}
        with self.lock:
            writer, shown = next((key[0], s) for key, s in self.shown.items() if key[1] == order["message_id"])
            query_id = self.standing.new_query(old=bool(order.get("old")))
        message = {
            "message_id": order["message_id"],
            "date": int(time.time()),
            "chat": shown["chat"],
            "text": shown["text"],
        }
        query = {"id": query_id, "from": user, "chat_instance": "1", "data": order["data"], "message": message}
        return self.updates.put(order.get("token") or writer, {"callback_query": query})

    def queue_raw(self, order: Json) -> Json:
        """{token, update}: an update as it is given, whatever it is; its number is added."""
        return self.updates.put(order["token"], order["update"])

    def close(self) -> None:
        self.clear_faults({})
        self.updates.close()
