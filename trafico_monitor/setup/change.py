"""One change that setup makes to the machine, as a value that can be shown, stored and undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum


class Kind(str, Enum):
    WRITE_FILE = "write_file"
    MAKE_FOLDER = "make_folder"
    OPEN_ACCESS = "open_access"
    JOIN_GROUP = "join_group"
    ENABLE_UNIT = "enable_unit"
    START_UNIT = "start_unit"
    RESTART_UNIT = "restart_unit"


@dataclass(frozen=True, slots=True)
class Change:
    """`target` is the file, folder, group or unit; `reason` a code of messages/ (`setup.why.…`).

    `content`, `mode`: WRITE_FILE and MAKE_FOLDER. `owner`: uid and gid of MAKE_FOLDER, the account
    of JOIN_GROUP, the bot's user of OPEN_ACCESS. `group`: the group of a written file. `place`:
    OPEN_ACCESS, one of `models bot_api env passage`. `required`: without it the rest makes no sense;
    `careful`: never made unless it was asked for by name.
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

    @property
    def reloads_systemd(self) -> bool:
        """True for a file that systemd has to read."""
        return self.kind is Kind.WRITE_FILE and self.target.startswith("/etc/systemd/")


def as_json(change: Change) -> dict[str, object]:
    """`change` for the ledger."""
    return {**asdict(change), "kind": change.kind.value}


def from_json(stored: Mapping[str, object]) -> Change:
    """What `as_json` has made. Raises KeyError, ValueError or TypeError for anything else."""
    kind = Kind(str(stored["kind"]))
    mode = stored["mode"]
    if not isinstance(mode, int):
        raise ValueError("mode")
    words = {name: str(stored[name]) for name in ("target", "reason", "content", "owner", "group", "place")}
    return Change(kind=kind, mode=mode, required=bool(stored["required"]), careful=bool(stored["careful"]), **words)
