"""What detection and the health checks say about the world."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from .download import Download


class ErrorType(str, Enum):
    """The six rows of the mission's table, by the names that its records use, and `otro`: an exception that
    ended a download and that none of the six names."""

    TIMEOUT = "timeout"
    RUTA_INEXISTENTE = "ruta_inexistente"
    CORRUPTO = "corrupto"
    PERMISOS = "permisos"
    DISCO_LLENO = "disco_lleno"
    SERVIDOR_CAIDO = "servidor_caido"
    OTRO = "otro"


class Cause(str, Enum):
    """What an exception that ended a download says of another attempt. "" for an error of the mission's table
    that says nothing more."""

    NONE = ""
    TEMPORARY = "temporary"  # 400 «wrong file_id or the file is temporarily unavailable», a broken connection
    RATE_LIMITED = "rate_limited"  # 429: not before `Finding.wait` seconds have passed
    SERVER_ERROR = "server_error"  # 5xx: the server answers and cannot
    TOO_BIG = "too_big"  # 400 «file is too big»: not without local mode
    NOT_AVAILABLE = "not_available"  # 400 «invalid file_id», 401, 403, 404: no attempt of ours can help
    UNKNOWN = "unknown"  # an exception that no row of the table names


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
    CONTEXT = "context"  # text about a failure that its process has reported: `origin` names it, `lines` tell more


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
    exact: bool = False  # told by the bot's own process through journald's fields, not by text
    cause: Cause = Cause.NONE
    wait: float = 0.0  # seconds after which a 429 allows another attempt
    exception: str = ""  # class with its module, where the entry names it
    bot_fix: bool = False  # the bot announces a repair of its own (`Role.BOT_FIX`)


@dataclass(frozen=True, slots=True)
class UnknownKind:
    """`template` holds `<*>` and masks such as `<NUM>` where its lines differ; `frame` is the own
    frame that a traceback ended in (`file.py:function`), "" for a line. `samples` are redacted."""

    id: int
    template: str
    count: int = 1
    first: float = 0.0  # seconds since the epoch
    last: float = 0.0
    samples: tuple[str, ...] = ()
    frame: str = ""
