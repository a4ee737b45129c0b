from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.unit.notify.samples import NOON, TOKEN, failed, incident, notice
from tests.unit.notify.test_message import check
from tests.unit.notify.test_render import notices
from trafico_monitor.model.alert import Notification, Severity
from trafico_monitor.model.incident import Estado
from trafico_monitor.notify.messages.render import render_digest


def test_each_has_a_line_with_its_own_time_and_failures_come_first() -> None:
    told = render_digest(
        [
            notice("start", Severity.INFO, at=NOON),
            notice("solved", at=NOON + 60, incident=incident(id="AAAA", estado=Estado.SOLUCIONADO)),
            notice("failed", at=NOON + 3600, incident=failed(id="BBBB")),
        ],
        "es",
        UTC,
    ).plain.splitlines()
    assert told[2] == "3 avisos juntos, de 25/12 12:00:00 a 25/12 13:00:00"
    assert [line[:8] for line in told[4:]] == ["13:00:00", "12:00:00", "12:01:00"]
    assert told[4].endswith("#BBBB") and "❌ timeout" in told[4]


@pytest.mark.parametrize("count", [30, 100, 500])
def test_a_long_digest_counts_what_it_leaves_out_and_names_failures(count: int) -> None:
    many = [notice("failed", at=NOON + n, incident=failed(id=f"F{n:07}")) for n in range(count)]
    shown = check(render_digest(many, "es", UTC))
    named = sum(f"#F{n:07}" in shown for n in range(count))
    left = int(shown.rsplit("… y ", 1)[1].split()[0]) if "… y " in shown else 0
    assert named + left == count
    assert named >= min(count, 100)


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(notices, min_size=1, max_size=60), st.sampled_from(["es", "en"]))
def test_whatever_the_notices_hold_the_digest_is_valid(told: list[Notification], language: str) -> None:
    message = render_digest(told, language, UTC)
    assert TOKEN not in check(message) and TOKEN not in message.plain
