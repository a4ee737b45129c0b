"""Every event has an id of its own, and the catalog explains each in both languages."""

from __future__ import annotations

import re
from pathlib import Path

from trafico_monitor.host.journal_writer import MESSAGE_IDS, message_id

CATALOG = Path(__file__).parents[2] / "packaging/systemd/trafico-monitor.catalog"


def test_ids_are_distinct_and_well_formed() -> None:
    ids = list(MESSAGE_IDS.values())
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[0-9a-f]{32}", identity) for identity in ids)
    assert message_id("no_such_event") == ""


def test_the_catalog_explains_every_event_in_english_and_spanish() -> None:
    headings = re.findall(r"^-- ([0-9a-f]{32})( es)?$", CATALOG.read_text(), re.MULTILINE)
    expected = {(identity, language) for identity in MESSAGE_IDS.values() for language in ("", " es")}
    assert set(headings) == expected and len(headings) == len(expected)
