"""telethon 1, pyrogram 2.0 and its maintained fork: downloads from a peer on loopback, below everything of the
libraries but the wire (bots/peer.py says what is not there)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .conftest import BOTS, Done, Ear, Event, instrumented, run, venv

pytestmark = pytest.mark.slow

SIZE = 3 * (1 << 20) - 1000  # bots/peer.py
LIBRARIES = {
    "telethon": ("telethon==1.45.0", "telethon_bot.py"),
    "pyrogram": ("pyrogram==2.0.106", "pyrogram_bot.py"),
    "kurigram": ("kurigram==2.2.26", "pyrogram_bot.py"),
}


@dataclass(frozen=True)
class Both:
    library: str
    models: Path
    with_it: Done
    without: Done

    def of(self, name: str) -> list[Event]:
        """The events of one download, found by its place or, where it has none, by its file."""
        events = self.with_it.events
        known = {e.get("TRAFICO_DESCARGA") for e in events if name in (e.get("TRAFICO_VIDEO", "")[:-4], _file(e))}
        return [event for event in events if event.get("TRAFICO_DESCARGA") in known]

    def told(self, name: str) -> list[str]:
        return [event["TRAFICO_EVENTO"] for event in self.of(name)]


def _file(event: Event) -> str:
    return event.get("TRAFICO_FILE_UNIQUE_ID", "").removeprefix("unique-")


@pytest.fixture(scope="module", params=LIBRARIES)
def both(request: pytest.FixtureRequest, ground: Path) -> Iterator[Both]:
    requirement, bot = LIBRARIES[request.param]
    python = venv(requirement.replace("==", "-"), requirement)
    models = ground / request.param / "modelos"
    runs = []
    with Ear() as ear:
        for env in (instrumented(ear.path, models), {}):
            runs.append(run([python, str(BOTS / bot), str(models)], ear, env, models.parents[1]))
            for path in models.rglob("*.mp4"):
                path.unlink()
    yield Both(request.param, models, *runs)


def test_the_program_does_what_it_does_without(both: Both) -> None:
    assert len(both.without.out.splitlines()) >= 9
    assert both.with_it.out == both.without.out
    assert (both.with_it.code, both.without.code, both.without.events) == (0, 0, [])
    # What a library logs of an exception has our functions among those that it came through, and no others.
    assert _without_functions(both.with_it.err) == _without_functions(both.without.err)


def _without_functions(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("  ")]


def test_a_whole_download(both: Both) -> None:
    told = both.of("whole")
    assert both.told("whole")[0] == "inicio"
    assert both.told("whole")[-1] == "fin"
    for event in told:
        assert event["TRAFICO_DESTINO"] == str(both.models / "yic" / "whole.mp4")
        assert (event["TRAFICO_MODELO"], event["TRAFICO_FUENTE"]) == ("yic", "argumento")
        assert (event["TRAFICO_FILE_SIZE"], event["TRAFICO_USUARIO"]) == (str(SIZE), "77")
    assert told[-1]["TRAFICO_BYTES"] == str(SIZE)


@pytest.mark.parametrize(
    ("name", "exception"),
    [
        ("flood", r".*\.FloodWait(Error)?"),
        ("refused", r".*\.FileReferenceInvalid(Error)?"),
        ("dropped", r"ConnectionResetError|TimeoutError"),
    ],
)
def test_a_failure_has_its_class_even_where_the_library_keeps_it(both: Both, name: str, exception: str) -> None:
    """pyrogram 2.0 logs it and gives the path of what has come: that is told as short, and why."""
    told = [event for event in both.told(name) if event != "progreso"]
    assert told == (["inicio", "copiado", "error"] if both.library == "pyrogram" else ["inicio", "error"])
    error = both.of(name)[-1]
    assert re.fullmatch(exception, error["TRAFICO_EXCEPCION"])
    assert error.get("TRAFICO_ESPERA") == ("77" if name == "flood" else None)


def test_a_short_download_is_no_end(both: Both) -> None:
    short = next(event for event in both.of("short") if event["TRAFICO_EVENTO"] == "copiado")
    assert (short["TRAFICO_BYTES"], short["TRAFICO_FILE_SIZE"]) == (str(SIZE // 2), str(SIZE))
    assert "fin" not in both.told("short")


def test_progress_is_told_where_the_program_follows_it(both: Both) -> None:
    told = both.told("whole" if both.library == "telethon" else "followed")
    assert told == ["inicio", "progreso", "fin"]


def test_telethon_by_other_ways(both: Both) -> None:
    if both.library != "telethon":
        return
    events = both.with_it.events
    assert both.told("low_level") == ["inicio", "fin"]
    folder = next(e for e in events if e["TRAFICO_EVENTO"] == "fin" and e["TRAFICO_VIDEO"].startswith("document_"))
    assert folder["TRAFICO_BYTES"] == str(SIZE)
    in_memory = [e for e in events if e["TRAFICO_EVENTO"] == "copiado" and "TRAFICO_DESTINO" not in e]
    assert [e.get("TRAFICO_BYTES") for e in in_memory] == [None, str(SIZE)]
    assert not both.of("thumb")
    assert not both.of("nothing")


def test_pyrogram_by_other_ways(both: Both) -> None:
    if both.library == "telethon":
        return
    assert both.told("in_background") == ["inicio", "fin"]
    assert both.told("in_memory") == ["inicio", "copiado"]
    assert both.of("in_memory")[-1]["TRAFICO_BYTES"] == str(SIZE)
    assert [event for event in both.told("stopped") if event != "progreso"] == ["inicio", "soltado"]
