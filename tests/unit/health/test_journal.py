"""What is read out of journald's configuration and journalctl's JSON."""

from __future__ import annotations

from trafico_monitor.preflight.journal import rate


def test_journald_s_own_limit_unless_it_is_set() -> None:
    assert rate("#RateLimitBurst=5\n") == (10_000, 30.0)


def test_the_last_setting_wins() -> None:
    joined = "[Journal]\nRateLimitIntervalSec=30s\nRateLimitBurst=1000\n# drop-in\nRateLimitBurst=50\n"
    assert rate(joined) == (50, 30.0)
    assert rate("RateLimitIntervalSec=2min\nRateLimitBurst=0") == (0, 120.0)
