"""The running service and those who ask it something."""

from __future__ import annotations

from pathlib import Path

from tests.journal_fixtures import Line, wait_until, write_journal
from trafico_monitor.commands.calling import call

from .running import RunningService


def test_the_service_answers_on_its_socket_and_goes_in_time(tmp_path: Path) -> None:
    write_journal(tmp_path / "journal" / "a.journal", [Line("INFO:__main__:bot", 1_766_700_000.0)])
    with RunningService(tmp_path, directory=tmp_path / "journal") as service:
        socket = tmp_path / "state" / "api.sock"
        wait_until(socket.exists, "the socket is there")
        status, said = call(tmp_path / "config.toml", "GET", "/api/v1/status", spoken="es")
        assert (status, said["running"], said["open"]) == (200, True, 0)
        assert service.process.poll() is None
    assert service.process.returncode == 0
