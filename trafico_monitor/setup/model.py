"""Values of setup: discovered facts, the caller's wishes, and changes to the machine. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum


@dataclass(frozen=True, slots=True)
class BotUser:
    name: str
    uid: int
    gid: int
    home: str = ""


@dataclass(frozen=True, slots=True)
class FoundUnit:
    """A unit that runs this project's main.py. `active` and `enabled` come from systemd; `journal` is False if its
    output goes elsewhere. `main`: it runs main.py, by any means; `bot`: that, or another program of the project
    that uses a Telegram library. `python_path` is its PYTHONPATH, from an EnvironmentFile= if
    `python_path_by_file`. `obstacles` prevent a variable from reaching the interpreter; `instrumented`: its command
    contains `trafico-monitor instrument`; `output` is the pipe or file that its command puts behind the program."""

    name: str
    user: str
    active: str
    enabled: str
    restart: str
    unbuffered: bool
    journal: bool
    namespace: str = ""
    main: bool = True
    bot: bool = True
    python_path: str = ""
    python_path_by_file: bool = False
    obstacles: tuple[str, ...] = ()
    instrumented: bool = False
    output: str = ""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that setup may want to write. `content` None: missing; `ours`: as setup left it; `link`: a symbolic
    link, which is a user's decision and never replaced."""

    content: str | None = None
    ours: bool = False
    link: bool = False


@dataclass(frozen=True, slots=True)
class FoundContainer:
    """The Bot API server's container. `host_dir` is "" if its mounts do not show the directory."""

    name: str
    running: bool
    host_dir: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """`explicit` are the values that an administrator's own files set (setup's drop-in left out),
    by `section.key`; `effective` the whole configuration as it is. `closed` names the places
    whose access still has to be opened: `models`, `bot_api`, `env`. `loose` are processes that
    run main.py outside every unit of the system, `user_unit` the unit of a user's own manager (`systemctl --user`)
    that holds one of them, `bot_container` the container that runs the project. `writable` are the service's
    ReadWritePaths=. `passages` are folders of the bot's user that keep the monitor out; `blocked` are, by place,
    folders of somebody else's that keep it or the bot's user out: (folder, its owner).
    `adopted` is one of `units` that an earlier setup has adopted. `process_there`: the project has a program
    of the name that the monitor follows (`bot.process`). `printing` is, where it has not, the program
    with the most lines in the journal of the bot's unit, "" for none.
    `shared` are folders down to the project that a group of others may write to, with its name."""

    project: str
    user: BotUser
    python: str
    has_telegram: bool
    env: str = ""  # path of the .env; "" when there is none
    env_names: frozenset[str] = frozenset()
    models: str = ""
    models_there: bool = True
    bot_api: str = ""  # its directory on the host; "" when unknown
    container: FoundContainer | None = None
    units: tuple[FoundUnit, ...] = ()
    loose: tuple[int, ...] = ()
    user_unit: str = ""
    bot_container: str = ""
    explicit: Mapping[str, object] = field(default_factory=dict)
    files: Mapping[str, FoundFile] = field(default_factory=dict)
    closed: frozenset[str] = frozenset()
    passages: tuple[str, ...] = ()
    blocked: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    monitor_there: bool = True  # its user and its unit are installed
    monitor_groups: frozenset[str] = frozenset()
    monitor_enabled: str = "enabled"
    monitor_active: str = "active"
    docker_there: bool = False
    writable: tuple[str, ...] = ()
    bot_enabled: str = ""  # of the unit that setup would write, when it is there already
    bot_active: str = ""
    shared: tuple[tuple[str, str], ...] = ()
    process_there: bool = True
    printing: str = ""
    adopted: str = ""


@dataclass(frozen=True, slots=True)
class Wishes:
    """Options of the caller. `unit` "": detect it, or create trafico-main.service; `docker`: join the group docker;
    `restart`: restart a running bot; `asks`: each change is confirmed interactively, so a no is possible."""

    unit: str = ""
    language: str = "es"
    start: bool = True
    docker: bool = False
    asks: bool = False
    instrument: bool = True
    restart: bool = False


class Kind(str, Enum):
    WRITE_FILE = "write_file"
    MAKE_FOLDER = "make_folder"
    OPEN_ACCESS = "open_access"
    JOIN_GROUP = "join_group"
    ENABLE_UNIT = "enable_unit"
    START_UNIT = "start_unit"
    RESTART_UNIT = "restart_unit"
    WRITE_BLOCK = "write_block"
    RESTART_CLUSTER = "restart_cluster"


class Command(str, Enum):
    """The command that makes a change; what each takes back is its own."""

    SETUP = "setup"
    FLEET = "fleet"
    HUB = "hub"


@dataclass(frozen=True, slots=True)
class Change:
    """`target` is the file, folder, group or unit; `reason` a code of messages/ (`setup.why.…`).

    `content`, `mode`: WRITE_FILE and MAKE_FOLDER. `owner`: uid and gid of MAKE_FOLDER, the account of JOIN_GROUP, the
    bot's user of OPEN_ACCESS. `group`: the group of a written file. `place`: OPEN_ACCESS, one of `models bot_api env
    passage`. `required`: the remaining changes depend on it; `careful`: made only on an explicit request.
    WRITE_BLOCK: `content` becomes the first lines of `target`, a file of somebody else's, between two marks.
    RESTART_CLUSTER: `target` is a cluster of Debian's PostgreSQL, as `15/main`.
    `private`, WRITE_FILE: a secret, or a file that the program itself changes later. The ledger does not hold its
    content, and the file is deleted when it is taken back, whatever it holds by then.
    """

    kind: Kind
    target: str
    reason: str
    content: str = ""
    mode: int = 0o644
    owner: str = ""
    group: str = "root"
    place: str = ""
    required: bool = False
    careful: bool = False
    private: bool = False
    command: Command = Command.SETUP

    @property
    def reloads_systemd(self) -> bool:
        """True for a file that systemd has to read."""
        return self.kind is Kind.WRITE_FILE and self.target.startswith("/etc/systemd/")


def as_json(change: Change) -> dict[str, object]:
    """Returns `change` as an entry of the ledger."""
    kept = "" if change.private else change.content
    return {**asdict(change), "content": kept, "kind": change.kind.value, "command": change.command.value}


def from_json(stored: Mapping[str, object]) -> Change:
    """Inverse of `as_json`, also for entries of 1.0.0. Raises KeyError, ValueError or TypeError for anything else."""
    mode = stored["mode"]
    if not isinstance(mode, int):
        raise ValueError("mode")
    words = {name: str(stored[name]) for name in ("target", "reason", "content", "owner", "group", "place")}
    required, careful, private = (bool(stored.get(name)) for name in ("required", "careful", "private"))
    command = Command(str(stored.get("command", Command.SETUP.value)))
    return Change(
        kind=Kind(str(stored["kind"])), mode=mode, required=required, careful=careful, private=private,
        command=command, **words,
    )  # fmt: skip
