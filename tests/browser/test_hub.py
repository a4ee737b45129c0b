"""The dashboard of a hub: its machines, worst first, however many; one machine; and what a machine may write."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.component.fleet.hub.machines import beat
from tests.component.web.samples import HOSTILE
from tests.postgresql import Cluster, cluster
from trafico_monitor.fleet.hub import overview
from trafico_monitor.model.fleet import Disk, Heartbeat

from .conftest import Open, picture
from .hub_stage import HubStage
from .stage import Stage
from .test_dashboard import settled
from .test_reading import WIDE, findings

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


@pytest.fixture
def small(server: Cluster, tmp_path: Path) -> Iterator[HubStage]:
    """A hub of three machines, of the test's own."""
    stage = HubStage(tmp_path, server, 3)
    yield stage
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


def test_the_worst_come_first_and_the_totals_say_how_many(hub_of: Callable[[int], HubStage], visit: Open) -> None:
    page = visit(hub_of(50))
    settled(page)
    expect(page.locator("#verdict .bad")).to_have_text("1 máquina en silencio")
    expect(page.locator("#verdict .small")).to_contain_text("Bots: 1 de 49 sin funcionar")
    rows = page.locator(".machines tbody tr")
    expect(rows.nth(0)).to_contain_text("bot-0005")
    expect(rows.nth(0).locator(".chip")).to_have_text("en silencio")
    expect(rows.nth(1)).to_contain_text("Queda poco espacio en /home")
    expect(page.locator("tr", has_text="bot-0003").locator(".chip").first).to_have_text("requiere atención")
    expect(page.locator(".tile", has_text="Máquinas").locator(".value")).to_have_text("50")
    expect(page.locator(".tile", has_text="Servidores").locator(".note")).to_contain_text("bot-0004")
    expect(page.locator(".tile", has_text="Disco más lleno")).to_contain_text("bot-0011 /home")
    expect(page.locator("#incidents-list th")).to_have_text(["Error", "Máquina", "Video y modelo", "Estado", "Cuándo"])
    page.get_by_role("group", name="Desglose").get_by_role("button", name="Máquina").click()
    expect(page.locator(".legend")).to_contain_text("bot-00")


def test_five_thousand_are_searched_filtered_and_paged(hub_of: Callable[[int], HubStage], visit: Open) -> None:
    page = visit(hub_of(5000))
    settled(page)
    rows = page.locator(".machines tbody tr")
    expect(page.locator("#machines-count")).to_have_text("5.000")
    page.get_by_role("button", name="Ver más", exact=True).click()
    expect(rows).to_have_count(60)
    page.get_by_role("button", name="Bien").focus()
    page.keyboard.press("Enter")
    expect(rows).to_have_count(10)
    expect(page.get_by_role("button", name="Bien")).to_be_focused()
    expect(page.locator(".machines .chip.ok")).to_have_count(10)
    page.get_by_role("button", name="Todas").click()
    page.locator("#machines-search").fill("BOT-0042")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("bot-0042")
    page.locator("#machines-search").fill("ñ&state=ok")
    expect(page.locator("#machines-list")).to_contain_text("Ninguna máquina cumple el filtro")
    page.locator("#machines-search").fill("")
    expect(rows).to_have_count(10)


def test_a_machine_is_read_and_left_by_keyboard(hub_of: Callable[[int], HubStage], visit: Open) -> None:
    page = visit(hub_of(50))
    settled(page)
    first = page.locator(".machines .open-it").nth(1)
    first.focus()
    page.keyboard.press("Enter")
    sheet = page.locator("#sheet")
    expect(sheet.locator(".problems li").first).to_contain_text("/home")
    expect(page.locator("#sheet-title")).to_be_focused()
    expect(page.locator("#sheet-title")).to_have_text("bot-0011")
    expect(sheet.locator("pre")).to_contain_text("sudo trafico-monitor retry ID")
    sheet.locator(".latest button").first.focus()
    page.keyboard.press("Enter")
    expect(sheet.locator(".timeline li").first).to_be_visible()
    assert "#/incident/bot-0011/" in page.url
    expect(sheet.locator("[data-act=retry], [data-act=acknowledge], [data-act=silence]")).to_have_count(0)
    page.go_back()
    expect(sheet.locator(".problems")).to_be_visible()
    page.reload()
    expect(sheet.locator(".problems")).to_be_visible()
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(page).not_to_have_url(re.compile("#"))
    first.click()
    page.keyboard.press("Escape")
    expect(first).to_be_focused()


def test_the_incidents_of_one_machine_alone(hub_of: Callable[[int], HubStage], visit: Open) -> None:
    page = visit(hub_of(50))
    settled(page)
    page.locator(".machines .open-it").nth(1).click()
    page.get_by_role("button", name="Ver solo sus incidentes").click()
    expect(page.locator("#filter-machine")).to_have_value("bot-0011")
    expect(page.locator("#filter-machine")).to_be_focused()
    machines = page.locator("#incidents-list td.machine")
    expect(machines.filter(has_not_text="bot-0011")).to_have_count(0)
    expect(machines.first).to_be_visible()
    expect(page.locator("#activity b").filter(has_not_text="bot-0011")).to_have_count(0)
    page.locator("#filter-machine").fill("")
    expect(machines.filter(has_not_text="bot-0011").first).to_be_visible()


def test_an_open_incident_says_what_to_run_on_its_machine(hub_of: Callable[[int], HubStage], visit: Open) -> None:
    page = visit(hub_of(50))
    settled(page)
    page.get_by_role("button", name="Abiertos").click()
    row = page.locator("#incidents-list tbody tr").first
    expect(row.locator(".chip")).not_to_have_text("solucionado")
    row.click()
    name = page.url.rpartition("/")[2]
    expect(page.locator("#sheet pre").first).to_have_text(
        f"sudo trafico-monitor retry {name}\nsudo trafico-monitor ack {name}"
    )
    page.locator("[data-act=machine]").click()
    expect(page.locator("#sheet .disks")).to_be_visible()


def test_a_machines_words_are_only_words(small: HubStage, visit: Open) -> None:
    said = Heartbeat(
        0.0, HOSTILE, 0.0, False, (HOSTILE, "\u202eosrever"), disks=(Disk(HOSTILE, 1, 100),), bot_active=False,
        container=HOSTILE, address="javascript:alert(1)",
    )  # fmt: skip
    small.do(beat(small.owner, small.names[1], heartbeat=said))
    page = visit(small)
    settled(page)
    expect(page.locator(".machines tbody tr").first).to_contain_text("bot-0001")
    expect(page.locator("#verdict .bad")).to_have_text("Bots: 1 de 3 sin funcionar")
    page.locator(".machines .open-it").first.click()
    expect(page.locator("#sheet .problems")).to_contain_text(HOSTILE.replace("\u202e", "\ufffd"))
    expect(page.locator("#sheet .facts")).to_contain_text("javascript:alert(1)")
    expect(page.locator("#sheet a")).to_have_count(0)
    expect(page.locator("main img, dialog img, main script, dialog script")).to_have_count(0)
    assert "\u202e" not in page.locator("body").inner_text()
    picture(page, "hub-hostile")


def test_a_machine_that_falls_ill_is_told_on_the_open_page(small: HubStage, visit: Open) -> None:
    page = visit(small)
    settled(page)
    expect(page.locator("#verdict .good, #verdict .warn")).to_be_visible()
    small.do(beat(small.owner, small.names[2], heartbeat=Heartbeat(0.0, "2.0.0", 0.0, bot_active=False)))
    expect(page.locator("#verdict .bad")).to_have_text("Bots: 1 de 3 sin funcionar")
    expect(page.locator(".machines tr", has_text="bot-0002")).to_contain_text("El bot está parado")


def test_a_database_that_is_away_is_the_verdict(tmp_path: Path, visit: Open) -> None:
    with cluster() as own:
        stage = HubStage(tmp_path, own, 1)
        try:
            page = visit(stage)
            settled(page)
            own.stop("immediate")
            expect(page.locator("#verdict .bad")).to_have_text("Algo no funciona: Base de datos")
            page.locator(".machines .open-it").first.click()
            expect(page.locator("#sheet .disks")).to_be_visible()
            own.start()
            expect(page.locator("#verdict .bad")).to_have_count(0)
        finally:
            stage.close()


def test_a_hub_without_machines_says_how_to_invite_one(server: Cluster, tmp_path: Path, visit: Open) -> None:
    stage = HubStage(tmp_path, server, 0)
    try:
        page = visit(stage)
        settled(page)
        expect(page.locator("#verdict .big")).to_have_text("Ninguna máquina todavía")
        expect(page.locator("#machines-list")).to_contain_text("hub invite")
        picture(page, "hub-0")
    finally:
        stage.close()


def test_a_monitor_has_no_part_of_a_hub(stage: Stage, visit: Open) -> None:
    page = visit(stage)
    settled(page)
    for place in ("#downloads", "#forecast", "#ledger"):
        expect(page.locator(place)).to_be_visible()
    for place in ("#machines", "#filter-machine"):
        expect(page.locator(place)).to_be_hidden()
    expect(page.locator("#by")).to_contain_text("Modelo")
