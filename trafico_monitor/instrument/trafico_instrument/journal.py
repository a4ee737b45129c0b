"""Sender for journald's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL)."""

from __future__ import annotations

import _socket  # the part of `socket` that a datagram takes
import errno
import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SOCKET = os.environ.get("TRAFICO_JOURNAL_SOCKET") or "/run/systemd/journal/socket"
SEND_SECONDS = 0.2
VALUE_LIMIT = 4096  # characters: PATH_MAX
SHORT_LIMIT = 128  # where the datagram was too large all the same

# The same as in trafico_monitor/bot.py: nothing of the monitor can be imported here.
_TOKEN = re.compile(
    r"(?<![0-9])[0-9]{5,}(?:(?::|%(?:25){0,3}3[Aa]|\\u003[Aa]|&#(?:58|[xX]3[Aa]);|&colon;)[A-Za-z0-9_-]{30,})+"
)
_KIND = _socket.SOCK_DGRAM | _socket.SOCK_CLOEXEC | _socket.SOCK_NONBLOCK

dropped = 0  # entries that journald did not take, since the last one that it took
_stuck = False  # the last wait was in vain: no wait for the next


def send(fields: Mapping[str, object]) -> None:
    """Sends `fields`, redacted, without empty ones. Waits at most SEND_SECONDS, and not again while journald is
    stuck; lost entries are counted and reported with the next accepted one."""
    global dropped, _stuck
    if dropped:
        fields = {**fields, "TRAFICO_PERDIDOS": dropped}
    try:
        try:
            _transmit(encode(fields))
        except OSError as error:
            if error.errno != errno.EMSGSIZE:
                raise
            _transmit(encode(fields, SHORT_LIMIT))
    except OSError as error:
        dropped += 1
        _stuck = isinstance(error, (BlockingIOError, TimeoutError, _socket.timeout))
    else:
        dropped, _stuck = 0, False


def encode(fields: Mapping[str, object], limit: int = VALUE_LIMIT) -> bytes:
    """Returns the entry as a datagram; a value with a line break is sent with its length."""
    known = [(name, str(value)) for name, value in fields.items() if value is not None and value != ""]
    text = "".join([f"{name}={value}\n" for name, value in known])
    if len(text) <= limit and text.count("\n") == len(known):
        return _bytes(redact(text))
    parts = []
    for name, value in known:
        data = _bytes(redact(value)[:limit])  # redacted before the cut, which could leave half a token
        if b"\n" in data:
            parts.append(name.encode() + b"\n" + len(data).to_bytes(8, "little") + data + b"\n")
        else:
            parts.append(name.encode() + b"=" + data + b"\n")
    return b"".join(parts)


def redact(text: str) -> str:
    """Returns `text` with every bot token replaced by `<TOKEN>`."""
    if ":" in text or "%" in text or "&" in text or "\\" in text:
        return _TOKEN.sub("<TOKEN>", text)
    return text


def _bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")  # a file's name is the bytes that it is
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def _transmit(data: bytes) -> None:
    # A socket for each: one that is kept would be another's after the program has closed all descriptors.
    out = _socket.socket(_socket.AF_UNIX, _KIND)
    try:
        try:
            out.sendto(data, SOCKET)
        except BlockingIOError:
            if _stuck:
                raise
            out.settimeout(SEND_SECONDS)
            out.connect(SOCKET)  # poll() knows of the other side's queue only where they are connected
            out.send(data)
    finally:
        out.close()
