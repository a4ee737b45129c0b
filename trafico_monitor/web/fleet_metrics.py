"""`/metrics` of a hub: twelve series of each machine at most, and none of modelo or video. Pure.

Written out here: for 5,000 machines the objects of prometheus_client would cost the better part of a second.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from ..model.fleet import Heartbeat, Machine, MachineState

_PREFIX = "trafico_hub_machine"
Value = Callable[[Machine, Heartbeat | None], float | None]


def _said(of: Callable[[Heartbeat], float | None]) -> Value:
    """A value that the machine says of itself: unknown without a heartbeat, and of a silent machine."""
    return lambda machine, said: None if said is None or machine.state is MachineState.SILENT else of(said)


_SERIES: Sequence[tuple[str, str, Value]] = (
    ("up", "1 while its heartbeats come.", lambda machine, _: machine.state is not MachineState.SILENT),
    ("heartbeat_timestamp_seconds", "When its last heartbeat came.", lambda machine, _: machine.received_at),
    ("clock_skew_seconds", "Its clock less that of the database.", lambda machine, _: machine.skew),
    ("records_missing", "Records that the database lacks.", lambda machine, _: machine.missing),
    ("healthy", "1 while its monitor is healthy.", _said(lambda said: said.healthy)),
    ("bot_active", "1 while its bot runs.", _said(lambda said: said.bot_active)),
    ("bot_api_up", "1 while its Bot API server answers.", _said(lambda said: said.server_up)),
    ("incidents_open", "Its open incidents.", _said(lambda said: said.open)),
    ("incidents_failed", "Its failed incidents of 24 h.", _said(lambda said: said.failed)),
    ("unanswered", "Its alerts that nobody has acknowledged.", _said(lambda said: said.unanswered)),
    ("records_pending", "Its records that wait to be sent.", _said(lambda said: said.pending)),
    ("disk_free_ratio", "Free share of its fullest disk.", _said(lambda said: _fullest(said))),
)  # fmt: skip


def exposition(machines: Sequence[Machine]) -> str:
    """The text of the machines' metrics. Machines that have never been heard of, or are revoked, have none."""
    states = Counter(one.state.value for one in machines)
    lines = ["# HELP trafico_hub_machines Machines, by state.", "# TYPE trafico_hub_machines gauge"]
    lines += [f'trafico_hub_machines{{state="{each.value}"}} {states[each.value]}' for each in MachineState]
    heard = [
        (f'{{machine="{_escaped(one.name)}"}}', one)
        for one in machines
        if one.received_at is not None and one.state is not MachineState.REVOKED
    ]
    for name, about, value_of in _SERIES:
        lines += [f"# HELP {_PREFIX}_{name} {about}", f"# TYPE {_PREFIX}_{name} gauge"]
        start = f"{_PREFIX}_{name}"
        for label, one in heard:
            value = value_of(one, one.heartbeat)
            if value is not None:
                lines.append(f"{start}{label} {float(value)!r}")
    return "\n".join(lines) + "\n"


def _fullest(said: Heartbeat) -> float | None:
    return min((one.free / one.total for one in said.disks if one.total > 0), default=None)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
