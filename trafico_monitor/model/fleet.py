"""A fleet: heartbeat and position of a machine, and its row in the hub's overview."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

PROGRESS = "fleet"  # name of the sender's state in the machine's database: fleet.progress.Progress
WARNING_SECONDS = 14 * 86400.0  # before its end a certificate is told of
WRONG_CLOCK = 60.0  # seconds between the clocks of a machine and of the database that are told of
ANONYMOUS = "oculto"  # `modelo` and `video` of a machine with `fleet.names = false`


def ends_soon(until: float, now: float) -> bool:
    """Whether a certificate has ended, or ends so soon that it is told of."""
    return until - now <= WARNING_SECONDS


class MachineState(StrEnum):
    """The state of a machine as the hub sees it; its text is `machine.state.<value>` in messages/."""

    INVITED = "invited"  # has not sent a heartbeat yet
    OK = "ok"
    TROUBLED = "troubled"  # its monitor is unhealthy, its bot or server down, or something waits for a person
    SILENT = "silent"  # no heartbeat for `hub.silent_after`
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Disk:
    """A file system of a machine, in bytes. `full_at` is the expected moment in seconds since the epoch, None where
    none is foreseen; `probability` is that of being full within the configured horizon."""

    path: str
    free: int
    total: int
    full_at: float | None = None
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """One machine now, in its own words: nothing in it is trusted further than this machine's row.

    `sent_at` is the machine's clock, in seconds since the epoch. `last_seq` is the last record that the server has
    committed, `pending` the number of those that wait, `set_aside` the numbers of refused ones (the newest 20).
    `success_rate` is that of the last 24 h, None without an incident. None everywhere else: not known.
    """

    sent_at: float
    version: str
    started_at: float
    healthy: bool = True
    unhealthy: tuple[str, ...] = ()  # reasons, in words
    open: int = 0
    failed: int = 0  # `fallido` of the last 24 h
    solved: int = 0  # `solucionado` of the last 24 h
    unanswered: int = 0  # alerts that no person has acknowledged
    unanswered_since: float | None = None
    waiting: int = 0  # videos in `_rescatados`
    success_rate: float | None = None
    disks: tuple[Disk, ...] = ()
    bot_active: bool | None = None
    server_up: bool | None = None
    container: str = ""
    lag: float = 0.0  # seconds that the reader of the journal is behind
    last_seq: int = 0
    pending: int = 0
    set_aside: tuple[int, ...] = ()
    refused: int = 0  # all records that were set aside
    certificate_until: float | None = None
    language: str = "es"
    address: str = ""  # of its dashboard, for people of that machine


@dataclass(frozen=True, slots=True)
class Identity:
    """A sender. `base` is the uuid of its database: record numbers begin anew with another one. `instance` is a new
    uuid for each start, `host` a hash of the machine's id."""

    base: str
    instance: str
    host: str


@dataclass(frozen=True, slots=True)
class Position:
    """The server's answer to a heartbeat. `last_seq` is the highest record of this base that it has (0: none).
    `other_at` is the last heartbeat of another instance under this name, `flips` counts changes back to an instance
    that had been replaced, the last one at `flipped_at`: two machines have one name. Times are by the database's
    clock."""

    last_seq: int
    flips: int
    other_host: str
    other_at: float | None
    received_at: float
    flipped_at: float | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """A row of the hub's overview. Times are the database's clock, in seconds since the epoch."""

    name: str
    state: MachineState
    invited_at: float | None = None
    revoked_at: float | None = None
    certificate_until: float | None = None
    received_at: float | None = None  # of the last heartbeat
    skew: float = 0.0  # the machine's clock less the database's, in seconds
    flips: int = 0
    flipped_at: float | None = None
    hosts: tuple[str, ...] = ()  # of the last two instances
    heartbeat: Heartbeat | None = None
    missing: int = 0  # records that the database lacks between two that it has
    open_types: tuple[tuple[str, int], ...] = field(default=())  # (error_type, open incidents)
