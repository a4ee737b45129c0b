"""What each round says about seeing and hearing the bot."""

from __future__ import annotations

from dataclasses import replace

from trafico_monitor.health.unit import UnitState, read
from trafico_monitor.health.visibility import LAG_SECONDS, Visibility, VisibilityCheck

RUNNING = UnitState("bot.service", known=True, active="active", main_pid=7, since=100.0)
BEHIND = Visibility(lag=LAG_SECONDS + 1, monotonic=1000.0)


def codes(sight: VisibilityCheck, seen: Visibility, limit: float = 300.0) -> list[str]:
    return [one.code for one in sight.judge(seen, interval=30.0, unit_silence=limit, at=5.0)]


def test_all_is_well() -> None:
    assert codes(VisibilityCheck(), Visibility(quiet=2.0, unit=RUNNING, monotonic=1000.0)) == [
        "readable",
        "caught_up",
        "unit_speaks",
    ]


def test_a_reader_is_behind_when_it_still_is_after_a_round() -> None:
    sight = VisibilityCheck()
    assert "reader_behind" not in codes(sight, BEHIND)
    assert "reader_behind" not in codes(sight, replace(BEHIND, monotonic=1029.0))  # a look in between
    assert "reader_behind" in codes(sight, replace(BEHIND, monotonic=1030.0))
    assert "caught_up" in codes(sight, replace(BEHIND, lag=0.0, monotonic=1060.0))
    assert "reader_behind" not in codes(sight, replace(BEHIND, monotonic=1090.0))


def test_a_journal_that_may_not_be_read_is_said_with_its_reason() -> None:
    [first, *_] = VisibilityCheck().judge(Visibility(trouble="no"), interval=30, unit_silence=300, at=5.0)
    assert (first.code, first.message) == ("no_access", "no")


def test_a_unit_is_silent_only_when_it_runs_long_enough_and_we_can_hear() -> None:
    silent = Visibility(quiet=301.0, unit=RUNNING, monotonic=1000.0)
    assert "unit_silent" in codes(VisibilityCheck(), silent)
    others = [
        replace(silent, unit=replace(RUNNING, active="inactive")),
        replace(silent, unit=replace(RUNNING, since=800.0)),  # began less than the limit ago
        replace(silent, unit=replace(RUNNING, known=False)),
        replace(silent, unit=None),
        replace(silent, quiet=None),
        replace(silent, trouble="no access"),
        replace(silent, lag=1.0),
    ]
    for seen in others:
        assert not {"unit_silent", "unit_speaks"} & set(codes(VisibilityCheck(), seen))
    assert "unit_silent" not in codes(VisibilityCheck(), silent, limit=0.0)


def test_systemd_tells_since_when_the_main_process_runs() -> None:
    assert read("bot.service", {"ExecMainStartTimestampMonotonic": "12500000"}).since == 12.5
    assert read("bot.service", {}).since == 0.0
