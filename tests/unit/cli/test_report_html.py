"""The report as one page: whole, harmless, and with the figures that the records have."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tests.component.web.opened import NOON
from tests.component.web.samples import HOSTILE, sample
from trafico_monitor.cli.report_html import render
from trafico_monitor.model.download import Download
from trafico_monitor.model.task import Evidence
from trafico_monitor.store.read_repository import Summary, Worth

VOID = {"meta"}
HOURS = {int(NOON // 3600) * 3600 - 3600 * n: n + 1 for n in range(40)}
SUMMARY = Summary(
    820,
    {("timeout", "solucionado"): 700, ("timeout", "fallido"): 20, ("permisos", "pendiente"): 100},
    {"victor": 500, HOSTILE: 300, "": 20},
    HOURS,
    9.0,
    7.0,
    (Worth("timeout", "retry_download", 700, 20, 7.0, 180.0, {"timeout": 20}),),
)


class Page(HTMLParser):
    """Fails on what is not closed; remembers names, addresses and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [
            str(value) for name, value in attrs if name in ("src", "href", "action") or name[:2] == "on"
        ]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.mark.parametrize("spoken", ["es", "en"])
@pytest.mark.parametrize("summary", [Summary(), SUMMARY], ids=["empty", "full"])
def test_it_is_a_whole_page_that_asks_nobody_for_anything(summary: Summary, spoken: str) -> None:
    page = Page(render(summary, [sample(n) for n in range(20)] if summary.total else [], 0.0, NOON, spoken))
    assert page.addresses == []
    assert not {"script", "img", "iframe", "link"} & set(page.tags)
    assert not any("report.html" in word or "ui." in word for word in page.words), "every text has its words"


def test_the_figures_are_those_of_the_records() -> None:
    words = Page(render(SUMMARY, [], 0.0, NOON, "es")).words
    assert {"820", "97%", "20", "100", "7 s"} <= set(words)


def test_names_are_only_names() -> None:
    one = replace(
        sample(3),
        download=Download(HOSTILE, HOSTILE),
        lines=(HOSTILE, "</pre><script>"),
        evidence=(Evidence("file", HOSTILE),),
    )
    text = render(SUMMARY, [one], 0.0, NOON, "es")
    page = Page(text)
    assert not {"img", "script"} & set(page.tags)
    assert "\u202e" not in text
    assert any("<img src=x onerror=" in word for word in page.words)


@pytest.mark.parametrize("days", [1, 3, 30, 400, 4000])
def test_however_long_the_bars_are_not_too_many_and_hold_all(days: int) -> None:
    first = NOON - days * 86400
    hours = {int((first + n * days * 864) // 3600) * 3600: 1 for n in range(100)}
    text = render(replace(SUMMARY, hours=hours), [], first, NOON, "es")
    assert 1 <= text.count("<rect") <= 130
    titles = [part.partition("</title>")[0] for part in text.split("<title>")[2:]]
    assert sum(int(title.rpartition(" ")[2]) for title in titles) == len(hours)


def test_what_waits_in_rescatados_is_told_as_text() -> None:
    fix = "sudo trafico-monitor assign '<img src=x onerror=alert(1)>.mp4' MODELO"
    page = render(Summary(), (), 0.0, 1.0, "es", f"3 videos esperan: {fix}")
    assert "3 videos esperan" in page and "<img" not in page
    assert "📦" not in render(Summary(), (), 0.0, 1.0, "es")
