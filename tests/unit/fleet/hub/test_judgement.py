"""What a hub tells: once, in one message for many, and again only what is new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from trafico_monitor.fleet.hub.judgement import Fleet, Limits, Memory, Statement, judge
from trafico_monitor.fleet.hub.overview import Opening, state_of
from trafico_monitor.model.alert import NotificationCode as Code
from trafico_monitor.model.alert import Severity
from trafico_monitor.model.fleet import ANONYMOUS, Heartbeat, Machine, MachineState
from trafico_monitor.model.serialization import decode, encode

NOON = 1_795_000_000.0
LIMITS = Limits()


def machine(name: str, at: float = NOON, *, beat: Mapping[str, object] | None = None, **more: object) -> Machine:
    heartbeat = Heartbeat(sent_at=at, version="2.0.0", started_at=0.0, **(beat or {}))  # type: ignore[arg-type]
    return Machine(name, MachineState.OK, received_at=at, heartbeat=heartbeat, **more)  # type: ignore[arg-type]


@dataclass
class Watch:
    """A hub over simulated machines; each look goes through the stored form of its memory, as after a restart."""

    memory: Memory = field(default_factory=Memory)
    said: list[tuple[float, Statement]] = field(default_factory=list)

    def look(self, now: float, machines: Iterable[Machine], *openings: Opening) -> list[Statement]:
        judged = [replace(one, state=state_of(one, now, 0.0, LIMITS.silent_after)) for one in machines]
        memory, said = judge(Fleet(now, judged, openings), LIMITS, self.memory)
        self.memory = decode(Memory, encode(memory))
        self.said += [(now, one) for one in said]
        return list(said)

    def run(self, seconds: int, beats: Mapping[str, int], *, stopped_at: float = float("inf"), alive: int = 0) -> None:
        """Look each 5 s. `beats` are the phases of heartbeats each 60 s; all machines but the first `alive` are cut
        off at `stopped_at`."""
        for now in range(0, seconds, 5):
            fleet = []
            for place, (name, phase) in enumerate(beats.items()):
                until = now if place < alive else min(now, stopped_at)
                last = (until - phase) // 60 * 60 + phase
                fleet.append(machine(name, NOON + last))
            self.look(NOON + now, fleet)

    def messages(self) -> list[Statement]:
        """What rings."""
        return [one for _, one in self.said if not one.edit]


def test_nothing_is_told_of_a_healthy_fleet() -> None:
    watch = Watch()
    watch.run(1200, {f"m{n:02}": n % 60 for n in range(50)})
    assert watch.said == []


def test_a_silent_machine_is_told_once_in_time_and_its_return_once() -> None:
    watch = Watch()
    for now in range(0, 900, 5):
        watch.look(NOON + now, [machine("m01", NOON + (0 if now < 600 else now)), machine("m02", NOON + now)])
    (at, silent), (back_at, back) = watch.said
    assert 180 < at - NOON <= 190
    assert (silent.code, silent.severity, silent.key) == (Code.MACHINES_SILENT, Severity.CRITICAL, "machines")
    assert (silent.fields["maquinas"], silent.fields["cuantas"], silent.fields["de"]) == ("m01", "1", "2")
    assert [one.event for one in silent.lines] == ["machine_silent"]
    assert back_at == NOON + 600 and back.code is Code.MACHINES_BACK and back.thread > silent.thread
    assert back.lines[0].fields["segundos"] == "600"


def test_forty_of_fifty_gone_at_once_are_one_message_wherever_their_heartbeats_were() -> None:
    watch = Watch()
    watch.run(900, {f"m{n:02}": (n * 7) % 60 for n in range(50)}, stopped_at=300.0, alive=10)
    (silent,) = watch.messages()
    assert silent.fields["cuantas"] == "40" and silent.fields["de"] == "50"
    assert silent.fields["maquinas"].endswith("… (+28)")
    assert len([one for _, one in watch.said for _ in one.lines]) == 40
    at = watch.said[0][0] - NOON
    assert at <= 300 + 210


def test_machines_that_go_silent_one_after_another_ring_again_and_come_back_quietly() -> None:
    watch = Watch()
    fleet = {"m01": 0.0, "m02": 1000.0, "m03": 5000.0}

    def look(now: float) -> list[str]:
        said = watch.look(NOON + now, [machine(name, NOON + min(now, last)) for name, last in fleet.items()])
        return [f"{'edit ' if one.edit else ''}{one.code.value} {one.fields['maquinas']}" for one in said]

    assert look(200.0) == ["machines_silent m01"]
    assert look(900.0) == []
    assert look(1185.0) == ["machines_silent m01, m02"]
    fleet["m01"] = 9000.0
    assert look(1190.0) == ["edit machines_silent m02"]
    fleet["m02"] = 9000.0
    assert look(1195.0) == ["machines_back m02"]


def test_machines_that_follow_at_once_wait_for_the_next_message() -> None:
    watch = Watch()
    for now in (181.0, 186.0, 191.0, 196.0, 202.0):
        late = now - 181.0 + 1.0
        watch.look(NOON + now, [machine("m01", NOON), machine("m02", NOON + 100 if late < 2 else NOON)])
    assert [one.fields["maquinas"] for one in watch.messages()] == ["m01", "m01, m02"]


def test_revoked_and_invited_machines_are_not_missed() -> None:
    watch = Watch()
    watch.look(NOON, [machine("m01", NOON - 1000, revoked_at=NOON - 5), Machine("m02", MachineState.INVITED)])
    assert watch.said == []
    watch.look(NOON, [machine("m03", NOON - 1000)])
    (over,) = watch.look(NOON + 60, [machine("m03", NOON - 1000, revoked_at=NOON)])
    assert over.code is Code.FLEET_OVER and not over.lines, "revoked is not back"


def test_an_alarm_that_nobody_answers_is_told_after_its_time_by_the_right_clock() -> None:
    watch = Watch()

    def look(now: float, unanswered: int, silent: bool = False) -> list[Code]:
        beat = {"unanswered": unanswered, "unanswered_since": NOON + 3600.0 if unanswered else None}
        at = NOON + (0 if silent else now)
        fleet = [machine("m01", at, beat=beat, skew=3600.0), machine("m02", NOON + now)]
        return [one.code for one in watch.look(NOON + now, fleet) if one.key == "unanswered"]

    assert look(899.0, 1) == []
    assert look(901.0, 1) == [Code.FLEET_UNANSWERED]
    assert look(930.0, 2) == []
    assert look(2000.0, 0, silent=True) == [], "of a silent machine nothing is known to be over"
    assert look(2005.0, 0) == [Code.FLEET_OVER]
    assert look(2010.0, 0) == []


def test_a_clock_that_is_off_is_told_once_and_flaps_at_no_limit() -> None:
    watch = Watch()
    said = []
    for now, skew in enumerate((59.0, 61.0, 59.0, 62.0, -40.0, 29.0, 30.0)):
        said += [one.code for one in watch.look(NOON + 60 * now, [machine("m01", NOON + 60 * now, skew=skew)])]
    assert said == [Code.CLOCKS_WRONG, Code.FLEET_OVER]


def test_a_certificate_that_ends_within_14_days_is_told_once_until_it_is_renewed() -> None:
    watch, day = Watch(), 86400.0

    def look(now: float, until: float) -> list[str]:
        said = watch.look(now, [machine("m01", now, beat={"certificate_until": until})])
        return [f"{one.code.value} {one.fields['maquinas']}" for one in said]

    until = NOON + 15 * day
    assert look(NOON, until) == []
    assert look(NOON + 2 * day, until) == ["certificates_end m01 (2026-12-03)"]
    assert look(NOON + 3 * day, until) == []
    assert look(NOON + 3 * day + 60, until + 100 * day) == ["fleet_over m01"]


def test_two_machines_with_one_name_are_told_until_one_is_quiet() -> None:
    watch = Watch()
    codes = []
    for now in range(0, 1500, 60):
        flipped = NOON + min(now, 300)
        codes += [
            one.code for one in watch.look(NOON + now, [machine("m01", NOON + now, flips=2, flipped_at=flipped)])
        ]
    assert codes == [Code.NAMES_DOUBLE, Code.FLEET_OVER]


def test_more_holes_are_told_again_and_the_same_ones_are_not() -> None:
    watch = Watch()
    said = []
    for now, missing in enumerate((0, 1, 1, 3, 3)):
        said += watch.look(NOON + 60 * now, [machine("m01", NOON + 60 * now, missing=missing)])
    assert [one.fields["maquinas"] for one in said] == ["m01 (1)", "m01 (3)"]


# A common cause.


def opening(name: str, at: float, error_type: str = "timeout", **more: str) -> Opening:
    return Opening(name, error_type, NOON + at, **more)


def fleet_of(number: int, now: float, **more: object) -> list[Machine]:
    return [machine(f"m{n:02}", NOON + now, **more) for n in range(number)]  # type: ignore[arg-type]


def test_three_machines_with_one_error_within_ten_minutes_have_one_cause_and_one_edited_message() -> None:
    watch = Watch()
    openings = [opening("m00", 0.0), opening("m00", 10.0), opening("m01", 20.0)]
    assert watch.look(NOON + 30, fleet_of(5, 30), *openings) == []
    openings.append(opening("m02", 590.0, modelo="anna"))
    (cause,) = watch.look(NOON + 595, fleet_of(5, 595), *openings)
    assert (cause.key, cause.code, cause.fields["maquinas"]) == (
        "cause_timeout",
        Code.COMMON_CAUSE,
        "m00, m01, m02",
    )
    assert watch.look(NOON + 600, fleet_of(5, 600), *openings) == []
    openings.append(opening("m03", 700.0))
    (more,) = watch.look(NOON + 705, fleet_of(5, 705), *openings)
    assert more.edit and more.thread == cause.thread and more.fields["cuantas"] == "4" and not more.lines


def test_other_errors_other_times_and_a_strangers_words_are_no_common_cause() -> None:
    watch = Watch()
    far = [opening("m00", 0.0), opening("m01", 300.0), opening("m02", 601.0)]
    mixed = [opening("m00", 600.0, "corrupto"), opening("m01", 601.0, "permisos")]
    words = [opening(f"m{n:02}", 600.0, "x") for n in range(5)]
    assert watch.look(NOON + 602, fleet_of(5, 602), *far, *mixed, *words) == []


def test_a_cause_is_over_when_nothing_new_comes_and_nothing_of_it_is_open() -> None:
    watch = Watch()
    openings = [opening(f"m{n:02}", 0.0) for n in range(3)]
    (cause,) = watch.look(NOON + 5, fleet_of(5, 5), *openings)
    assert watch.look(NOON + 700, fleet_of(5, 700, open_types=(("timeout", 1),)), *openings) == []
    (over,) = watch.look(NOON + 705, fleet_of(5, 705), *openings)
    assert over.code is Code.COMMON_CAUSE_OVER and over.key == cause.key and over.thread > cause.thread
    assert watch.look(NOON + 710, fleet_of(5, 710), *openings) == []


def test_a_cause_names_what_the_machines_share_and_nothing_that_they_do_not() -> None:
    def shared(others: str = "2.0.0", **more: object) -> Mapping[str, str]:
        beats: list[Mapping[str, object]] = [{"server_up": False}] * 3 + [{"server_up": True}] * 2
        fleet = [machine(f"m{n:02}", NOON, beat=beat) for n, beat in enumerate(beats)]
        for place in (3, 4):
            beat = replace(fleet[place].heartbeat, version=others)  # type: ignore[type-var]
            fleet[place] = replace(fleet[place], heartbeat=beat)
        said = Watch().look(NOON, fleet, *(opening(f"m{n:02}", 0.0, **more) for n in range(3)))  # type: ignore[arg-type]
        return said[0].shared

    assert shared() == {"server": "-"}
    assert shared(modelo="anna", exception="x.Y", others="1.9") == {
        "modelo": "anna",
        "exception": "x.Y",
        "server": "-",
        "version": "2.0.0",
    }
    assert "modelo" not in shared(modelo=ANONYMOUS)


def test_a_restored_memory_tells_nothing_twice() -> None:
    first, fleet = Watch(), [machine("m01", NOON - 500, missing=2), machine("m02", NOON, skew=99.0)]
    assert len(first.look(NOON, fleet)) == 3
    second = Watch(memory=decode(Memory, encode(first.memory)))
    assert second.look(NOON + 60, [fleet[0], machine("m02", NOON + 60, skew=99.0)]) == []
