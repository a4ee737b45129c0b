"""The dashboard of a hub: its machines, worst first, however many; one machine; and what a machine may write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.postgresql import Cluster, cluster
from trafico_monitor.fleet.hub import overview

from .conftest import Open, picture
from .hub_stage import HubStage
from .test_dashboard import settled
from .test_reading import BROKEN, WIDE, findings

SIZES = (1, 3, 50, 5000)


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    with cluster() as made, pytest.MonkeyPatch.context() as patch:
        # A server that seems to have run for a day: before it, nobody was silent.
        patch.setattr(
            overview,
            "_CLOCK",
            overview._CLOCK.replace("pg_postmaster_start_time()", "now() - interval '1 day'"),
        )
        yield made


@pytest.fixture(scope="module")
def hub_of(server: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int], HubStage]]:
    """A hub of that many machines; made once."""
    made: dict[int, HubStage] = {}

    def of(machines: int) -> HubStage:
        if machines not in made:
            folder: Path = tmp_path_factory.mktemp(f"hub{machines}")
            made[machines] = HubStage(folder, server, machines)
        return made[machines]

    yield of
    for stage in made.values():
        stage.close()


@pytest.mark.parametrize("machines", SIZES)
@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (1280, "dark"), (390, "light"), (320, "dark")])
def test_a_fleet_of_any_size(
    hub_of: Callable[[int], HubStage], visit: Open, machines: int, width: int, theme: str
) -> None:
    language = "es-ES" if theme == "light" else "en-GB"
    page = visit(hub_of(machines), width=width, color_scheme=theme, language=language)
    settled(page)
    expect(page.locator(".machines tbody tr")).to_have_count(min(machines, 10))
    expect(page.locator("#forecast, #ledger, #downloads").filter(visible=True)).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
    assert page.locator(".tile p.name, .tile p.value").evaluate_all(WIDE) == []
    picture(page, f"hub-{machines}-{width}-{theme}")
    assert findings(page) == []
    page.locator(".machines .open-it").first.click()
    expect(page.locator("#sheet .disks li")).to_have_count(1)
    picture(page, f"hub-machine-{machines}-{width}-{theme}", full=False)
    assert findings(page) == []
