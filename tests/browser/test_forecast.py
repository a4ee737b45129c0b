"""What is foreseen, as people see it: beside the open incidents, as a fan, as a table, and in words."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from tests.component.web.samples import HOSTILE
from trafico_monitor.model.prediction import ForecastView, KindScore, KindState, PredictionKind
from trafico_monitor.web.ports import Volume

from .conftest import Open, picture
from .stage import DAY, GB, Stage, falling, foresight
from .test_dashboard import no_serious_finding, settled


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_disk_is_a_fan_with_the_moment_at_which_it_is_full(
    month: Stage, visit: Open, width: int, theme: str
) -> None:
    here = month.window.here
    here.disks = [
        Volume("/home", 212 * GB, 500 * GB, "ok", falling(212 * GB, 6 * GB)),
        Volume("/", 60 * GB, 100 * GB, "ok", falling(60 * GB, 0.05 * GB)),
    ]
    here.foreseen = foresight(time.time())
    page = visit(month, width=width, color_scheme=theme)
    settled(page)
    expect(page.locator("#foreseen li")).to_have_count(2)
    expect(page.locator("#foreseen li").nth(1)).to_contain_text("disco lleno: /home")
    expect(page.locator("#foreseen li").nth(1)).to_contain_text("probable (82 %), entre ")
    expect(page.locator("#foreseen li").nth(0)).to_contain_text("se muestra, no se avisa")
    expect(page.locator(".fan canvas")).to_have_count(2)
    fan = page.locator(".fan").first
    expect(fan).to_have_attribute("role", "img")
    for words in ("/home", "con un 80 % entre", "baja de 2 GB hacia", "probabilidad en 24 h: 82 %"):
        assert words in (fan.get_attribute("aria-label") or "")
    expect(page.locator("figcaption").nth(1)).to_contain_text("no baja de 2 GB en 7 días")
    expect(page.locator(".tile", has_text="/home")).to_contain_text("lleno hacia")
    page.locator("figure .as-table summary").first.click()
    expect(page.locator("figure .as-table tbody tr").first).to_be_visible()
    expect(page.locator("#scores tbody tr")).to_have_count(len(PredictionKind))
    expect(page.locator("#scores tbody tr").first).to_contain_text("avisa")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
    picture(page, f"forecast-{width}-{theme}")
    no_serious_finding(page)


def test_the_fan_is_drawn_where_it_belongs(stage: Stage, visit: Open) -> None:
    """The limit's line is red along the bottom, the moment a vertical line, and the band beneath the median."""
    stage.window.here.foreseen = foresight(time.time())
    page = visit(stage)
    settled(page)
    expect(page.locator(".fan canvas").first).to_be_visible()
    painted = """(canvas) => {
        const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        const red = (x, y) => {
            const [r, g, , opaque] = data.subarray(4 * (y * width + x), 4 * (y * width + x) + 4);
            return r > g + 60 && opaque > 200;
        };
        const columns = [], rows = [];
        for (let x = 0; x < width; x++) columns.push([...Array(height).keys()].filter((y) => red(x, y)).length);
        for (let y = 0; y < height; y++) rows.push([...Array(width).keys()].filter((x) => red(x, y)).length);
        const best = (list) => list.indexOf(Math.max(...list));
        return { x: best(columns) / width, y: best(rows) / height };
    }"""
    found = page.locator(".fan canvas").first.evaluate(painted)
    assert 0.3 < found["x"] < 0.7 and found["y"] > 0.75


def test_without_forecasts_it_says_since_when_it_learns(stage: Stage, visit: Open) -> None:
    page = visit(stage)
    settled(page)
    expect(page.locator("#forecast .empty")).to_contain_text("Todavía no hay datos de los que aprender")
    expect(page.locator("#foreseen")).to_be_hidden()
    learning = tuple(KindScore(kind, KindState.LEARNING) for kind in PredictionKind)
    stage.window.here.foreseen = ForecastView(time.time(), scores=learning, since=time.time() - DAY)
    page.reload()
    expect(page.locator("#forecast .empty")).to_contain_text("Aprende de este equipo desde")
    expect(page.locator("#scores")).to_contain_text("aprendiendo")
    no_serious_finding(page)
    off = tuple(replace(one, state=KindState.OFF) for one in learning)
    stage.window.here.foreseen = ForecastView(time.time(), scores=off)
    page.reload()
    expect(page.locator("#forecast .empty")).to_contain_text("enabled = false")
    expect(page.locator("#scores")).to_have_count(0)


def test_a_prediction_comes_and_goes_by_itself(stage: Stage, visit: Open) -> None:
    here = stage.window.here
    view, calm = foresight(time.time()), dict(here.said)
    here.foreseen = replace(view, foreseen=())
    here.said = {**calm, "forecast": {"text": "", "foreseen": []}}
    page = visit(stage)
    settled(page)
    expect(page.locator(".fan canvas").first).to_be_visible()
    expect(page.locator("#foreseen")).to_be_hidden()
    here.foreseen = view
    here.said = {**calm, "forecast": {"text": "", "foreseen": [one.as_json() for one in view.foreseen]}}
    expect(page.locator("#foreseen li")).to_have_count(2)
    page.locator("figure .as-table summary").first.click()
    here.foreseen = replace(view, foreseen=())
    here.said = {**calm, "forecast": {"text": "", "foreseen": []}}
    expect(page.locator("#foreseen")).to_be_hidden()
    expect(page.locator("figure .as-table tbody").first).to_be_visible()  # what was open stays open


def test_hostile_names_and_english(stage: Stage, visit: Open) -> None:
    view = foresight(time.time())
    said = replace(view.foreseen[1], prediction=replace(view.foreseen[1].prediction, about=HOSTILE))
    stage.window.here.foreseen = replace(view, foreseen=(said,), disks=(replace(view.disks[0], path=HOSTILE),))
    page = visit(stage, language="en-GB")
    page.on("dialog", lambda dialog: pytest.fail("a script ran"))
    settled(page)
    expect(page.locator("#foreseen")).to_contain_text("full disk: <img src=x")
    expect(page.locator("#foreseen")).to_contain_text("likely (82 %), between ")
    expect(page.locator("figcaption")).to_contain_text("<img src=x")
    assert "\u202e" not in page.locator("body").inner_text(), "nothing turns the writing round"
    assert page.locator("img").count() == 1  # the panel's own
    page.route("**/api/v1/forecast", lambda route: route.fulfill(status=503, json={"text": "not now"}))
    page.reload()
    expect(page.locator("#forecast .error")).to_contain_text("not now")
    page.unroute("**/api/v1/forecast")
    page.locator("#forecast .error button").click()
    expect(page.locator(".fan canvas")).to_be_visible()
