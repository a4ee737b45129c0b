"""The monitor's own log entries: structured in the journal with a MESSAGE_ID per event, or as text on a terminal."""

from __future__ import annotations

import re
import socket
import sys
import time
from typing import TextIO

from ..bot import JOURNAL_SOCKET, encode
from ..model.incident import Event

# Created once with `systemd-id128 new`; never changed or reused.

MESSAGE_IDS = {
    "incident_detected": "3e1ef1eaf947437482a078f429c555d5",
    "incident_pending": "6c5835ae345b4130b8aad14610ebb31e",
    "incident_retrying": "06e9bd2032b34645aed7a63108c97609",
    "incident_solved": "0880f9134a2543ec8456d357202765dd",
    "incident_failed": "2e6dd9197d88460d8c68a7550cedd326",
    "service_started": "44e742c0a6c94f89af056cf7b84a5fd4",
    "service_stopping": "c58855782df34d098d0b8f4ecdbf7909",
    "service_reloaded": "53bd1ae168e840bcad556a64687da375",
    "unit_died": "4fc4f473d42f4734b29404c6d428f9e2",
    "unit_back": "ca27f26cb4b34866b3fb5c5468536a1b",
    "unit_started": "ae27e83e91194d25a419631b1d9c5807",
    "unit_stopped": "dc495855a0254ffeae57dbd0133de820",
    "space_low": "c9d915049526449d95851f750cd73280",
    "space_critical": "9e5ff03fc5d5483588dfc450f67ff17d",
    "space_ok": "608fc23facfc45f08ab596e3c6f08798",
    "server_down": "31ea22b207da4281ab7a734f360ad1fc",
    "server_up": "d529c6a434034142bb9b01b632b088dc",
    "blind": "cca946f3beda4df693eda6d20b4b0c9a",
    "sighted": "2bf2d044d6e64a03a84d62abc4878d6b",
    "unit_silent": "59ca8aadf7f142f9b1d50de65a53cc83",
    "unit_speaks": "7bff18cda0854219a389699d43313ae3",
    "maintenance": "db6b77f2c4a14561892fcbb08924ecd1",
    "maintenance_over": "377fd68d04b0499eb88329dd79dfab7e",
    "silence_over": "a64c3f4b624f4137a207cbf29f482455",
    "notice_silenced": "c33180c2f36f4b9c90387d3c26c6857a",
    "escalated": "b92020e0955447f8bee047553eadf148",
    "repeated": "fab85b3741894375982f6fdf713d2035",
    "missing": "19413d2a13e0418a96700e50a4daed89",
    "unknown_error": "0b10721efb9945279ef394c97d411e25",
    "budget_spent": "c3f7394728e442ac9ce85ada4a816944",
    "own_files_failing": "38fc17d90828484c986b40ad7bf04c85",
    "own_files_back": "514859debb824cbebc1f22d6282b7aaa",
    "task_failing": "84d1e7297d314c5da124b542e2e409fd",
    "task_back": "2a3d29138bc44c4d8abe17a1f3496e92",
    "request_retry": "89dafebc62f34789937497de38926516",
    "request_ack": "5e50b7ced65e4f51aaeb773696dff220",
    "request_ack_alarm": "077d2a78444747c6839c6a010dfe5415",
    "request_silence": "ded4c629ab5c4f4e97222be4df356f9f",
    "request_silence_ended": "d89d9e3adec240e1a7587898055aa03c",
    "request_assign": "06d94c3d5e824bbaa868340eba9ea9d7",
    "request_test": "288a06ab4784437c8d5e0948ee3b4d3f",
    "request_refused": "699134faa5f645328669877cd77b2a8e",
    "assigned": "1583170906144f9e80a228f77b153856",
    "assign_failed": "4489908db8d64127a2da6ab96a16f733",
    "quarantine_expired": "08b9dc4bb8594a088d092b76fe781129",
    "alert_bot": "3de9d4ec1d394dfa9b7e5bbb559a308a",
    "sign_of_life": "854561a6f4db42d09374cec04d38d971",
    "foreseen": "b3ecd6a0dff44deab174efebc1ac15ab",
    "foreseen_judged": "1584c43edc094eb8aae9e963ea740a5b",
    "foresight_silenced": "54c9cb1f9b9048fa90ccc37302c1bbb3",
    "foresight_back": "3426371f286442c29ca2314a116fc539",
    "fleet": "3daa0528061a4e0ab63b322a26d53f40",
    "download_done": "3fb83f7c7c4c4f00904684316f6eb2df",
    "machine_silent": "31b340e9a4b649929c643c8aff297772",
    "machine_back": "ef2631268d9f4914b65fd4c3f80edbac",
    "common_cause": "e5384d389d9948a985b91ab991bf08ae",
    "common_cause_over": "d0b7cb7047394454a494f680768dcc1a",
    "fleet_unanswered": "399cd4f5b07943a48f72c91b34c94c01",
    "name_double": "ea32398dbe18482cac800f2aa920b73d",
    "clock_wrong": "65e49abea46741f8856a9483b4f7c4f7",
    "certificate_ends": "10bc5cb2e6b640da821d4f21dba98540",
    "records_missing": "c4a2042216e54b4396b8cd0776a74ece",
    "fleet_over": "067aba8257024562961dad70f73d3b8a",
    "fleet_away": "70bdac7872884bdbaa384b8d24726978",
    "fleet_back": "e23b836a25444315ba6aa7b58e099e0c",
}


def message_id(event: str) -> str:
    """Returns the MESSAGE_ID of an event's kind; "" if it has none."""
    return MESSAGE_IDS.get(event, "")


IDENTIFIER = "trafico-monitor"
UNKNOWN = "desconocido"
SEND_SECONDS = 1.0  # a frozen journald must not block for longer
_FIELD = re.compile(r"[A-Z][A-Z0-9_]{0,40}\Z")
_VALUE_LIMIT = 8192


class JournalWriter:
    """Writes to `terminal` if there is one, else to journald, or plain lines if there is no journald. Implements
    journald's native protocol itself: python-systemd supports neither a namespace's socket nor a deadline."""

    def __init__(self, socket_path: str = JOURNAL_SOCKET, terminal: TextIO | None = None) -> None:
        self._socket_path = socket_path
        self._stream = sys.stdout if terminal is None else terminal

    def write(self, record: Event, seq: int) -> None:
        """Writes one record. Raises OSError if journald is present and does not accept it."""
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
    """Returns the fields of a record's journal entry."""
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
    """Returns `[14:30:15] 👀 Iniciando monitoreo de logs...`, in local time, on one line."""
    clock = time.strftime("%H:%M:%S", time.localtime(record.at))
    text = "".join(c if c >= " " and c != "\x7f" and not "\x80" <= c <= "\x9f" else " " for c in record.text)
    return f"[{clock}] {text}"
