"""The words about a video in `_rescatados`: what a person needs, whatever the names are."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from tests.cases import each
from tests.unit.notify.samples import NOON
from trafico_monitor.model.alert import Notification, NotificationCode, Severity
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.notify.choosing import PAGE
from trafico_monitor.notify.messages.markup import LONGEST_MESSAGE, Message, units
from trafico_monitor.notify.messages.render import render, render_digest

RESCUED = NotificationCode.RESCUED
PLACED = NotificationCode.RESCUED_PLACED
LEFT = NotificationCode.RESCUED_LEFT

FIELDS = {
    "archivo": "file_16.mp4", "bytes": "2773535", "incidente": "T7F3K2AB", "tipo": "permisos",
    "motivo": "place_unknown", "dicho": "", "modelos": "luna/noa", "total": "2",
}  # fmt: skip
TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"


def notice(code: NotificationCode = RESCUED, **fields: str) -> Notification:
    return Notification("rescued.ABCDEFGH", code, Severity.RECOVERABLE, NOON, fields={**FIELDS, **fields})


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def is_sound(message: Message) -> None:
    tags = Tags()
    tags.feed(message.html)
    assert tags.open == [] and tags.seen <= {"b", "code"}
    assert units(message.html) <= LONGEST_MESSAGE and TOKEN not in message.html + message.plain


def test_it_says_which_file_why_and_what_to_do() -> None:
    shown = render(notice(), "es").plain
    for said in ("file_16.mp4", "2,8 MB", "permisos #T7F3K2AB", "no dicen de qué modelo es", "luna, noa"):
        assert said in shown
    assert "sudo trafico-monitor assign file_16.mp4 MODELO" in shown and "T7F3K2AB\n" in shown + "\n"


@each("language", ["es", "en"])
@each("kind", [each.value for each in ErrorType])
@each("why", ["place_unknown", "place_refused", "video_unnamed", "single_record",
                                 "destination_taken", "delivered_elsewhere"])  # fmt: skip
def test_each_reason_and_type_has_its_words(language: str, kind: str, why: str) -> None:
    shown = render(notice(motivo=why, tipo=kind), language).plain
    assert why not in shown and "{" not in shown and ("Motivo" in shown or "Reason" in shown)


def test_what_a_single_record_names_is_said_as_that() -> None:
    shown = render(notice(motivo="single_record", dicho="luna"), "es").plain
    assert "sin confirmar: luna" in shown and "un solo registro" in shown


HOSTILE = ["<b>x</b>.mp4", "a&b.mp4", "'; rm -rf ~; '.mp4", "\u202e4pm.exe", f"{TOKEN}.mp4", "x" * 251 + ".mp4",
           "é" * 125 + ".mp4", "שלום.mp4", "@somebody.mp4", "/start",
           "http://evil.example/x", "\u200b" * 80]  # fmt: skip


@each("file", HOSTILE)
@each("code", [RESCUED, PLACED, LEFT])
def test_names_of_strangers_stay_text(code: str, file: str) -> None:
    modelos = "/".join(name.replace("/", "") for name in HOSTILE)
    hostile = notice(code, archivo=file, dicho=file, modelos=modelos, total="12", modelo=file, ruta=f"/m/{file}")
    is_sound(render(hostile, "es"))
    is_sound(render_digest([hostile] * 30, "en"))


@pytest.mark.parametrize(
    "wrong", [{"total": "many"}, {"bytes": "-1"}, {"tipo": "x"}, {"motivo": "x"}, {"modelos": ""}]
)
def test_a_stored_notice_of_another_version_is_shown_as_far_as_it_goes(wrong: dict[str, str]) -> None:
    assert "file_16.mp4" in render(notice(**wrong), "es").plain
    bare = Notification("k", RESCUED, Severity.RECOVERABLE, NOON)
    assert render(bare, "es").choices == ()


def test_two_hundred_modelos_are_a_page_of_buttons_and_ten_names() -> None:
    names = [f"modelo-{number}" for number in range(PAGE)]
    message = render(notice(modelos="/".join(names), total="200"), "es")
    buttons = [button for row in message.choices for button in row]
    assert [button.label for button in buttons[:PAGE]] == names and "200" in buttons[-1].label
    assert "modelo-9, … y 190 más" in message.plain and "modelo-10" not in message.plain


def test_once_it_is_gone_there_is_nothing_to_press() -> None:
    assert render(notice(PLACED, modelo="luna", ruta="/m/luna/a.mp4"), "es").choices == ()
    assert "/m/luna/a.mp4" in render(notice(PLACED, modelo="luna", ruta="/m/luna/a.mp4"), "es").plain
    assert render(notice(LEFT), "es").choices == ()


def test_among_many_each_says_its_command() -> None:
    shown = render_digest([notice(archivo=f"file_{n}.mp4") for n in range(8)], "es").plain
    assert shown.count("sudo trafico-monitor assign file_") == 8
