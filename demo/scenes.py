"""The six scenes: each causes a real failure, and removes causes that the monitor cannot."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import world
from .stage import READ_TIMEOUT, Stage, until
from .texts import say

Tell = Callable[[str], None]
_SLOW = 1.0  # seconds that the server takes for a file


@dataclass(frozen=True, slots=True)
class Scene:
    """`break_it` returns the original of the sent video, or None. `mend` is called once the incident exists and was
    alerted if required, and after `hold` seconds that show the monitor's behaviour meanwhile."""

    error_type: str
    modelo: str
    break_it: Callable[[Stage, Tell], Path | None]
    mend: Callable[[Stage, Tell], None] = lambda stage, tell: None
    hold: float = 0.0


def _stall(stage: Stage, tell: Tell) -> Path:
    stage.control.fault("getFile", "stall", seconds=3 * READ_TIMEOUT, times=1)
    return _send(stage, tell)


def _cut_off(stage: Stage, tell: Tell) -> Path:
    stage.control.fault("getFile", "truncate", keep=100, times=1)
    return _send(stage, tell)


def _delete_folder(stage: Stage, tell: Tell) -> Path:
    # The bot makes the folder before it asks the server, so it goes while the server works.
    stage.control.fault("getFile", "slow", seconds=_SLOW, times=1)
    asked = len(stage.control.calls("getFile"))
    original = stage.send("yic")
    until(lambda: len(stage.control.calls("getFile")) > asked, 10.0)
    shutil.rmtree(world.MODELS / "yic")
    tell(say("act.folder"))
    return original


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
    Scene("timeout", "victor", _stall),
    Scene("corrupto", "victor", _cut_off),
    Scene("ruta_inexistente", "yic", _delete_folder),
    Scene("permisos", "victor", _close_file),
    Scene("disco_lleno", "victor", _fill, _free, hold=1.5),
    Scene("servidor_caido", "victor", _shut_down, _start_up, hold=4.0),
)
