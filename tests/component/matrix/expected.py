"""What the playbook (design document, section 4) foresees for each cell; nothing here is computed
by the code under test.

`steps` are the records in their order, «estado accion». `told` are the messages as they read in
the end, oldest first: each is one that rang, its edits included. `video` tells whether the file
is at its destination, `aside` whether something is left in quarantine.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from .cells import CELLS, Cell

FIRST = "detectado ninguna todavía"
FOLDER = "pendiente crear carpeta del modelo"
ASIDE = "pendiente comprobar el archivo y ponerlo en cuarentena"
SPACE = "pendiente esperar espacio en disco"
SERVER = "pendiente verificar servidor"
PROBING = "reintentando verificar servidor"
TRIES = tuple(f"reintentando reintento {n}/3" for n in (1, 2, 3))
GIVEN_UP = "fallido sin más intentos (3/3)"
LEFT = ("pendiente sin acción posible", "fallido sin más intentos (0/3)")
BY_BOT = "solucionado reparado por el propio bot"
CONFIRM = "comprobar lo que dice el bot"

SOLVED, FAILED, CRITICAL = "✅ solucionado", "❌ fallido: no se pudo resolver", "CRÍTICO"
MOVED = "los detalles van en otro aviso"


@dataclass(frozen=True, slots=True)
class Expected:
    steps: tuple[str, ...]
    told: tuple[str, ...] = ()
    video: bool = True
    aside: bool = False


def _solved(n: int) -> tuple[str, ...]:
    return (*TRIES[:n], f"solucionado reintento {n}/3")


# What comes before the first attempt to download again.
_BEFORE = {
    "timeout": (FIRST,),
    "ruta_inexistente": (FIRST, FOLDER),
    "corrupto": (FIRST, ASIDE),
    "disco_lleno": (FIRST, SPACE),
    "servidor_caido": (FIRST, SERVER, PROBING),
}
# What is told of a good end, of a bad one, and while nothing has been decided.
_TOLD = {
    "timeout": ((), (FAILED,), ()),
    "ruta_inexistente": ((), (FAILED,), ()),
    "corrupto": ((SOLVED,), (MOVED, FAILED), ()),
    "disco_lleno": ((CRITICAL, SOLVED), (CRITICAL, FAILED), (CRITICAL,)),
    "servidor_caido": ((CRITICAL, SOLVED), (CRITICAL, FAILED), (CRITICAL,)),
}


def _expected(cell: Cell) -> Expected:
    before, (well, badly, open_) = _BEFORE[cell.error_type], _TOLD[cell.error_type]
    match cell.error_type, cell.telling, cell.course:
        # The file turned out to be whole: nothing is moved, nothing downloaded.
        case "corrupto", _, "gone":
            return Expected((FIRST, ASIDE, "solucionado comprobar el archivo y ponerlo en cuarentena"), well)
        # Without a word on where the video could come from, a server that answers brings none: after a
        # time for the bot's own success it is left to a person.
        case "servidor_caido", "text", "succeeds" | "killed":
            return Expected((*before, *LEFT), badly, video=False)
        case "servidor_caido", "text", "fails_once":
            return Expected((*before, SERVER, *LEFT), badly, video=False)
        case "servidor_caido", "text", "fails_always":
            return Expected((*before, SERVER), open_, video=False)
        case "servidor_caido", "text", "gone":
            return Expected((FIRST, SERVER, *LEFT), badly, video=False)
        case "servidor_caido", "fields", "gone":
            return Expected((FIRST, SERVER, *_solved(1)), well)
        case kind, _, "bot":
            tried = {"timeout": TRIES[:1], "ruta_inexistente": TRIES[:2], "corrupto": TRIES[:2]}.get(kind, ())
            estado = "pendiente" if kind == "disco_lleno" else "reintentando"
            return Expected((*before, *tried, f"{estado} {CONFIRM}", BY_BOT), well)
        case _, _, "succeeds" | "gone":
            return Expected((*before, *_solved(1)), well)
        case _, _, "fails_once":
            return Expected((*before, *_solved(2)), well)
        case _, _, "fails_always":
            return Expected((*before, *TRIES, GIVEN_UP), badly, video=False)
        case "timeout" | "ruta_inexistente" | "corrupto", "text", "killed":
            return Expected((*before, *_solved(2)), well)
    return Expected((*before, *_solved(1)), well)  # killed


def _aside(cell: Cell) -> bool:
    """What was put aside stays for its time, whatever has come in its place. On a full disk it is the
    bot's own half, once a whole copy takes its name."""
    if cell.error_type == "disco_lleno":
        return cell.course not in ("bot", "fails_always")
    return cell.error_type == "corrupto" and cell.course != "gone"


EXPECTED = {cell: replace(_expected(cell), aside=_aside(cell)) for cell in CELLS if not cell.booted}
