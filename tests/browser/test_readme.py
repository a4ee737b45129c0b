"""The README's picture: of this dashboard, and small. `make picture` makes it anew."""

from __future__ import annotations

import os
import shutil
import struct
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .conftest import SCREENSHOTS, Open, picture
from .stage import Stage

ROOT = Path(__file__).parents[2]
SHOWN = ROOT / "docs" / "dashboard.png"
WIDTH, HEIGHT = 1200, 620
MOST_BYTES = 150_000


def test_the_readme_shows_this_dashboard(month: Stage, visit: Open) -> None:
    page = visit(month, width=WIDTH, height=HEIGHT)
    expect(page.locator("#incidents tbody tr").first).to_be_visible()
    picture(page, "readme", full=False)
    if os.environ.get("TRAFICO_PICTURE"):
        shutil.copyfile(SCREENSHOTS / "readme.png", SHOWN)
    assert (SCREENSHOTS / "readme.png").stat().st_size <= MOST_BYTES


@pytest.mark.parametrize("readme", ["README.md", "README.es.md"])
def test_the_picture_of_the_repository_is_there_and_small(readme: str) -> None:
    assert "](docs/dashboard.png)" in (ROOT / readme).read_text()
    content = SHOWN.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n" and len(content) <= MOST_BYTES
    assert struct.unpack(">II", content[16:24]) == (WIDTH, HEIGHT)
