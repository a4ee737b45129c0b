"""What detection and the health checks say about the world."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from .download import Download


class ErrorType(str, Enum):
    """The six rows of the mission's table, by the names that its records use."""

    TIMEOUT = "timeout"
    RUTA_INEXISTENTE = "ruta_inexistente"
    CORRUPTO = "corrupto"
    PERMISOS = "permisos"
    DISCO_LLENO = "disco_lleno"
    SERVIDOR_CAIDO = "servidor_caido"


class FindingKind(Enum):
    STARTED = "started"  # a download began
    FINISHED = "finished"  # the bot says that a download is on disk
    FAILED = "failed"  # a download error: error_type is set
    RECOVERED = "recovered"  # the bot says that the server is back (error_type is set)
    UNIT = "unit"  # PID 1 about the bot's unit; `code` says what
    BLIND = "blind"  # lines were lost or cannot be seen; `code` says why
    SPACE = "space"  # a disk check; `code`: ok, warning, critical
    SERVER = "server"  # a server check; `code`: up, down
    UNKNOWN = "unknown"  # an error of the bot that no rule knows


@dataclass(frozen=True, slots=True)
class Finding:
    """`download` is what the lines say of it: recorded and told. `actionable` is the part of it that may be
    acted on: named by a structured entry, or by a «began» or «copying» record of the same process.

    `message` is the line that decided, `lines` the first few of its block; both redacted.

    `repaired` marks a FINISHED that the bot reached by its own fix.
    `origin` is the cursor of the first line, stable over restarts: incidents are named from it.
    """

    kind: FindingKind
    at: float
    pid: int = 0
    download: Download = field(default_factory=Download)
    error_type: ErrorType | None = None
    rule: str | None = None
    message: str = ""
    lines: tuple[str, ...] = ()
    origin: str = ""
    last: str = ""  # cursor of the last line
    code: str = ""
    repaired: bool = False
    waited: float = 0.0  # seconds of silence, where that is the finding
    actionable: Download = field(default_factory=Download)
