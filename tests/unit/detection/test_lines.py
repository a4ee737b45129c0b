"""The shipped rules on single lines: right type, or none."""

from __future__ import annotations

import re
import tomllib
from functools import partial
from pathlib import Path

import pytest

from tests.growth import assert_linear
from trafico_monitor.detection.line_model import RULE
from trafico_monitor.detection.ruleset.engine import RuleSet
from trafico_monitor.detection.ruleset.loader import load

SHIPPED = Path(__file__).parents[3] / "trafico_monitor" / "detection" / "rules"
LINES = tomllib.loads((Path(__file__).parent / "lines.toml").read_text(encoding="utf-8"))
CASES = [(label, line) for label, lines in LINES.items() for line in lines]

SENTENCES = tomllib.loads((Path(__file__).parent / "sentences.toml").read_text(encoding="utf-8"))
# How often a sentence may be missed or misread: a bot may always find other words. No false alarm is allowed.
MISSED = 0.06


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return load({file.name: file.read_text(encoding="utf-8") for file in SHIPPED.glob("*.toml")})


def test_every_line_is_decided_rightly(rules: RuleSet) -> None:
    assert CASES
    wrong = []
    for label, line in CASES:
        rule = rules.decide(line)
        kind = rule.error_type if rule is not None else None
        if (kind.value if kind is not None else "none") != label:
            wrong.append((label, line, rule and rule.name))
    assert wrong == []


@pytest.mark.parametrize("start", ["ERROR:__main__:", "2025-12-26 10:15:00,123 bot_central.py:209 ERROR ", "❌ "])
def test_what_a_bot_says_in_words_of_its_own(rules: RuleSet, start: str) -> None:
    wrong, said, alarms = [], 0, []
    for label, sentences in SENTENCES.items():
        for sentence in sentences:
            line = (
                sentence
                if re.match("ERROR|[A-Z]\\w+Error|fatal|error|python3|install:|mkdir:", sentence)
                else f"{start}{sentence}"
            )
            rule = rules.decide(line)
            by_rule = rule is not None and rule.name != RULE  # what the line model adds has tests of its own
            kind = rule.error_type.value if by_rule and rule and rule.error_type else "none"
            said += label != "none"
            if kind != label:
                (alarms if label == "none" else wrong).append((label, kind, sentence))
    assert alarms == []
    assert len(wrong) <= MISSED * said, wrong


@pytest.mark.parametrize("name", ["timeout.mp4", "connection refused.mp4", "corrupt file (1).mp4", "Errno 13.mov"])
def test_words_in_a_file_name_say_nothing(rules: RuleSet, name: str) -> None:
    said = rules.decide(f"FileNotFoundError: [Errno 2] No such file or directory: '/srv/modelos/luna/{name}'")
    assert said is not None and said.error_type is not None and said.error_type.value == "ruta_inexistente"
    quiet = rules.decide(f"INFO:__main__:✅ Descarga completa: {name}")
    assert quiet is None or quiet.error_type is None


def test_a_very_long_line_costs_little(rules: RuleSet) -> None:
    for piece in (
        "error timed out ",
        "[Errno 13] ",
        "telegram-bot-api ",
        "'.mp4",
        " @ 0x corrupt ",
        "file file file ",
    ):
        # However long, only its beginning is read.
        line = piece * (1_000_000 // len(piece))
        assert_linear(lambda size, line=line: partial(rules.decide, line[:size]), 4096, 16_384, 1_000_000, most=200)
