"""What no machine can know alone: silence, a common cause, wrong clocks, holes, two machines with one name. Pure.

All times are the database's clock, in seconds since the epoch. A condition is one conversation: the machines that it
holds for are one list, in one message. A machine more is a new message, a machine less an edit of the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from ...model.alert import NotificationCode, Severity
from ...model.finding import ErrorType
from ...model.fleet import ANONYMOUS, Machine, MachineState, ends_soon
from .overview import Opening

GROUP_SECONDS = 20.0  # between two messages of one condition: whoever follows meanwhile is in the next one
LATE_SHARE = 0.6  # of `silent_after`, which is three heartbeats: what is older has missed one
CAUSE_SECONDS = 600.0
CAUSE_MACHINES = 3
CAUSE_LONGEST = (
    6 * 3600.0
)  # an incident may stay open for weeks; a common cause of which nothing new is heard does not
FLIP_SECONDS = 600.0  # since the last heartbeat that took turns with another machine's
MOST_NAMED = 12

_TYPES = frozenset(one.value for one in ErrorType)


@dataclass(frozen=True, slots=True)
class Limits:
    """`[hub]`, in seconds; `escalate_unanswered` 0: never."""

    silent_after: float = 180.0
    escalate_unanswered: float = 900.0
    skew: float = 60.0


@dataclass(frozen=True, slots=True)
class Fleet:
    """All machines at `now`, and the incidents opened lately."""

    now: float
    machines: Sequence[Machine]
    openings: Sequence[Opening] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """A machine in an episode. Another `mark` is news; `since` is when it began."""

    machine: str
    mark: str = ""
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class Episode:
    """A condition that holds. `thread` is its last message, sent at `at`; `since` the beginning."""

    key: str
    thread: int
    at: float
    since: float
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Memory:
    """What has been told and holds still; stored with each step."""

    episodes: tuple[Episode, ...] = ()

    @property
    def members(self) -> frozenset[tuple[str, str, str]]:
        """Key, machine and mark of all that has been told."""
        return frozenset((each.key, one.machine, one.mark) for each in self.episodes for one in each.members)


@dataclass(frozen=True, slots=True)
class Line:
    """An event for the record: its code has a MESSAGE_ID and a text `record.<event>`."""

    event: str
    priority: int
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Statement:
    """A notification and its records. `edit`: only the message of that thread changes, and nothing rings. `shared` are
    facts that the machines of a common cause share, by `hub.shared.<name>` in messages/."""

    key: str
    code: NotificationCode
    severity: Severity
    thread: int
    fields: Mapping[str, str]
    edit: bool = False
    lines: tuple[Line, ...] = ()
    error_type: str = ""
    shared: Mapping[str, str] = field(default_factory=dict)


Members = dict[str, Member]


@dataclass(frozen=True, slots=True)
class _Condition:
    """`holds` gives the machines that it holds for, `lasts` those of which it is not over yet. `joined`: whoever is
    in `lasts` joins a new message. `detail` is what the list says of one machine."""

    key: str
    code: NotificationCode
    event: str
    holds: Callable[[Fleet, Limits], Members]
    lasts: Callable[[Fleet, Limits], Members]
    detail: Callable[[Machine], str] = lambda machine: ""
    severity: Severity = Severity.RECOVERABLE
    priority: int = 4
    over: NotificationCode = NotificationCode.FLEET_OVER
    event_over: str = "fleet_over"
    joined: bool = False


def judge(fleet: Fleet, limits: Limits, memory: Memory) -> tuple[Memory, tuple[Statement, ...]]:
    """What there is to tell now, and what has been told after it."""
    episodes = {one.key: one for one in memory.episodes}
    after: list[Episode] = []
    statements: list[Statement] = []
    for condition in _CONDITIONS:
        episode, said = _judge_condition(condition, fleet, limits, episodes.get(condition.key))
        after += [episode] if episode else []
        statements += said
    for error_type in sorted(_TYPES):
        episode, said = _judge_cause(error_type, fleet, episodes.get(f"cause_{error_type}"))
        after += [episode] if episode else []
        statements += said
    return Memory(tuple(after)), tuple(statements)


# Conditions of single machines.


def _judge_condition(
    condition: _Condition, fleet: Fleet, limits: Limits, episode: Episode | None
) -> tuple[Episode | None, list[Statement]]:
    now = fleet.now
    holds, lasts = condition.holds(fleet, limits), condition.lasts(fleet, limits)
    told = {one.machine: one for one in episode.members} if episode else {}
    entering = [name for name, one in holds.items() if name not in told or told[name].mark != one.mark]
    rings = bool(entering) and (episode is None or not 0 <= now - episode.at < GROUP_SECONDS)
    current = {name: told[name] for name in told if name in holds or name in lasts}
    if rings:
        current = (lasts if condition.joined else {}) | current | holds
    left, active = [told[name] for name in told if name not in current], {one.name for one in _active(fleet)}
    lines = [_left(condition, one, fleet) for one in left if one.machine in active]
    if not current:
        return None, [_over(condition, episode, fleet, lines)] if episode else []
    if rings:
        new = [one for name, one in current.items() if name not in told or told[name].mark != one.mark]
        thread = max(int(now), episode.thread + 1 if episode else 0)
        since = min(one.since for one in current.values())
        episode = Episode(condition.key, thread, now, since, _ordered(current))
        lines += [_entered(condition, one, fleet) for one in new]
        return episode, [_listed(condition, episode, fleet, lines)]
    if episode is None or not left:
        return episode, []
    episode = replace(episode, members=_ordered(current))
    return episode, [replace(_listed(condition, episode, fleet, lines), edit=True)]


def _listed(condition: _Condition, episode: Episode, fleet: Fleet, lines: Sequence[Line]) -> Statement:
    known = {one.name: one for one in fleet.machines}
    fields = {
        "cuantas": str(len(episode.members)),
        "de": str(len(_active(fleet))),
        "maquinas": _names([(one.machine, _detail(condition, known.get(one.machine))) for one in episode.members]),
        "desde": f"{min(one.since for one in episode.members):.0f}",
    }
    return Statement(condition.key, condition.code, condition.severity, episode.thread, fields, lines=tuple(lines))


def _over(condition: _Condition, episode: Episode, fleet: Fleet, lines: Sequence[Line]) -> Statement:
    code = condition.over if lines else NotificationCode.FLEET_OVER  # revoked, and not well again
    rings = code is not NotificationCode.FLEET_OVER
    thread = max(int(fleet.now), episode.thread + 1) if rings else episode.thread
    fields = {
        "asunto": condition.code.value,
        "maquinas": _names([(one.machine, "") for one in episode.members]),
        "segundos": f"{max(0.0, fleet.now - episode.since):.0f}",
    }
    return Statement(condition.key, code, Severity.RECOVERABLE, thread, fields, lines=tuple(lines))


def _entered(condition: _Condition, one: Member, fleet: Fleet) -> Line:
    machine = next((each for each in fleet.machines if each.name == one.machine), None)
    fields = {"maquina": one.machine, "detalle": _detail(condition, machine)}
    return Line(condition.event, condition.priority, {**fields, "segundos": f"{max(0.0, fleet.now - one.since):.0f}"})


def _left(condition: _Condition, one: Member, fleet: Fleet) -> Line:
    seconds = f"{max(0.0, fleet.now - one.since):.0f}"
    fields = {"asunto": condition.code.value, "maquina": one.machine, "segundos": seconds}
    return Line(condition.event_over, 5, fields)


def _detail(condition: _Condition, machine: Machine | None) -> str:
    return "" if machine is None else condition.detail(machine)


def _ordered(members: Members) -> tuple[Member, ...]:
    return tuple(members[name] for name in sorted(members))


def _names(machines: Sequence[tuple[str, str]]) -> str:
    """`m01, m02 (+90 s), … (+3)`."""
    shown = [f"{name} ({detail})" if detail else name for name, detail in machines[:MOST_NAMED]]
    more = len(machines) - len(shown)
    return ", ".join(shown) + (f", … (+{more})" if more else "")


def _active(fleet: Fleet) -> list[Machine]:
    """The machines that are to send heartbeats."""
    return [one for one in fleet.machines if one.state not in (MachineState.INVITED, MachineState.REVOKED)]


def _silent(fleet: Fleet, _: Limits) -> Members:
    return _members(fleet, lambda one: one.state is MachineState.SILENT, lambda one: one.received_at or 0.0)


def _late(fleet: Fleet, limits: Limits) -> Members:
    """Machines that have missed a heartbeat: of those cut off at once, each has its own time to be silent."""
    after = fleet.now - limits.silent_after * LATE_SHARE
    return _members(fleet, lambda one: (one.received_at or 0.0) < after, lambda one: one.received_at or 0.0)


def _unanswered(fleet: Fleet, limits: Limits) -> Members:
    if not limits.escalate_unanswered:
        return {}
    return _members(fleet, lambda one: _asked(one) < fleet.now - limits.escalate_unanswered, _asked)


def _waits(fleet: Fleet, _: Limits) -> Members:
    return _members(fleet, lambda one: _asked(one) < float("inf"), _asked)


def _asked(machine: Machine) -> float:
    """When the oldest alert that nobody has answered fired there."""
    said = machine.heartbeat
    if said is None or not said.unanswered or said.unanswered_since is None:
        return float("inf")
    return said.unanswered_since - machine.skew


def _skewed(share: float) -> Callable[[Fleet, Limits], Members]:
    def members(fleet: Fleet, limits: Limits) -> Members:
        return _members(fleet, lambda one: abs(one.skew) > limits.skew * share, lambda one: fleet.now)

    return members


def _ending(fleet: Fleet, _: Limits) -> Members:
    def until(machine: Machine) -> float:
        said = machine.heartbeat.certificate_until if machine.heartbeat else None
        return said or machine.certificate_until or float("inf")

    return {
        one.name: Member(one.name, f"{until(one):.0f}", fleet.now)
        for one in _active(fleet)
        if ends_soon(until(one), fleet.now)
    }


def _double(fleet: Fleet, _: Limits) -> Members:
    def flips(machine: Machine) -> bool:
        at = machine.flipped_at
        return machine.flips > 0 and at is not None and fleet.now - at < FLIP_SECONDS

    return _members(fleet, flips, lambda one: one.flipped_at or fleet.now)


def _holes(fleet: Fleet, _: Limits) -> Members:
    return {one.name: Member(one.name, str(one.missing), fleet.now) for one in fleet.machines if one.missing}


def _members(fleet: Fleet, holds: Callable[[Machine], bool], since: Callable[[Machine], float]) -> Members:
    return {one.name: Member(one.name, "", since(one)) for one in _active(fleet) if holds(one)}


def _or_silent(lasts: Callable[[Fleet, Limits], Members]) -> Callable[[Fleet, Limits], Members]:
    """Of a silent machine nothing is known to be over."""
    return lambda fleet, limits: _silent(fleet, limits) | lasts(fleet, limits)


def _until(machine: Machine) -> str:
    said = machine.heartbeat.certificate_until if machine.heartbeat else None
    until = said or machine.certificate_until
    return "" if until is None else datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%d")


_CONDITIONS = (
    _Condition(
        "machines",
        NotificationCode.MACHINES_SILENT,
        "machine_silent",
        _silent,
        _late,
        severity=Severity.CRITICAL,
        priority=2,
        over=NotificationCode.MACHINES_BACK,
        event_over="machine_back",
        joined=True,
    ),
    _Condition(
        "unanswered",
        NotificationCode.FLEET_UNANSWERED,
        "fleet_unanswered",
        _unanswered,
        _or_silent(_waits),
        detail=lambda one: str(one.heartbeat.unanswered) if one.heartbeat else "",
        severity=Severity.CRITICAL,
        priority=3,
    ),
    _Condition("names", NotificationCode.NAMES_DOUBLE, "name_double", _double, _or_silent(_double), priority=3),
    _Condition(
        "clocks",
        NotificationCode.CLOCKS_WRONG,
        "clock_wrong",
        _skewed(1.0),
        _or_silent(_skewed(0.5)),
        detail=lambda one: f"{one.skew:+.0f} s",
    ),
    _Condition(
        "certificates",
        NotificationCode.CERTIFICATES_END,
        "certificate_ends",
        _ending,
        _or_silent(_ending),
        detail=_until,
    ),
    _Condition(
        "records",
        NotificationCode.RECORDS_MISSING,
        "records_missing",
        _holes,
        _holes,
        detail=lambda one: str(one.missing),
    ),
)


# A cause that several machines share.


def _judge_cause(error_type: str, fleet: Fleet, episode: Episode | None) -> tuple[Episode | None, list[Statement]]:
    now = fleet.now
    active = {one.name for one in _active(fleet)}
    lately = [
        one
        for one in fleet.openings
        if one.error_type == error_type and now - CAUSE_SECONDS <= one.at and one.machine in active
    ]
    found = {one.machine: Member(one.machine, since=one.at) for one in reversed(lately)}
    if episode is None:
        if len(found) < CAUSE_MACHINES:
            return None, []
        since = min(one.since for one in found.values())
        made = Episode(f"cause_{error_type}", int(now), now, since, _ordered(found))
        return made, [_cause(error_type, made, lately, fleet)]
    told = {one.machine: one for one in episode.members}
    if lately:
        grown = replace(episode, at=now, members=_ordered(found | told))
        if len(grown.members) == len(told):
            return grown, []
        return grown, [replace(_cause(error_type, grown, lately, fleet), edit=True, lines=())]
    opened = (one for one in fleet.machines if one.name in told and one.state is not MachineState.SILENT)
    if now - episode.at < CAUSE_LONGEST and any(error_type in dict(one.open_types) for one in opened):
        return episode, []
    seconds = f"{max(0.0, now - episode.since):.0f}"
    fields = {"maquinas": _names([(name, "") for name in told]), "segundos": seconds}
    line = Line("common_cause_over", 5, {**fields, "cuantas": str(len(told))})
    over = NotificationCode.COMMON_CAUSE_OVER
    thread = max(int(now), episode.thread + 1)
    return None, [
        Statement(episode.key, over, Severity.RECOVERABLE, thread, fields, lines=(line,), error_type=error_type)
    ]


def _cause(error_type: str, episode: Episode, lately: Sequence[Opening], fleet: Fleet) -> Statement:
    names = [one.machine for one in episode.members]
    fields = {
        "cuantas": str(len(names)),
        "de": str(len(_active(fleet))),
        "maquinas": _names([(name, "") for name in names]),
        "desde": f"{episode.since:.0f}",
    }
    return Statement(
        episode.key,
        NotificationCode.COMMON_CAUSE,
        Severity.CRITICAL,
        episode.thread,
        fields,
        lines=(Line("common_cause", 2, fields),),
        error_type=error_type,
        shared=_shared(names, lately, fleet),
    )


def _shared(names: Sequence[str], lately: Sequence[Opening], fleet: Fleet) -> dict[str, str]:
    """The facts that hold for all of the machines, and, of the version, for no other."""
    mine = [one for one in fleet.machines if one.name in set(names)]
    beats = [one.heartbeat for one in mine if one.heartbeat is not None]
    versions = {one.version for one in beats}
    others = {one.heartbeat.version for one in _active(fleet) if one.heartbeat and one.name not in set(names)}
    modelos, exceptions = {one.modelo for one in lately}, {one.exception for one in lately}
    found = {
        "modelo": modelos.pop() if len(modelos) == 1 and modelos != {ANONYMOUS} else "",
        "exception": exceptions.pop() if len(exceptions) == 1 else "",
        "server": "-" if beats and all(one.server_up is False for one in beats) else "",
        "version": versions.pop() if len(versions) == 1 and others and not versions & others else "",
        "all": str(len(mine)) if len(mine) == len(_active(fleet)) else "",
    }
    return {name: value for name, value in found.items() if value}
