"""A video that has its announced size and is damaged: the bot says that it has arrived, the service looks."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journal_fixtures import BotProcess, PrivateJournald, private_journald, wait_until
from tests.standin import media
from tests.standin.bot_api import BotApiServer

from .running import RunningService

pytestmark = pytest.mark.slow

NAME = "trafico-arrivals"
SECONDS = 30.0
NOBODY = pwd.getpwnam("nobody")
TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"


@pytest.fixture(scope="module")
def journald() -> Iterator[PrivateJournald]:
    with private_journald(NAME) as running:
        yield running


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as home:  # pytest's own folders are closed to the bot's user
        Path(home).chmod(0o755)
        yield Path(home)


def test_a_damaged_video_is_replaced_and_a_whole_one_left_alone(
    home: Path, journald: PrivateJournald, tmp_path: Path
) -> None:
    film = media.video(tmp_path, seconds=2)
    folder, source = home / "project" / "modelos" / "luna", home / "api" / TOKEN / "videos" / "file_3.mp4"
    for place in (folder, source.parent):
        place.mkdir(parents=True)
    shutil.copy(film, source)
    whole, damaged = folder / "20260101_101010_abcdef.mp4", folder / "20260101_101011_abcdef.mp4"
    shutil.copy(film, whole)
    shutil.copy(media.damaged(film), damaged)
    # The home stays root's: below another user's the monitor keeps no records.
    for top in (home / "api", home / "project"):
        for path in (top, *top.rglob("*")):
            os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
    before = whole.stat()
    records = home / "logs" / "descarga_errors.json"

    def incidents() -> list[dict[str, object]]:
        return list(json.loads(records.read_text(encoding="utf-8"))) if records.exists() else []

    with (
        BotApiServer(home / "files") as server,
        RunningService(home, NAME, url=server.url),
        BotProcess(journald) as bot,
    ):
        for number, video in enumerate((whole, damaged)):
            arrive(bot, number, video, source)
        wait_until(lambda: "solucionado" in [one["estado"] for one in incidents()], "proven", SECONDS)
    assert damaged.read_bytes() == film.read_bytes()
    assert {(one["error_type"], one["modelo"], one["video"]) for one in incidents()} == {
        ("corrupto", "luna", damaged.name)
    }
    assert "está dañado" in str(incidents()[0]["error_message"])
    assert len({one["incidente"] for one in incidents()}) == 1
    assert (whole.stat().st_ino, whole.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    aside = (home / "project" / "modelos" / "_cuarentena").glob(f"*{damaged.name}*")
    assert media.damaged(film).read_bytes() in [path.read_bytes() for path in aside]


def arrive(bot: BotProcess, number: int, video: Path, source: Path) -> None:
    told = {"CONTRATO": "1", "DESCARGA": f"{number:016x}", "MODELO": "luna", "VIDEO": video.name, "DESTINO": video}
    told |= {"ORIGEN": source, "FILE_SIZE": video.stat().st_size, "BYTES": video.stat().st_size}
    for event, words in (("inicio", "⏬ Descargando"), ("fin", "✅ Descarga completa")):
        fields = {**told, "EVENTO": event}
        said = [("MESSAGE", f"{words}: {video.name}")]
        bot.send([*said, *((f"TRAFICO_{name}", str(value)) for name, value in fields.items())])
