"""aiogram 3: what is told of each download, and that nothing else is different."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.standin.bot_api import BotApiServer
from tests.standin.control import Control

from .conftest import BOTS, TOKEN, Done, Ear, instrumented, run, venv

pytestmark = pytest.mark.slow

SIZE = 70_000
LOCAL = ("copies", "breaks", "flood", "bad_gateway")
HTTP = ("downloads", "downloads_file", "into_memory", "no_folder", "cut_off")
FAULTS = {
    "flood": ("getFile", {"kind": "status", "status": 429, "retry_after": 7}),
    "bad_gateway": ("getFile", {"kind": "status", "status": 502}),
    "cut_off": ("file", {"kind": "truncate", "keep": 500}),
}


@dataclass(frozen=True)
class Both:
    models: Path
    with_it: Done
    without: Done


@pytest.fixture(scope="module")
def both(ground: Path, server: BotApiServer, control: Control) -> Iterator[Both]:
    python = venv("aiogram-3.31.0", "aiogram==3.31.0")
    models = ground / "aiogram" / "modelos"
    models.mkdir(parents=True)
    video = models.parent / "video.mp4"
    video.write_bytes(b"v" * SIZE)
    runs = []
    with Ear() as ear:
        for env in (instrumented(ear.path, models), {}):
            for path in models.rglob("*.mp4"):
                path.unlink()
            runs.append(_run(python, models, video, server, control, ear, env))
    yield Both(models, *runs)


def _run(
    python: str, models: Path, video: Path, server: BotApiServer, control: Control, ear: Ear, env: dict[str, str]
) -> Done:
    for number, file_id in enumerate((*LOCAL, *HTTP)):
        control.file(file_id, video, number=500 + number)
    for file_id, (method, fault) in FAULTS.items():
        where = {"file_id": file_id} if method == "getFile" else {"path": f"videos/file_{500 + 8}.mp4"}
        control.fault(method, where=where, times=1, **fault)
    done = []
    for local, asked in ((True, LOCAL), (False, HTTP)):
        control.order("local", local=local)
        for file_id in asked:
            control.video(file_id, 77, "Ana", token=TOKEN)
        command = [
            python,
            str(BOTS / "aiogram_bot.py"),
            server.url,
            TOKEN,
            str(models),
            str(server.api.files.directory),
        ]
        done.append(run(command, ear, {**env, **({"LOCAL": "1"} if local else {})}))
    control.clear()
    control.order("local", local=True)
    first, second = done
    return Done(
        first.code or second.code, first.out + second.out, first.err + second.err, first.events + second.events
    )


def events(both: Both, file_id: str) -> list[str]:
    return [event["TRAFICO_EVENTO"] for event in both.with_it.of(file_id)]


def test_the_program_does_what_it_does_without(both: Both) -> None:
    assert len(both.without.out.splitlines()) == len(LOCAL) + len(HTTP)
    assert both.with_it.out == both.without.out
    assert both.with_it.err == both.without.err
    assert (both.with_it.code, both.without.code, both.without.events) == (0, 0, [])


def test_each_download_from_beginning_to_end(both: Both) -> None:
    for file_id in ("copies", "downloads", "downloads_file"):
        told = both.with_it.of(file_id)
        assert events(both, file_id) == ["inicio", "fin"]
        assert {event["TRAFICO_DESTINO"] for event in told} == {str(both.models / "yic" / f"{file_id}.mp4")}
        assert (told[0]["TRAFICO_FILE_SIZE"], told[0]["TRAFICO_USUARIO"]) == (str(SIZE), "77")
        assert told[-1]["TRAFICO_BYTES"] == str(SIZE)
    assert [both.with_it.of(name)[0]["TRAFICO_FUENTE"] for name in ("copies", "downloads")] == ["marco", "argumento"]


def test_into_memory(both: Both) -> None:
    assert events(both, "into_memory") == ["inicio", "copiando", "copiado"] * 2 + ["soltado"]
    assert both.with_it.of("into_memory")[2]["TRAFICO_BYTES"] == str(SIZE)


def test_failures(both: Both) -> None:
    for file_id, exception in (
        ("flood", "aiogram.exceptions.TelegramRetryAfter"),
        ("bad_gateway", "aiogram.exceptions.ClientDecodeError"),
        ("cut_off", "aiohttp.client_exceptions.ClientPayloadError"),
        ("breaks", "LookupError"),
    ):
        assert events(both, file_id) == ["inicio", "error"], file_id
        assert both.with_it.of(file_id)[1]["TRAFICO_EXCEPCION"] == exception
    assert both.with_it.of("flood")[1]["TRAFICO_ESPERA"] == "7"


def test_a_missing_folder(both: Both) -> None:
    begun, error = both.with_it.of("no_folder")
    assert begun["TRAFICO_MODELO"] == error["TRAFICO_MODELO"] == "nueva"
    assert (error["TRAFICO_ERRNO"], error["TRAFICO_RUTA"]) == ("2", str(both.models / "nueva" / "x.mp4"))


def test_no_secret_leaves_the_process(both: Both) -> None:
    assert TOKEN.partition(":")[2] not in json.dumps(both.with_it.events)
