"""What Telegram accepts and how it refuses: the rules for texts, tags and buttons."""

from __future__ import annotations

import html
import json
import re
from typing import Any

MAX_TEXT = 4096  # characters of a message after entity parsing, core.telegram.org/bots/api#sendmessage
MAX_CALLBACK_DATA = 64  # bytes of an inline button's data
HTML_TAG = re.compile(r"<(?P<end>/?)(?P<name>[A-Za-z][\w-]*)(?P<attributes>(?:\s+[^<>]*)?)\s*>")
HTML_TAGS = {"a", "b", "blockquote", "code", "del", "em", "i", "ins", "pre", "s", "span", "strike"}
HTML_TAGS |= {"strong", "tg-emoji", "tg-spoiler", "u"}


class ApiError(Exception):
    """An answer with ok=false: status, description and the ResponseParameters of Telegram."""

    def __init__(self, status: int, description: str, **parameters: float) -> None:
        super().__init__(description)
        self.status = status
        self.parameters = parameters

    def body(self) -> bytes:
        answer: dict[str, Any] = {"ok": False, "error_code": self.status, "description": str(self)}
        if self.parameters:
            answer["parameters"] = self.parameters
        return json.dumps(answer).encode()


def bad_request(description: str) -> ApiError:
    return ApiError(400, f"Bad Request: {description}")


def rendered_text(text: str, parse_mode: str) -> str:
    """Return what a reader sees of `text`; raise ApiError where Telegram refuses it."""
    if parse_mode.lower() == "html":
        text = _rendered_html(text)
    elif parse_mode.lower() not in ("", "markdown", "markdownv2"):
        raise bad_request("unsupported parse_mode")
    text = text.strip()
    if not text:
        raise bad_request("message text is empty")
    if len(text) > MAX_TEXT:
        raise bad_request("message is too long")
    return text


def _rendered_html(text: str) -> str:
    open_tags: list[str] = []
    seen: list[str] = []
    position = 0
    while (start := text.find("<", position)) >= 0:
        seen.append(_plain_entities(text[position:start]))
        offset = len(text[:start].encode())
        match = HTML_TAG.match(text, start)
        if match is None:
            raise _parse_error(f"Unclosed start tag at byte offset {offset}")
        _check_tag(match, open_tags, offset)
        position = match.end()
    if open_tags:
        raise _parse_error(f'Can\'t find end tag corresponding to start tag "{open_tags[-1]}"')
    seen.append(_plain_entities(text[position:]))
    return "".join(seen)


def _check_tag(tag: re.Match[str], open_tags: list[str], offset: int) -> None:
    name = tag["name"].lower()
    if tag["end"]:
        if not open_tags:
            raise _parse_error(f"Unexpected end tag at byte offset {offset}")
        if (expected := open_tags.pop()) != name:
            raise _parse_error(
                f'Unmatched end tag at byte offset {offset}, expected "</{expected}>", found "</{name}>"'
            )
    elif name not in HTML_TAGS:
        raise _parse_error(f'Unsupported start tag "{name}" at byte offset {offset}')
    elif name == "span" and "tg-spoiler" not in tag["attributes"]:
        raise _parse_error(f'Tag "span" must have class "tg-spoiler" at byte offset {offset}')
    else:
        open_tags.append(name)


def _parse_error(what: str) -> ApiError:
    return bad_request(f"can't parse entities: {what}")


def _plain_entities(text: str) -> str:
    """Telegram knows four named entities and the numeric ones; the others stay as they are."""
    return re.sub(r"&(?:lt|gt|amp|quot|#\d+|#x[0-9a-fA-F]+);", lambda found: html.unescape(found[0]), text)


def check_markup(markup: str) -> None:
    if not markup:
        return
    try:
        rows = json.loads(markup).get("inline_keyboard", [])
    except (ValueError, AttributeError):
        raise bad_request("object expected as reply markup") from None
    for button in (button for row in rows for button in row):
        if len(str(button.get("callback_data", "")).encode()) > MAX_CALLBACK_DATA:
            raise bad_request("BUTTON_DATA_INVALID")
