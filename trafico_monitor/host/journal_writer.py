"""The monitor's own entries: structured in the journal, or as the mission shows them on a terminal."""

from __future__ import annotations

import re
import socket
import sys
import time
from typing import TextIO

from ..bot import JOURNAL_SOCKET, encode
from ..model.event import Event
from .message_ids import message_id

IDENTIFIER = "trafico-monitor"
UNKNOWN = "desconocido"
SEND_SECONDS = 1.0  # a frozen journald must not hold us up for longer
_FIELD = re.compile(r"[A-Z][A-Z0-9_]{0,40}\Z")
_VALUE_LIMIT = 8192


class JournalWriter:
    """Writes to `terminal` when it is one, else to journald; where there is no journald, plain
    lines. Uses journald's native protocol itself: python-systemd knows neither a namespace's
    socket nor a deadline."""

    def __init__(self, socket_path: str = JOURNAL_SOCKET, terminal: TextIO | None = None) -> None:
        self._socket_path = socket_path
        self._stream = sys.stdout if terminal is None else terminal

    def write(self, record: Event, seq: int) -> None:
        """Write one record. Raises OSError when journald is there and does not take it."""
        if self._stream.isatty():
            print(shown(record), file=self._stream, flush=True)
            return
        try:
            self._send(encode(entry_fields(record, seq)))
        except FileNotFoundError:
            print(shown(record), file=self._stream, flush=True)

    def _send(self, datagram: bytes) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            out.settimeout(SEND_SECONDS)
            out.sendto(datagram, self._socket_path)


def entry_fields(record: Event, seq: int) -> dict[str, str]:
    """The fields of a record's journal entry."""
    fields = {
        "MESSAGE": record.text,
        "PRIORITY": str(record.priority),
        "SYSLOG_IDENTIFIER": IDENTIFIER,
        "TRAFICO_REGISTRO": str(seq),
    }
    if identity := message_id(record.event):
        fields["MESSAGE_ID"] = identity
    for name, value in record.fields.items():
        if _FIELD.match(name.upper()):
            fields[f"TRAFICO_{name.upper()}"] = value
    incident = record.incident
    if incident is not None:
        fields |= {
            "TRAFICO_INCIDENTE": incident.id,
            "TRAFICO_TIPO": incident.error_type.value,
            "TRAFICO_ESTADO": incident.estado.value,
            "TRAFICO_ACCION": record.accion,
            "TRAFICO_MODELO": incident.download.modelo or UNKNOWN,
            "TRAFICO_VIDEO": incident.download.video or UNKNOWN,
            "TRAFICO_INTENTO": str(incident.attempt),
        }
    return {name: value[:_VALUE_LIMIT] for name, value in fields.items()}


def shown(record: Event) -> str:
    """`[14:30:15] 👀 Iniciando monitoreo de logs...`, in local time, on one line."""
    clock = time.strftime("%H:%M:%S", time.localtime(record.at))
    text = "".join(c if c >= " " and c != "\x7f" and not "\x80" <= c <= "\x9f" else " " for c in record.text)
    return f"[{clock}] {text}"
