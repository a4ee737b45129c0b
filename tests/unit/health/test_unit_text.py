"""What the status says of the bot's unit, also where there is none to ask about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trafico_monitor.config.schema import Bot, Config
from trafico_monitor.health.scheduler import _unit_text
from trafico_monitor.health.unit import UnitState

CONTAINER = Bot(unit="", container="bot")
OF_USER = Bot(unit="bot.service", user_unit=True)


@pytest.mark.parametrize(
    ("bot", "state", "said"),
    [
        (Bot(), UnitState("bot.service", known=True, active="active", sub="running"), "active (running), NRestarts=0"),
        (Bot(), UnitState(""), "systemd no dice cómo está"),
        (CONTAINER, UnitState(""), "sin unidad del sistema: solo se siguen sus líneas"),
        (OF_USER, UnitState(""), "sin unidad del sistema: solo se siguen sus líneas"),
    ],
)
def test_the_unit_in_words(bot: Bot, state: UnitState, said: str) -> None:
    assert _unit_text(state, replace(Config(), bot=bot)) == said
