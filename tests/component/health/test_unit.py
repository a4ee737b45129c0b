"""The unit: real systemctl, which here may have no systemd to talk to."""

from __future__ import annotations

from trafico_monitor.health.unit import query_unit, read
from trafico_monitor.host import systemd


async def test_without_systemd_the_state_is_unknown_and_no_error() -> None:
    state = await query_unit("trafico-main.service")
    assert state.known is systemd.systemd_runs()
    if not state.known:
        assert (state.active, state.load) == ("unknown", "")


def test_the_properties_of_a_failed_unit() -> None:
    said = systemd.parse_properties(
        "LoadState=loaded\nActiveState=failed\nSubState=failed\nResult=exit-code\nNRestarts=5\nMainPID=0\n"
        "ExecMainStatus=1\nWorkingDirectory=!/home/victor/100-trafico/100trafico\nRestart=on-failure\n"
        "User=victor\nSupplementaryGroups=systemd-journal docker\nLogRateLimitBurst=5000\n"
        "Environment=A=b C=d\nnot a property\n"
    )
    assert said["Environment"] == "A=b C=d"
    state = read("trafico-main.service", said)
    assert (state.known, state.active, state.result, state.exit_status) == (True, "failed", "exit-code", 1)
    assert (state.restarts, state.main_pid, state.rate_burst) == (5, 0, 5000)
    assert state.working_directory == "/home/victor/100-trafico/100trafico"
    assert state.groups == ("systemd-journal", "docker")


def test_a_number_that_is_none_is_zero() -> None:
    assert read("x.service", {"NRestarts": "[not set]", "MainPID": ""}).restarts == 0


def test_when_its_main_process_began_on_both_clocks() -> None:
    state = read(
        "x.service", {"ExecMainStartTimestamp": "@1796018279", "ExecMainStartTimestampMonotonic": "14712488224"}
    )
    assert (state.began, round(state.since, 3)) == (1796018279.0, 14712.488)
    assert read("x.service", {"ExecMainStartTimestamp": ""}).began == 0


def test_what_systemctl_says_more_than_once_and_in_quotes() -> None:
    said = systemd.parse_properties(
        'Environment="A=x y" "B=q\\"w\'e" C=100% "P=/two words:/b\\\\c:\\$HOME" "N=a\\nb"\n'
        "EnvironmentFiles=/etc/a b.env (ignore_errors=yes)\nEnvironmentFiles=/etc/b.env (ignore_errors=no)\n"
    )
    variables = {"A": "x y", "B": "q\"w'e", "C": "100%", "P": "/two words:/b\\c:$HOME", "N": "a\nb"}
    assert systemd.environment(said) == variables
    assert [str(file) for file in systemd.environment_files(said)] == ["/etc/a b.env", "/etc/b.env"]
    assert (systemd.environment({}), systemd.environment_files({})) == ({}, [])
