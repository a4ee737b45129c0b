"""JournalWriter on a real journald, on a terminal, and where there is no journal."""

from __future__ import annotations

import io
import os
import re
import time
from typing import Any

from systemd import journal

from tests.journal_fixtures import private_journald, wait_until
from trafico_monitor.host.journal_writer import JournalWriter, message_id
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Estado, Event, Incident

INCIDENT = Incident("a1b2", ErrorType.TIMEOUT, 0.0, 0.0, Estado.REINTENTANDO, Download("victor"), attempt=2)
RECORD = Event(0.0, "incident_retrying", "🔧 línea\ncon salto", 5, "reintento 2/3", INCIDENT)


def test_a_structured_entry_in_a_real_journal() -> None:
    name = f"tmwrite{os.getpid()}"
    with private_journald(name) as journald:
        writer = JournalWriter(str(journald.run_dir / "socket"), io.StringIO())
        writer.write(RECORD, 12)
        writer.write(Event(0.0, "unit_died", "x", 3, fields={"unidad": "u", "mal-o": "1", "_pid": "1"}), 13)
        with journal.Reader(namespace=name) as reader:
            reader.add_match(SYSLOG_IDENTIFIER="trafico-monitor")
            found: list[dict[str, Any]] = []

            def read() -> bool:
                reader.process()
                found.extend(iter(reader.get_next, {}))
                return len(found) >= 2

            wait_until(read, "both entries are in the journal")
    first, second = found
    assert first["MESSAGE"] == RECORD.text and first["MESSAGE_ID"].hex == message_id("incident_retrying")
    assert {name: value for name, value in first.items() if name.startswith("TRAFICO_")} == {
        "TRAFICO_INCIDENTE": "a1b2",
        "TRAFICO_TIPO": "timeout",
        "TRAFICO_ESTADO": "reintentando",
        "TRAFICO_ACCION": "reintento 2/3",
        "TRAFICO_MODELO": "victor",
        "TRAFICO_VIDEO": "desconocido",
        "TRAFICO_INTENTO": "2",
        "TRAFICO_REGISTRO": "12",
    }
    assert first["PRIORITY"] == 5 and second["PRIORITY"] == 3
    assert second["TRAFICO_UNIDAD"] == "u" and second["_PID"] == os.getpid()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_missions_look_on_a_terminal_and_without_journald() -> None:
    clock = time.strftime("%H:%M:%S", time.localtime(0))
    for stream in (Terminal(), io.StringIO()):
        JournalWriter("/nonexistent/socket", stream).write(RECORD, 1)
        assert stream.getvalue() == f"[{clock}] 🔧 línea con salto\n"
        assert re.match(r"\[\d\d:\d\d:\d\d\] ", stream.getvalue())
