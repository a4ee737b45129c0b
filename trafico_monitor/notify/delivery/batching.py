"""Selection of the next messages to send. Pure.

Few messages are sent one by one, in order. A storm, or a backlog after an outage of the channel, becomes one digest;
critical messages are never part of one, and go first. After a digest, further messages are collected for a while,
because a storm rarely ends at once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ...model.alert import NotificationCode, Severity
from ...model.changeset import OutboxItem
from ..escalation import STALE_SECONDS

MOST_SINGLE = 5
OLD_SECONDS = 600.0
# The `message_id` kept for what was told in a digest: that message must not be edited into
# something else, so a later change of such an item is a new message.
DIGESTED = "digest:"


@dataclass(frozen=True, slots=True)
class Batch:
    """`items` make one message: one item, or a digest of several. `superseded` need not be sent
    any more. Neither: nothing may be sent now."""

    items: tuple[OutboxItem, ...] = ()
    digest: bool = False
    superseded: tuple[OutboxItem, ...] = ()


def next_batch(
    items: Sequence[OutboxItem],
    now: float,
    *,
    gathering: bool = False,
    last: Collection[int] = (),
    can_edit: bool = True,
) -> Batch:
    """The next message of `items` (all that is due, in the channel's order). `gathering`: only
    critical messages and edits for now. `last`: ids that every other item goes before. A channel
    that cannot edit is told how a story begins and ends."""
    newest = max((item.id for item in items if _is_reminder(item)), default=0)
    superseded = tuple(item for item in items if _pointless(item, now, newest, can_edit))
    gone = {item.id for item in superseded}
    waiting = [item for item in items if item.id not in gone and (_edits(item, can_edit) or item.hold <= now)]
    waiting.sort(key=lambda item: (item.id in last, item.id))
    loose = [item for item in waiting if _digestible(item, can_edit)]
    urgent = [item for item in waiting if not _digestible(item, can_edit)]
    stormy = len(loose) > MOST_SINGLE or (len(loose) > 1 and min(i.notice.at for i in loose) < now - OLD_SECONDS)
    if gathering or stormy:
        if urgent:
            return Batch((urgent[0],), superseded=superseded)
        if loose and not gathering:
            return Batch(tuple(loose), digest=True, superseded=superseded)
        return Batch(superseded=superseded)
    return Batch(tuple(waiting[:1]), superseded=superseded)


def edits(item: OutboxItem) -> str | None:
    """The id of the message that `item` changes, or None when it is a message of its own."""
    given = item.message_id
    return given if given and not given.startswith(DIGESTED) else None


def _edits(item: OutboxItem, can_edit: bool) -> bool:
    return can_edit and edits(item) is not None


def _digestible(item: OutboxItem, can_edit: bool) -> bool:
    single = item.notice.severity is Severity.CRITICAL or _is_reminder(item)
    return not single and not _edits(item, can_edit)


def _pointless(item: OutboxItem, now: float, newest: int, can_edit: bool) -> bool:
    if _is_reminder(item):
        return item.id != newest or now - item.notice.at > STALE_SECONDS
    if _edits(item, can_edit):
        return False
    if item.notice.code.edits:
        return True  # it says «see the other message» in place of one that nobody has seen
    told = item.message_id is not None
    return told and (item.only_edit or (not can_edit and not item.notice.code.resolves))


def _is_reminder(item: OutboxItem) -> bool:
    return item.notice.code is NotificationCode.REMINDER
