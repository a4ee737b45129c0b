"""The six scenes: each breaks one thing for real, and lets it be mended where that is not the monitor's part."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import world
from .stage import READ_TIMEOUT, Stage
from .texts import say

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Scene:
    """`break_it` returns the original of the video that was sent, or None where none was. `mend`
    is called when the incident is there and told where it must be, and `hold` seconds have shown
    what the monitor does meanwhile. `reports`: the bot uses
    `trafico_monitor.bot`, so that the monitor can ask the server for the file by its file_id; else
    it has nothing but the bot's lines of text."""

    error_type: str
    modelo: str
    break_it: Callable[[Stage, Tell], Path | None]
    mend: Callable[[Stage, Tell], None] = lambda stage, tell: None
    reports: bool = False
    hold: float = 0.0


def _stall(stage: Stage, tell: Tell) -> Path:
    stage.control.fault("getFile", "stall", seconds=3 * READ_TIMEOUT, times=1)
    return _send(stage, tell)


def _cut_off(stage: Stage, tell: Tell) -> Path:
    stage.control.fault("getFile", "truncate", keep=100, times=1)
    return _send(stage, tell)


def _delete_folder(stage: Stage, tell: Tell) -> Path:
    shutil.rmtree(world.MODELS / "yic")
    tell(say("act.folder"))
    return stage.send("yic")


def _close_file(stage: Stage, tell: Tell) -> Path:
    return _send(stage, tell, 0o640)


def _fill(stage: Stage, tell: Tell) -> Path:
    stage.fill_disk()
    tell(say("act.fill", total=world.DISK_MEGABYTES))
    return stage.send("victor")


def _free(stage: Stage, tell: Tell) -> None:
    tell(say("act.free"))
    stage.free_disk()


def _shut_down(stage: Stage, tell: Tell) -> None:
    tell(say("act.down", port=stage.server.port))
    stage.control.down()


def _start_up(stage: Stage, tell: Tell) -> None:
    tell(say("act.up"))
    stage.control.up()


def _send(stage: Stage, tell: Tell, mode: int = 0o644) -> Path:
    original = stage.send("victor", mode)
    tell(say("act.video", size=original.stat().st_size / 1e6))
    return original


SCENES = (
    Scene("timeout", "victor", _stall, reports=True),
    Scene("corrupto", "victor", _cut_off, reports=True),
    Scene("ruta_inexistente", "yic", _delete_folder),
    Scene("permisos", "victor", _close_file),
    Scene("disco_lleno", "victor", _fill, _free, hold=1.5),
    Scene("servidor_caido", "victor", _shut_down, _start_up, hold=4.0),
)
