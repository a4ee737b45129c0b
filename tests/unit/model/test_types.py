"""Every type of error has its words and its place wherever types are listed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cases import each
from trafico_monitor.config.schema import _TYPES
from trafico_monitor.messages import LANGUAGES, catalogue
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.web.schemas import SCHEMAS

ROOT = Path(__file__).resolve().parents[3]
NAMES = [each.value for each in ErrorType]
CODES = ("type", "notice.error", "notice.doing", "notice.advice", "notice.field", "notice.kind")


@each("language", LANGUAGES)
@each("name", NAMES)
def test_it_is_told_in_both_languages(name: str, language: str) -> None:
    missing = [code for code in CODES if f"{code}.{name}" not in catalogue(language)]
    assert missing == []
    assert name in catalogue(language)["web.expect.error_type"]


@pytest.mark.parametrize("file", ["incidents.js", "trends.js"])
def test_the_dashboard_lists_all_of_them(file: str) -> None:
    script = (ROOT / "trafico_monitor/web/static" / file).read_text()
    listed = re.search(r'\["timeout"[^\]]*\]', script)
    assert listed is not None and re.findall(r'"(\w+)"', listed[0]) == NAMES


@pytest.mark.parametrize(
    ("file", "row"),
    [("docs/reference/records.md", "`error_type`"), ("trafico_monitor/notify/triggers.py", "error_type  ")],
)
def test_the_tables_list_all_of_them(file: str, row: str) -> None:
    text = (ROOT / file).read_text()
    assert row in text and [name for name in NAMES if not re.search(rf"\b{name}\b", text)] == []


def test_the_configuration_and_the_api_take_all_of_them() -> None:
    assert (list(_TYPES), SCHEMAS["ErrorType"]["enum"]) == (NAMES, NAMES)
