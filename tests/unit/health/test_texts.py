"""Every code that configuration, checks and `check` use has its text, in both languages."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from trafico_monitor.config.schema import KEYS
from trafico_monitor.host.docker import Status
from trafico_monitor.messages.en.checks import TEXTS as EN
from trafico_monitor.messages.es.checks import TEXTS as ES
from trafico_monitor.preflight.project import GAPS

SOURCE = Path(__file__).parents[3] / "trafico_monitor"
_FILES = (*(SOURCE / "preflight").glob("*.py"), SOURCE / "cli" / "commands" / "check.py")
PREFLIGHT = "".join(file.read_text() for file in _FILES)


def fields(template: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def test_both_languages_have_the_same_codes_with_the_same_fields() -> None:
    assert ES.keys() == EN.keys()
    assert [code for code in ES if fields(ES[code]) != fields(EN[code])] == []


def test_what_the_checks_say_has_a_text_and_every_text_is_used() -> None:
    calls = re.findall(r'\b(?:ok|warning|critical)\(\s*"(\w+)"(?:,\s*"(\w+)")?', PREFLIGHT)
    used = {f"check.{code}" for code, _ in calls} | {f"fix.{fix}" for _, fix in calls if fix}
    used |= set(re.findall(r'"((?:check|fix)\.[\w.]+)"', PREFLIGHT))
    used |= {f"fix.{fix}" for fix in re.findall(r'fix = "(\w+)"', PREFLIGHT)}
    used |= {f"fix.{fix}" for fix in re.findall(r'else "(container_start)"', PREFLIGHT)}
    used |= {f"missing.{code}" for code in GAPS} | {f"fix.missing.{code}" for code in GAPS}
    known = {code for code in ES if code.partition(".")[0] in ("check", "fix", "missing")}
    command = {code for code in known if code.startswith(("check.option.", "check.result."))}
    assert used - known == set()
    assert known - used - command == {"check.output_stderr", "check.output_stdout"}  # by the number of the file


def test_every_key_says_what_it_expects() -> None:
    others = ("section", "named_section", "label", "boolean_word", "web_address")
    expected = {f"expect.{name}" for name in (*(key.expected for key in KEYS.values()), *others)}
    assert expected == {code for code in ES if code.startswith("expect.")}


def test_every_gap_that_discovery_reports_has_a_level() -> None:
    text = (SOURCE / "config" / "discovery.py").read_text() + (SOURCE / "config" / "dotenv_file.py").read_text()
    reported = set(re.findall(r'"(\w+)"', text)) & {code.removeprefix("missing.") for code in ES}
    assert reported <= GAPS.keys()
    assert {f"short.{code}" for code in GAPS} == {code for code in ES if code.startswith("short.")}
    assert {f"missing.{code}" for code in GAPS} == {code for code in ES if code.startswith("missing.")}


@pytest.mark.parametrize("status", Status)
def test_every_state_of_a_container_has_a_text(status: Status) -> None:
    assert f"container.{status.value}" in ES
