"""Kernel notification of the end of each bot process: main.py may outlive its child.

Process IDs come from journald's trusted fields only, and count only while the kernel lists them in the unit's control
group. A pidfd then refers to exactly that process, even if its number is reused, and wakes the loop when it ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Iterable

from ..health.processes import is_in_unit, unit_processes
from ..health.unit import query_unit
from ..host.blocking import run_blocking

LOOK_SECONDS = 5.0
MOST_WATCHED, MOST_KNOWN = 128, 1024
MOST_PIDS = 1 << 22  # PID_MAX_LIMIT of the kernel

# Process, time, and whether it was the last that was seen to live: of one that had ended before anybody looked at it
# that is never said.
Ended = Callable[[int, float, bool], Awaitable[None]]
Began = Callable[[int, float], Awaitable[None]]


class ProcessWatch:
    """`unit` is the bot's, "" for none; `under_way` are the processes that have a download under way. Whoever reads
    the journal calls `heard` after each step."""

    def __init__(
        self,
        unit: Callable[[], str],
        under_way: Callable[[], Iterable[int]],
        ended: Ended,
        began: Began,
        clock: Callable[[], float],
    ) -> None:
        self._unit = unit
        self._under_way = under_way
        self._ended = ended
        self._began = began
        self._clock = clock
        self._group = ""  # the unit's control group, as far as it is known
        self._watched: dict[int, int] = {}  # process → pidfd
        self._known: dict[int, None] = {}  # looked at, whatever came of it; oldest first
        self._gone: list[tuple[int, float, bool]] = []
        self._speakers: set[int] = set()
        self._asked = asyncio.Event()

    def heard(self, pids: frozenset[int]) -> None:
        """`pids` have spoken for the bot, and perhaps begun a download."""
        self._speakers.update(pids.difference(self._known))
        if self._wanted():
            self._asked.set()

    def reload(self) -> None:
        """The unit may be another from now on."""
        self._group = ""

    async def run(self) -> None:
        """Watches active processes, and reports each that ends; runs forever."""
        try:
            while True:
                self._asked.clear()
                if wanted := self._wanted():
                    await self._take_up(wanted)
                await self._tell()
                await self._asked.wait()
        finally:
            self._speakers.update(self._watched)  # whoever runs it again goes on with them
            for pid in tuple(self._watched):
                self._let_go(pid)
                self._known.pop(pid, None)

    def _wanted(self) -> set[int]:
        there = self._speakers.union(self._under_way()).difference(self._known)
        return {pid for pid in there if pid <= MOST_PIDS}  # a container has a number, and is no process here

    async def _take_up(self, pids: set[int]) -> None:
        """Watch `pids` from here on. One that the kernel does not have in the unit any more has ended."""
        there = await self._members()
        for pid in pids:
            self._know(pid)
            if there is not None and pid not in there:
                self._gone.append((pid, self._clock(), False))
            elif there is not None or is_in_unit(pid, self._unit()):
                await self._watch(pid)

    async def _members(self) -> frozenset[int] | None:
        """The processes of the unit; None where the kernel cannot be asked."""
        there = await self._look()
        if there is None:  # not known yet, or it was moved
            self._group = (await query_unit(self._unit())).control_group
            there = await self._look()
        return there

    async def _look(self) -> frozenset[int] | None:
        with contextlib.suppress(TimeoutError):
            return await run_blocking(lambda: unit_processes(self._group), seconds=LOOK_SECONDS, name="processes")
        return None

    def _know(self, pid: int) -> None:
        self._speakers.discard(pid)
        self._known[pid] = None
        if len(self._known) > MOST_KNOWN:
            oldest = next(one for one in self._known if one not in self._watched)
            del self._known[oldest]

    async def _watch(self, pid: int) -> None:
        now, alone = self._clock(), not self._watched
        if len(self._watched) >= MOST_WATCHED:
            self._let_go(next(iter(self._watched)))
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            self._gone.append((pid, now, False))
            return
        except OSError:  # no descriptor is left, or the kernel has none of these: silence tells in the end
            return
        self._watched[pid] = handle
        asyncio.get_running_loop().add_reader(handle, self._has_ended, pid)
        if alone:
            await self._began(pid, now)

    def _has_ended(self, pid: int) -> None:
        self._let_go(pid)
        self._gone.append((pid, self._clock(), not self._watched))
        self._asked.set()

    def _let_go(self, pid: int) -> None:
        handle = self._watched.pop(pid)
        asyncio.get_running_loop().remove_reader(handle)
        os.close(handle)

    async def _tell(self) -> None:
        while self._gone:
            await self._ended(*self._gone[0])
            self._gone.pop(0)
