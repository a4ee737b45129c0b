"""Machines of a fleet as JSON objects: rows with what is wrong, worst first, and totals. Pure.

A heartbeat's texts are the machine's own: they are values here, never codes or markup.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict

from ..messages import text
from ..messages.format import date_time, duration
from ..model.fleet import WRONG_CLOCK, Disk, Heartbeat, Machine, MachineState, ends_soon

WORST = 5  # machines and disks that a total names
LAG_SECONDS = 60.0
FLIP_SECONDS = 600.0
FULL_SECONDS = 86400.0
FEW_FREE = 0.05  # of a disk
MANY_PENDING = 1000
_ORDER = {state: place for place, state in enumerate(("silent", "troubled", "ok", "invited", "revoked"))}
COMMANDS = (
    "sudo trafico-monitor status",
    "sudo trafico-monitor incidents",
    "sudo trafico-monitor retry ID",
    "sudo trafico-monitor ack ID",
    "sudo trafico-monitor assign FILE MODELO",
    "sudo trafico-monitor fleet status",
)  # fmt: skip

Problem = tuple[str, Mapping[str, object]]  # a code of `machine.problem.*`, and its fields


def problems(machine: Machine, now: float, language: str) -> list[Problem]:
    """Whatever is wrong with a machine at `now` (the database's clock), the worst first."""
    if machine.state in (MachineState.REVOKED, MachineState.INVITED):
        return []
    return list(_problems(machine, machine.heartbeat, now, language))


def _problems(machine: Machine, said: Heartbeat | None, now: float, language: str) -> Iterator[Problem]:
    if machine.state is MachineState.SILENT and machine.received_at is not None:
        yield "silent", {"tiempo": duration(now - machine.received_at, language)}
    if machine.flips and machine.flipped_at is not None and now - machine.flipped_at < FLIP_SECONDS:
        yield "duplicate", {}
    if said is None:
        yield "unreadable", {}
        return
    if said.bot_active is False:
        yield "bot", {}
    if said.server_up is False:
        yield "server", {}
    for disk in said.disks:
        if disk.full_at is not None and disk.full_at - now < FULL_SECONDS:
            yield "full", {"ruta": disk.path, "hora": _moment(disk.full_at)}
        elif disk.total and disk.free < FEW_FREE * disk.total:
            yield "space", {"ruta": disk.path, "n": round(100 * disk.free / disk.total)}
    for reason in said.unhealthy[:WORST]:
        yield "unhealthy", {"motivo": reason}
    if not said.healthy and not said.unhealthy:
        yield "unhealthy", {"motivo": "…"}
    yield from _counts(machine, said)
    if abs(machine.skew) > WRONG_CLOCK:
        yield "skew", {"tiempo": duration(abs(machine.skew), language)}
    if said.lag > LAG_SECONDS:
        yield "lag", {"tiempo": duration(said.lag, language)}
    until = machine.certificate_until or said.certificate_until
    if until is not None and ends_soon(until, now):
        yield "certificate", {"hora": _moment(until)}


def _counts(machine: Machine, said: Heartbeat) -> Iterator[Problem]:
    counts = (
        ("unanswered", said.unanswered, 0),
        ("rescued", said.waiting, 0),
        ("missing", machine.missing, 0),
        ("refused", said.refused, 0),
        ("pending", said.pending, MANY_PENDING),
    )
    for code, number, most in counts:
        if number > most:
            yield code, {"n": number}


def worst_first(machines: Iterable[Machine], now: float) -> list[Machine]:
    """Silent ones, then those with the most trouble, then by name."""
    return sorted(machines, key=lambda one: (_ORDER[one.state], -len(problems(one, now, "es")), one.name))


def row(machine: Machine, now: float, language: str) -> dict[str, object]:
    """A machine in a list. Times are seconds since the epoch."""
    said = machine.heartbeat or Heartbeat(0.0, "", 0.0)
    worst = min(said.disks, key=_share, default=None)
    return {
        "name": machine.name,
        "state": machine.state.value,
        "problems": [
            {"code": code, "text": text(f"machine.problem.{code}", language, **fields)}
            for code, fields in problems(machine, now, language)
        ],
        "received_at": machine.received_at,
        "skew": machine.skew,
        "version": said.version,
        "open": _open(machine, said),
        "failed": _count(said.failed),
        "solved": _count(said.solved),
        "unanswered": _count(said.unanswered),
        "waiting": _count(said.waiting),
        "success_rate": said.success_rate,
        "disk": None if worst is None else _disk(worst),
        "bot_active": said.bot_active,
        "server_up": said.server_up,
        "container": said.container,
        "lag": said.lag,
        "pending": _count(said.pending),
        "missing": _count(machine.missing),
        "refused": _count(said.refused),
        "flips": _count(machine.flips),
        "certificate_until": machine.certificate_until or said.certificate_until,
    }


def details(machine: Machine, now: float, language: str) -> dict[str, object]:
    """One machine, with what its page shows. Repairs stay on the machine: `commands` are to be run there."""
    said = machine.heartbeat or Heartbeat(0.0, "", 0.0)
    return {
        **row(machine, now, language),
        "started_at": said.started_at or None,
        "invited_at": machine.invited_at,
        "revoked_at": machine.revoked_at,
        "hosts": list(machine.hosts),
        "disks": [_disk(one) for one in said.disks],
        "set_aside": [_count(one) for one in said.set_aside],
        "open_types": {name: number for name, number in machine.open_types},
        "address": said.address,
        "commands": list(COMMANDS),
        "at": now,
    }


def totals(machines: Sequence[Machine], now: float, database: str = "") -> dict[str, object]:
    """All machines in figures, with the worst by name. Of a silent machine nothing is known now. `database` is why
    the hub cannot read its database, "" when it can."""
    states = Counter(one.state for one in machines)
    heard = [
        (one, one.heartbeat)
        for one in machines
        if one.heartbeat is not None and one.state in (MachineState.OK, MachineState.TROUBLED)
    ]
    solved, failed = (sum(_count(getattr(said, name)) for _, said in heard) for name in ("solved", "failed"))
    unknown = len(machines) - len(heard) - states[MachineState.REVOKED]
    every = ((_share(disk), one.name, disk) for one, said in heard for disk in said.disks)
    return {
        "machines": len(machines) - states[MachineState.REVOKED],
        "states": {state.value: states[state] for state in MachineState},
        "silent": _named(one for one in machines if one.state is MachineState.SILENT),
        "troubled": _named(one for one in machines if one.state is MachineState.TROUBLED),
        "bots": _part(heard, unknown, lambda said: said.bot_active),
        "servers": _part(heard, unknown, lambda said: said.server_up),
        "disks": [{"machine": name, **_disk(disk)} for _, name, disk in heapq.nsmallest(WORST, every, key=_first)],
        "open": sum(_open(one, one.heartbeat) for one in machines),
        "failed": failed,
        "unanswered": sum(_count(said.unanswered) for _, said in heard),
        "waiting": sum(_count(said.waiting) for _, said in heard),
        "pending": sum(_count(said.pending) for _, said in heard),
        "missing": sum(_count(one.missing) for one in machines),
        "success_rate": solved / (solved + failed) if solved + failed else None,
        "database": database,
    }


def _part(
    heard: Sequence[tuple[Machine, Heartbeat]], unknown: int, asked: Callable[[Heartbeat], bool | None]
) -> dict[str, object]:
    """How many of something run; `worst` are machines on which it does not."""
    answers = Counter(asked(said) for _, said in heard)
    return {
        "up": answers[True],
        "down": answers[False],
        "unknown": answers[None] + unknown,
        "worst": _named(one for one, said in heard if asked(said) is False),
    }


def _named(machines: Iterable[Machine]) -> list[str]:
    return [one.name for one, _ in zip(machines, range(WORST), strict=False)]


def _open(machine: Machine, said: Heartbeat | None) -> int:
    """The open incidents that the database has; before it has been asked, those that the machine counts."""
    stored = sum(number for _, number in machine.open_types)
    return stored or _count(said.open if said else 0)


def _disk(one: Disk) -> dict[str, object]:
    return {**asdict(one), "free": _count(one.free), "total": _count(one.total)}


def _share(one: Disk) -> float:
    return one.free / one.total if one.total > 0 else 1.0


def _first(one: tuple[float, str, Disk]) -> tuple[float, str]:
    return one[0], one[1]


def _count(number: int) -> int:
    return max(0, number)


def _moment(at: float) -> str:
    try:
        return date_time(at)
    except (ValueError, OverflowError, OSError):
        return "…"
