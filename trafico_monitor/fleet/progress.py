"""Position of a machine's records in the fleet's database, as the machine keeps it. Pure.

A base is one numbering of records. It begins anew where numbers could be given a second time to other records: in a
database that was copied to another machine, or that has lost records which were sent (a power cut, a restored image).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import uuid4

from ..model.serialization import decode

MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Progress:
    """`host` is the machine that the base is bound to. Records up to `after` do not belong to the base; those up to
    `seq` are sent or set aside, `sent` is the last one that the server has committed. `refused` counts all that were
    set aside, `set_aside` has the newest. `lowest` is the lowest number that was the last one at a start since the
    server was last heard; None where it has been heard since the start."""

    base: str
    host: str
    after: int = 0
    seq: int = 0
    sent: int = 0
    refused: int = 0
    set_aside: tuple[int, ...] = ()
    lowest: int | None = None

    def taken(self, seq: int) -> Progress:
        """The server has committed all up to `seq`."""
        return replace(self, seq=seq, sent=seq)

    def refusing(self, seq: int) -> Progress:
        """The record `seq` is set aside. Set aside once more after a rewind, it does not count again."""
        if seq in self.set_aside:
            return replace(self, seq=seq)
        return replace(
            self, seq=seq, refused=self.refused + 1, set_aside=tuple(sorted((*self.set_aside, seq))[-MOST_NAMED:])
        )

    def confirmed(self, last: int) -> Progress:
        """`last` is the highest number of this base that the server has. Less than was sent: it is a restored one, and
        gets the rest again. More than the machine has had since: the numbers begin anew."""
        if self.lowest is not None and last > self.lowest:
            return begun(self.host, self.lowest)
        if last < self.sent:
            return replace(self, seq=max(self.after, last), sent=last, lowest=None)
        return replace(self, lowest=None)


def begun(host: str, after: int = 0) -> Progress:
    """A new base of the records after that number."""
    return Progress(str(uuid4()), host, after, after)


def resumed(kept: str, host: str, last: int) -> Progress:
    """What was kept, for a start whose newest record is `last`."""
    try:
        known = decode(Progress, kept)
    except ValueError:
        return begun(host)
    if known.host != host:
        return begun(host, last)
    return replace(known, lowest=last if known.lowest is None else min(known.lowest, last))
