"""Findings of single entries: their common form, PID 1 about the bot's unit, lines that were lost. Pure."""

from __future__ import annotations

import re
from typing import Any

from ..model.finding import Finding, FindingKind
from ..model.journal_entry import JournalEntry
from .extract.line_format import LONGEST_LINE


def about(entry: JournalEntry, kind: FindingKind, **fields: Any) -> Finding:
    """A finding of `kind` that `entry` is the only sign of; `fields` say what else is known, or better."""
    fields.setdefault("origin", entry.cursor)
    fields.setdefault("last", entry.cursor)
    fields.setdefault("message", entry.message[:LONGEST_LINE])
    return Finding(kind, entry.at, pid=entry.pid, **fields)


# systemd's catalog ids (sd-messages.h of systemd 252 and 257); `result` and exit codes are in
# the text, which is kept as the finding's message.
_CODES = {
    "7d4958e842da4a758f6c1cdc7b36dcc5": "starting",
    "39f53479d3a045ac8e11786248231fbf": "started",
    "be02cf6855d2428ba40df7e9d022f03d": "start_failed",
    "de5b426a63be47a7b6ac3eaac82e2f6f": "stopping",
    "9d1aaa27d60140bd96365438aad20286": "stopped",
    "d34d037fff1847e6ae669a370e694725": "reloading",
    "7b05ebc668384222baa8881179cfda54": "reloaded",
    "98e322203f7a4ed290d09fe03c09fe15": "exited",
    "d9b373ed55a64feb8242e02dbe79a49c": "failed",
    "7ad2d189f7e94e70a38c781354912448": "succeeded",
    "5eb03494b6584870a536b337290809b3": "restart_scheduled",
    "fe6faa94e7774663a0da52717891d8ef": "oom_process",
    "ae8f7b866b0347b9af31fe1c80b127c0": "resources",
    "641257651c1b4ec9a8624d7a40a9e1e7": "spawn_failed",
}
# For text without fields (journalctl's short format), in this order.
_TEXTS = (
    ("start request repeated too quickly", "start_limit"),
    ("scheduled restart job", "restart_scheduled"),
    ("main process exited", "exited"),
    ("control process exited", "control_exited"),
    ("killed by the oom killer", "oom_process"),
    ("failed with result 'oom-kill'", "oom"),
    ("failed with result 'start-limit-hit'", "start_limit"),
    ("failed with result", "failed"),
    ("failed to start", "start_failed"),
    ("deactivated successfully", "succeeded"),
    ("succeeded.", "succeeded"),
    ("stopping", "stopping"),
    ("stopped", "stopped"),
    ("starting", "starting"),
    ("started", "started"),
)
# After these, no process of the unit that was there before lives any more. The main process alone (`exited`) may
# go before its children, which get TimeoutStopSec to end; `starting` tells of a run whose end nobody wrote down:
# the machine lost its power.
ENDS = frozenset({"stopped", "failed", "succeeded", "start_limit", "oom", "starting"})
_UNIT = re.compile(r"([\w@:.\\-]{1,200}\.(?:service|scope))\b")
_UNIT_LATER = re.compile(r" ([\w@:.\\-]{1,200}\.(?:service|scope))\b")
_SUPPRESSED = "a596d6fe7bfa4994828e72309e95d61e"


def unit_finding(entry: JournalEntry) -> Finding | None:
    """The life of the unit, as `entry` of PID 1 tells it; None for what says nothing of it.

    `code` is one of starting started finished start_failed stopping stopped exited control_exited failed succeeded
    oom oom_process start_limit restart_scheduled reloading reloaded resources spawn_failed; `rule` the unit's name.
    A oneshot that has done its work is `finished`.
    """
    lowered = entry.message.lower()
    code = _CODES.get(entry.fields.get("MESSAGE_ID", ""), "")
    if not code or code in ("failed", "exited"):
        # A start limit and an OOM kill come as «failed» with the result in the text; one id means the exit of the
        # main process and of a control process (ExecReload=).
        code = next((name for words, name in _TEXTS if words in lowered), code)
    if code == "started" and lowered.startswith("finished "):
        code = "finished"
    if not code:
        return None
    named = _UNIT.match(entry.message) or _UNIT_LATER.search(entry.message)
    return Finding(
        FindingKind.UNIT,
        entry.at,
        pid=entry.pid,
        message=entry.message,
        origin=entry.cursor,
        last=entry.cursor,
        code=code,
        rule=named[1] if named else None,
    )


def blind_finding(entry: JournalEntry) -> Finding | None:
    """Lines of the bot that journald says it has dropped, or None."""
    suppressed = entry.fields.get("MESSAGE_ID", "") == _SUPPRESSED or entry.message.startswith("Suppressed ")
    if not suppressed:
        return None
    return Finding(
        FindingKind.BLIND, entry.at, message=entry.message, origin=entry.cursor, last=entry.cursor, code="suppressed"
    )
