"""A crash loop in the running service: one message in Telegram that counts, and one more when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journal_fixtures import UNIT, wait_until
from tests.standin.bot_api import BotApiServer

from .test_alerts import ADMIN, SECONDS, STARTED, Machine

pytestmark = pytest.mark.slow

SUCCEEDED = ("7ad2d189f7e94e70a38c781354912448", f"{UNIT}: Deactivated successfully.")
SCHEDULED = ("5eb03494b6584870a536b337290809b3", f"{UNIT}: Scheduled restart job, restart counter is at 1.")
GIVEN_UP = (
    ("", f"{UNIT}: Start request repeated too quickly."),
    ("d9b373ed55a64feb8242e02dbe79a49c", f"{UNIT}: Failed with result 'start-limit-hit'."),
)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with BotApiServer(tmp_path / "files", control_port=0) as server:
        server.api.add_chat({"id": ADMIN})
        yield Machine(tmp_path, server)


def test_six_ends_are_one_message_that_counts(machine: Machine) -> None:
    with machine.running() as service:
        for turn in range(1, 7):
            machine.manager(STARTED, SUCCEEDED, SCHEDULED)
            wait_until(lambda turn=turn: service.log.count("nadie lo detuvo") == turn, "on record", SECONDS)
        machine.manager(*GIVEN_UP)
        wait_until(lambda: "Caídas: 6 en" in machine.told(ADMIN), "counted", SECONDS)
        wait_until(lambda: "ya no lo vuelve a arrancar" in machine.told(ADMIN), "and given up", SECONDS)
        assert machine.rung(ADMIN).count("se detuvo inesperadamente") == 1
        machine.manager(STARTED)
        wait_until(lambda: "vuelve a funcionar" in machine.rung(ADMIN), "its end", SECONDS)
        assert machine.rung(ADMIN).count("se detuvo inesperadamente") == 1
