"""What is open in all processes of the bot, and how that outlives the monitor. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...model.journal_entry import JournalEntry
from .process import Process, as_data, process_from

_MOST_PROCESSES = 256
_ANYBODY = 0  # in `outage`: a process that is gone


class DetectorState:
    """What every part of the detector knows and changes. Who changes anything says so by `changed`.

    `busy` are the processes with an open traceback or ERROR record; `outage` those that have seen
    the server down and not yet answer. `quiet` is True while there are neither.
    """

    __slots__ = ("busy", "changes", "outage", "processes", "quiet")

    def __init__(self) -> None:
        self.changes = 0
        self.quiet = True
        self.processes: dict[int, Process] = {}
        self.busy: set[int] = set()
        self.outage: set[int] = set()

    def changed(self) -> None:
        """`snapshot` would differ from now on."""
        self.changes += 1
        self.quiet = not self.busy and not self.outage

    def of(self, entry: JournalEntry) -> Process:
        """The process that wrote `entry`, which is its newest word."""
        process = self.processes.get(entry.pid)
        if process is None:
            process = self.processes[entry.pid] = Process()
            if len(self.processes) > _MOST_PROCESSES:
                self._drop_oldest()
        process.at = entry.at
        return process

    def _drop_oldest(self) -> None:
        closed = [pid for pid in self.processes if pid not in self.busy]
        for pid in sorted(closed, key=lambda pid: self.processes[pid].at)[: _MOST_PROCESSES // 2]:
            del self.processes[pid]

    def head(self, pid: int, process: Process, header: tuple[str, str, str] | None) -> None:
        """`header` is the last ERROR record of the process, or None: it has said something else since. One
        other record may come in between, from another thread: the traceback still belongs to the header."""
        if header is None and process.header is not None and not process.passed:
            process.passed = True
        elif header == process.header:
            return
        else:
            process.header, process.passed = header, False
        (self.busy.add if process.waits else self.busy.discard)(pid)
        self.changed()

    def drawn(self, pid: int, process: Process, blank: bool) -> None:
        """The process may have begun or ended a drawing; `blank` says that it had none before."""
        if blank and process.drawing.blank:
            return
        (self.busy.add if process.waits else self.busy.discard)(pid)
        self.changed()

    def seen_down_by(self, pid: int) -> bool:
        """Whether an answer of the server that `pid` tells of is news."""
        return bool(self.outage & {pid, _ANYBODY})

    def end_all(self, at: float) -> None:
        """All processes are gone at `at`; that the server was down is not."""
        if self.processes or self.outage:
            self.outage = {_ANYBODY} if self.outage else set()
            self.end(tuple(self.processes), at)

    def end(self, pids: Iterable[int], at: float) -> None:
        """These processes are gone at `at`. What they had under way is still told of (`Downloads.overdue`)."""
        for pid in pids:
            process = self.processes[pid]
            self.busy.discard(pid)
            if not process.attempts.open:
                del self.processes[pid]
            elif not process.attempts.gone_at:
                self.processes[pid] = Process(attempts=process.attempts, at=process.at)
                process.attempts.gone_at = at
        self.changed()

    def forget(self, pids: Iterable[int]) -> None:
        """All that was to be told of these processes has been told."""
        for pid in pids:
            self.busy.discard(pid)
            del self.processes[pid]

    def snapshot(self) -> dict[str, object]:
        """Everything that is open, as JSON-able data; `restore` takes it back."""
        processes = {str(pid): as_data(one) for pid, one in self.processes.items() if not one.blank}
        return {"outage": sorted(self.outage), "processes": processes}

    def restore(self, data: Mapping[str, object]) -> None:
        """Goes on from a snapshot; unknown or missing parts count as nothing open."""
        outage, processes = data.get("outage"), data.get("processes")
        self.outage = {int(pid) for pid in outage} if isinstance(outage, list) else set()
        self.processes = {}
        if isinstance(processes, Mapping):
            self.processes = {int(pid): process_from(one) for pid, one in processes.items()}
        self.busy = {pid for pid, process in self.processes.items() if process.waits}
        self.changed()
