"""Results of detection and of the health checks."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from .download import Download
from .prediction import Samples


class ErrorType(str, Enum):
    """The six types of the mission's table, by their names in its records, and `otro`: an exception that ended a
    download and is none of the six."""

    TIMEOUT = "timeout"
    RUTA_INEXISTENTE = "ruta_inexistente"
    CORRUPTO = "corrupto"
    PERMISOS = "permisos"
    DISCO_LLENO = "disco_lleno"
    SERVIDOR_CAIDO = "servidor_caido"
    OTRO = "otro"


class Cause(str, Enum):
    """Cause of an exception that ended a download, as far as it matters for another attempt. "" for an error of the
    mission's table without further detail."""

    NONE = ""
    TEMPORARY = "temporary"  # 400 «wrong file_id or the file is temporarily unavailable», a broken connection
    RATE_LIMITED = "rate_limited"  # 429: not before `Finding.wait` seconds have passed
    SERVER_ERROR = "server_error"  # 5xx: the server answers with an error
    TOO_BIG = "too_big"  # 400 «file is too big»: not without local mode
    NOT_AVAILABLE = "not_available"  # 400 «invalid file_id», 401, 403, 404: no attempt can help
    UNKNOWN = "unknown"  # an exception outside the table


class FindingKind(Enum):
    STARTED = "started"  # a download began
    FINISHED = "finished"  # the bot says that a download is on disk
    FAILED = "failed"  # a download error: error_type is set
    RECOVERED = "recovered"  # the bot says that the server is back (error_type is set)
    UNIT = "unit"  # PID 1 about the bot's unit; `code` gives the event
    BLIND = "blind"  # lines were lost or are inaccessible; `code` gives the reason
    SPACE = "space"  # a disk check; `code`: ok, warning, critical
    SERVER = "server"  # a server check; `code`: up, down
    UNKNOWN = "unknown"  # an error of the bot that no rule matches
    CONTEXT = "context"  # text about a failure reported by its process: `origin` identifies it, `lines` add details


@dataclass(frozen=True, slots=True)
class Finding:
    """`download` is the description in the log: recorded and alerted. `actionable` is the part that tasks may use:
    named by a structured entry, or by a «began» or «copying» record of the same process.

    `message` is the deciding line, `lines` the first lines of its block; both redacted. `repaired` marks a FINISHED
    reached by the bot's own repair. `origin` is the cursor of the first line, stable across restarts; it names the
    incident.
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
    waited: float = 0.0  # seconds of silence, for a finding of silence
    actionable: Download = field(default_factory=Download)
    exact: bool = False  # reported by the bot's own process in journald's fields, not by text
    cause: Cause = Cause.NONE
    wait: float = 0.0  # seconds after which a 429 allows another attempt
    exception: str = ""  # class with its module, if the entry has it
    lost: bool = False  # the traceback of a handler: a download ended by it, though nothing names it
    bot_fix: bool = False  # the bot announces its own repair (`Role.BOT_FIX`)
    samples: Samples | None = None  # what a check has measured, for predictions


@dataclass(frozen=True, slots=True)
class UnknownKind:
    """`template` contains `<*>` and masks such as `<NUM>` where its lines differ; `frame` is the last own frame of
    a traceback (`file.py:function`), "" for a line. `samples` are redacted."""

    id: int
    template: str
    count: int = 1
    first: float = 0.0  # seconds since the epoch
    last: float = 0.0
    samples: tuple[str, ...] = ()
    frame: str = ""
