"""The 72 cells, by name, and where each of them is played.

What «the cause disappears by itself» means is different for each type:

| timeout          | the copy that the bot gave up on was finished after all: the video is at its destination |
| ruta_inexistente | somebody has made the folder again, and put the video into it                            |
| corrupto         | the bot looked while the file was still being written: by now it is whole                |
| permisos         | somebody has handed the file over and copied it while the monitor was not running        |
| disco_lleno      | there was space again before the monitor measured the disk                               |
| servidor_caido   | the server answers the first probe                                                       |

And «the repair fails» where a type has no download of its own to fail:

| permisos, always           | the helper refuses: the file belongs to somebody it must not be taken from        |
| servidor_caido, text, once | the probes are used up, and only a later periodic look finds the server up again  |
| servidor_caido, text, always | it never comes back: the incident stays open, told, and is never called solved  |
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

TYPES = ("timeout", "ruta_inexistente", "corrupto", "permisos", "disco_lleno", "servidor_caido")
TELLINGS = ("text", "fields")  # lines as bot_central prints them · trafico_monitor.bot as well
COURSES = ("succeeds", "fails_once", "fails_always", "bot", "killed", "gone")

# The monitor of the component tests runs as root, from whom no file can be kept: what needs
# another user, and sudo, is played on the booted machines (tests/system/test_matrix.py).
BOOTED = frozenset({"permisos"})

# Cells that the playbook does not have, each with the reason. None is left out in silence.
SENSELESS: dict[str, str] = {}


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    error_type: str
    telling: str
    course: str

    def __str__(self) -> str:
        return f"{self.error_type}-{self.telling}-{self.course}"

    @property
    def booted(self) -> bool:
        return self.error_type in BOOTED


CELLS = tuple(Cell(*names) for names in product(TYPES, TELLINGS, COURSES))
