"""bot.download: tells the beginning and the end, and never disturbs the bot."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from trafico_monitor import bot
from trafico_monitor.bot import download, encode

TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"


class Journald:
    """Stands where journald's socket is, and reads its protocol."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.setblocking(False)

    def entries(self) -> list[dict[str, str]]:
        found = []
        while True:
            try:
                found.append(decoded(self._socket.recv(1 << 20)))
            except BlockingIOError:
                return found

    def close(self) -> None:
        self._socket.close()


def decoded(data: bytes) -> dict[str, str]:
    fields = {}
    while data:
        line, _, data = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            size = struct.unpack("<Q", data[:8])[0]
            value, data = data[8 : 8 + size], data[9 + size :]
        fields[name.decode()] = value.decode()
    return fields


@pytest.fixture
def journald(tmp_path: Path) -> Iterator[Journald]:
    there = Journald(tmp_path / "socket")
    yield there
    there.close()


async def test_a_download_that_ends_well(journald: Journald) -> None:
    async with download(
        modelo="victor",
        video="a.mp4",
        file_id="BAAC",
        file_size=5,
        destino=Path("/m/a.mp4"),
        socket_path=journald.path,
    ):
        [begun] = journald.entries()
    [ended] = journald.entries()
    told = {
        "TRAFICO_MODELO": "victor",
        "TRAFICO_VIDEO": "a.mp4",
        "TRAFICO_FILE_ID": "BAAC",
        "TRAFICO_FILE_SIZE": "5",
        "TRAFICO_DESTINO": "/m/a.mp4",
        "PRIORITY": "6",
    }
    assert begun == {"MESSAGE": "⏬ Descargando: a.mp4", "TRAFICO_EVENTO": "inicio", **told}
    assert ended == {"MESSAGE": "✅ Descarga completa: a.mp4", "TRAFICO_EVENTO": "fin", **told}


def test_an_exception_is_told_and_goes_on_its_way(journald: Journald) -> None:
    with pytest.raises(TimeoutError), download(video="a.mp4", socket_path=journald.path):
        raise TimeoutError(f"GET /bot{TOKEN}/x\nTimed out")
    failed = journald.entries()[-1]
    assert failed["TRAFICO_EVENTO"] == "error"
    assert failed["MESSAGE"] == "❌ Error al descargar a.mp4: TimeoutError: GET /bot<TOKEN>/x\nTimed out"


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize("strange", ["a\nb=c\n", "\ud800", "x" * 1_000_000, None, 7, Unprintable(), b"\xff"])
def test_strange_values_do_not_reach_the_bot(
    journald: Journald, strange: object, capsys: pytest.CaptureFixture[str]
) -> None:
    with download(modelo=strange, video=strange, socket_path=journald.path) as told:
        assert told is not None
    for entry in journald.entries():
        assert set(entry) <= {"MESSAGE", "PRIORITY", "TRAFICO_EVENTO", "TRAFICO_MODELO", "TRAFICO_VIDEO"}


def test_without_journald_there_is_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with download(video="a\nb.mp4", socket_path=str(tmp_path / "none")):
        pass
    assert capsys.readouterr().out == "⏬ Descargando: a b.mp4\n✅ Descarga completa: a b.mp4\n"


def test_a_frozen_journald_costs_a_moment_and_not_the_download(journald: Journald) -> None:
    for _ in range(600):  # nobody reads: the socket's queue fills up
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.setblocking(False)
            try:
                out.sendto(b"x", journald.path)
            except BlockingIOError:
                break
    with download(video="a.mp4", socket_path=journald.path):
        pass


def test_values_with_newlines_travel_with_their_length() -> None:
    fields = {"A": "x=y", "B": "1\nC=2\n", "D": ""}
    assert decoded(encode(fields)) == fields


def test_it_is_one_file_of_the_standard_library() -> None:
    source = Path(bot.__file__)
    script = f"import runpy, sys; m = runpy.run_path({str(source)!r}); print(sum('trafico' in n for n in sys.modules))"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, timeout=30)
    assert done.stdout == "0\n", done.stderr
