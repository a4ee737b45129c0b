"""Upper limits for repairs: the guard against unforeseen loops and floods. Pure."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeVar

from ..model.download import Download
from ..model.task import RepairTask, TaskKind

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Share:
    """Orders within an hour: for one download, for one process of the bot, for the machine. Of a kind
    that is `once` only the first order for each thing counts against the last two."""

    download: int
    process: int
    hour: int
    once: bool = False


# One incident takes at most six downloads an hour (three at once, three late ones), and its owner or the
# file put aside at most as often; twice that is left for a second incident about the same file. Fifty
# downloads at once that all fail are three hundred orders: a process may fail three times as many.
# Folders are counted as such, and given back as soon as a proven video lies in one: what is left is a
# handful of empty ones, which an installation needs only when its models directory is not there at all.
# One and the same folder may be asked for by all fifty, six times each.
# Probes and looks change nothing; three thousand lines must not keep the monitor busy with them either.
# A person assigns one file after the other, perhaps by a script over all that were rescued.
SHARES: Mapping[TaskKind, Share] = {
    TaskKind.RETRY_DOWNLOAD: Share(12, 1000, 2000),
    TaskKind.CREATE_FOLDER: Share(300, 8, 16, once=True),
    TaskKind.FIX_OWNER: Share(12, 300, 600),
    TaskKind.QUARANTINE: Share(12, 300, 600),
    TaskKind.CONFIRM: Share(12, 1000, 2000),
    TaskKind.WAIT_FOR_SERVER: Share(60, 1000, 2000),
    TaskKind.WAIT_FOR_SPACE: Share(60, 1000, 2000),
    TaskKind.ASSIGN: Share(120, 2000, 2000),
}
# Why an order is not given: codes of messages/ (`reason.<code>`).
DOWNLOAD, PROCESS, MACHINE = "budget_spent", "budget_process", "budget_hour"
SPENT = frozenset({DOWNLOAD, PROCESS, MACHINE})
_Row = tuple[float, str, int]  # when, for what (digests of its names), by which process
_Key = TypeVar("_Key")
_AGAIN = -1  # the process of an order that counts for its own thing alone


def budget_keys(kind: TaskKind, download: Download, otherwise: str) -> tuple[str, ...]:
    """Returns the keys for counting tasks of `kind` on one object, whatever the incident: the folder, or each name
    of the download, so that one file of the server is not copied to ever more paths; `otherwise` (an incident) if
    the log names nothing."""
    if kind is not TaskKind.CREATE_FOLDER:
        names = tuple(name for name in (download.file_id, download.destination, download.source) if name)
        return names or (otherwise,)
    if download.destination:
        return (download.destination.rpartition("/")[0],)
    return (f"modelo {download.modelo}" if download.modelo else otherwise,)


class RetryBudget:
    """Counts the tasks of the last hour, by kind. Times in seconds since the epoch."""

    def __init__(self, shares: Mapping[TaskKind, Share] = SHARES) -> None:
        self._spent = {kind: _Spent(share) for kind, share in shares.items()}
        self._told: dict[str, float] = {}

    def refusal(self, order: RepairTask, pid: int, now: float, *, asked: bool = False) -> str:
        """Returns the reason why `order` exceeds a budget (one of SPENT), "" if it does not. An operator's request
        is limited per download only."""
        return self._spent[order.kind].refusal(_keys(order), pid, now, asked)

    def spend(self, order: RepairTask, pid: int, now: float) -> None:
        """`order` is given."""
        self._spent[order.kind].take(_keys(order), pid, now)

    def is_to_be_told(self, kind: TaskKind, reason: str, now: float) -> bool:
        """True once per hour for each kind and limit; the limit of a single download is reported by its own
        incident."""
        name = f"{kind.value} {reason}"
        if reason == DOWNLOAD or 0 <= now - self._told.get(name, -HOUR) < HOUR:
            return False
        self._told[name] = now
        return True

    def give_back(self, kind: TaskKind, download: Download, otherwise: str) -> None:
        """Stops counting tasks of a download whose result is proven useful."""
        self._spent[kind].forget(budget_keys(kind, download, otherwise))

    def grant(self, download: Download, otherwise: str) -> None:
        """Resets the counts of a download at an operator's request."""
        for kind in self._spent:
            self.give_back(kind, download, otherwise)

    def snapshot(self) -> dict[str, object]:
        """JSON-able."""
        spent: dict[str, object] = {kind.value: spent.rows for kind, spent in self._spent.items() if spent}
        return spent | ({"told": dict(self._told)} if self._told else {})

    def restore(self, data: Mapping[str, object]) -> None:
        """Restores a `snapshot`; invalid parts are ignored."""
        for kind, spent in self._spent.items():
            rows = data.get(kind.value)
            spent.restore(rows if isinstance(rows, list) else [])
        told = data.get("told")
        known = told if isinstance(told, Mapping) else {}
        self._told = {str(name): float(at) for name, at in known.items() if isinstance(at, int | float)}


def _keys(order: RepairTask) -> tuple[str, ...]:
    return budget_keys(order.kind, order.download, order.incident_id or order.id)


class _Spent:
    """Of one kind of order."""

    def __init__(self, share: Share) -> None:
        self._share = share
        self._given: deque[_Row] = deque()
        self._things: Counter[str] = Counter()
        self._processes: Counter[int] = Counter()

    def __len__(self) -> int:
        return len(self._given)

    @property
    def rows(self) -> list[_Row]:
        return list(self._given)

    def refusal(self, names: tuple[str, ...], pid: int, now: float, asked: bool) -> str:
        self._expire(now)
        digests = _digests(names)
        if any(self._things[digest] >= self._share.download for digest in digests):
            return DOWNLOAD
        if asked or (self._share.once and all(digest in self._things for digest in digests)):
            return ""
        if self._processes[pid] >= self._share.process:
            return PROCESS
        return MACHINE if self._processes.total() >= self._share.hour else ""

    def take(self, names: tuple[str, ...], pid: int, now: float) -> None:
        digests = _digests(names)
        again = self._share.once and all(digest in self._things for digest in digests)
        self._add((round(now, 1), " ".join(digests), _AGAIN if again else pid))

    def forget(self, names: tuple[str, ...]) -> None:
        gone = set(_digests(names))
        self.restore([each for each in self._given if gone.isdisjoint(each[1].split())])

    def restore(self, rows: Sequence[object]) -> None:
        self._given.clear()
        self._things.clear()
        self._processes.clear()
        for row in _readable(rows):
            self._add(row)

    def _add(self, row: _Row) -> None:
        self._given.append(row)
        self._things.update(row[1].split())
        if row[2] != _AGAIN:
            self._processes[row[2]] += 1

    def _expire(self, now: float) -> None:
        if self._given and self._given[-1][0] > now + 1.0:  # the clock was set back
            self.restore([each for each in self._given if each[0] <= now])
        while self._given and now - self._given[0][0] >= HOUR:
            _, digests, pid = self._given.popleft()
            for digest in digests.split():
                _take_one(self._things, digest)
            if pid != _AGAIN:
                _take_one(self._processes, pid)


def _take_one(counter: Counter[_Key], key: _Key) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]


def _digests(names: tuple[str, ...]) -> list[str]:
    """Short, and without a path in them: hundreds are stored with every step."""
    return [blake2b(name.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest() for name in names]


def _readable(rows: Sequence[object]) -> Iterator[_Row]:
    for row in rows:
        match row:
            case [int() | float() as at, str(digests), int(pid)]:  # a list of JSON, or a row as it is
                yield float(at), digests, pid
