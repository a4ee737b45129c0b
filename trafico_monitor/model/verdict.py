"""Proof: only a verdict that is `proven` makes an incident `solucionado`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that was looked at: `what` is a code (file, size, media, owner, folder, space,
    server, container, bot_line), `value` what was seen, `ok` whether it is as it must be."""

    what: str
    value: str
    ok: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is a code of messages/ (`reason.<code>`) when not proven."""

    proven: bool
    evidence: tuple[Evidence, ...] = ()
    reason: str = ""
