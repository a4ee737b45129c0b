"""What the text of /proc/PID/cgroup says, as systemd and Docker write it."""

from __future__ import annotations

import pytest

from trafico_monitor.health.processes import service_of


@pytest.mark.parametrize(
    ("control_groups", "service"),
    [
        ("0::/system.slice/bot.service\n", "bot.service"),
        ("9:name=systemd:/\n0::/system.slice/system-x.slice/own.service/worker\n", "own.service"),
        ("0::/bots.slice/sliced.service\n", "sliced.service"),
        ("0::/system.slice/system-bot.slice/bot@1.service\n", "bot@1.service"),
        ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/mine.service\n", ""),
        ("0::/user.slice/user-1000.slice/session-3.scope\n", ""),
        ("0::/system.slice/docker-0123.scope\n", ""),
        ("", ""),
    ],
)
def test_the_service_that_holds_a_process(control_groups: str, service: str) -> None:
    assert service_of(control_groups) == service
