"""What the alert bot says: short, valid for Telegram, whatever the names."""

from __future__ import annotations

import pytest

from tests.cases import each
from tests.standin.telegram_rules import rendered_text
from tests.unit.notify.samples import NOON, TOKEN, incident
from tests.unit.notify.test_message import HOSTILE
from trafico_monitor.messages import catalogue
from trafico_monitor.model.control import ControlResponse
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Estado
from trafico_monitor.notify.chatops import replies

STATUS = {
    "unit": "trafico-main.service activo",
    "server": "responde",
    "space": "120 GB libres",
    "open": 2,
    "channels": [
        {"name": "admin", "waiting": 0, "error": "", "remark": ""},
        {"name": "correo", "waiting": 3, "error": "el servicio del canal «correo» respondió 535", "remark": ""},
    ],
    "missing": [],
}


def test_the_status_in_spanish() -> None:
    assert replies.status_message(STATUS, "es").plain == (
        "📊 Estado del monitor\n\n"
        "🤖 Bot: trafico-main.service activo\n🖥️ Servidor: responde\n💾 Disco: 120 GB libres\n"
        "📂 Incidentes abiertos: 2\n📬 Canal admin: bien, 0 por enviar\n"
        "📭 Canal correo: 3 por enviar – el servicio del canal «correo» respondió 535"
    )


def test_what_is_foreseen_in_one_line() -> None:
    text = "disco <lleno>: /home · probable (82 %) · entre 2026-12-01 03:00 y 2026-12-01 14:00"
    shown = replies.status_message({**STATUS, "forecast": {"text": text, "foreseen": []}}, "es")
    assert f"🔮 Previsiones: {text}\n" in shown.plain and "disco &lt;lleno&gt;" in shown.html


def test_what_has_rung_and_who_knows_of_it() -> None:
    rung = {"id": "unit", "text": "El bot se detuvo inesperadamente", "acknowledged_by": None}
    known = {"id": "space", "text": "Disco <lleno>", "acknowledged_by": "cli:ana"}
    shown = replies.status_message({**STATUS, "alarms": [rung, known]}, "es").plain
    assert "🚨 El bot se detuvo inesperadamente · #unit\n🚨 Disco <lleno> · #space · enterado: cli:ana\n" in shown


@pytest.mark.parametrize(
    "status",
    [{}, {"alarms": 5}, {"forecast": 5}, {"forecast": {"text": HOSTILE[0]}},
     {"alarms": [None, {}, {"text": HOSTILE[0], "acknowledged_by": 7}]},
     {"channels": 5}, {"channels": "text"}, {"channels": [None, {}, {"waiting": "x"}]}, {"missing": "text"},
     {"outbox": {"waiting": 4, "error": "x"}}, {"unit": HOSTILE[0], "missing": ["no_such_code"]}],
)  # fmt: skip
def test_a_status_of_any_shape_is_shown(status: dict[str, object]) -> None:
    assert rendered_text(replies.status_message(status, "es").html, "HTML")


def test_what_waits_in_rescatados_is_part_of_the_status() -> None:
    fix = "sudo trafico-monitor assign '<b>.mp4' MODELO"
    message = replies.status_message({"rescued": {"files": 3, "bytes": 2_500_000, "oldest": NOON, "fix": fix}}, "es")
    assert "📦 Esperan en _rescatados: 3 (2,5 MB) · " + fix in message.plain and "<b>.mp4" not in message.html
    for nothing in (None, {}, {"files": 0}, "x"):
        assert "📦" not in replies.status_message({"rescued": nothing}, "es").plain


def test_open_incidents_newest_first_and_at_most_ten() -> None:
    many = [incident(id=f"AAAAAA{chr(65 + n)}A", opened_at=NOON + n) for n in range(12)]
    said = replies.incidents_message(many, "es").plain
    assert said.index("#AAAAAALA") < said.index("#AAAAAACA") and "#AAAAAABA" not in said
    assert "Incidentes abiertos: 12" in said and "y 2 más" in said


def test_an_incident_as_it_is_listed() -> None:
    waiting = incident(ErrorType.CORRUPTO, estado=Estado.REINTENTANDO)
    said = replies.incidents_message([waiting], "es").plain.split("\n")
    assert said[2] == "#T7F3K2AB 🔄 archivo corrupto · reintentando"
    assert said[3].strip().startswith("victor · 20251225_143020_a3f2b1.mp4 · 25/12")


def test_nothing_open_is_good_news() -> None:
    assert replies.incidents_message([], "es").plain == "✅ No hay ningún incidente abierto"


@each("hostile", HOSTILE)
@each("language", ["es", "en"])
def test_hostile_names_stay_names(hostile: str, language: str) -> None:
    many = [incident(id=f"AAAAAA{chr(65 + n)}A", download=Download(modelo=hostile, video=hostile)) for n in range(12)]
    message = replies.incidents_message(many, language)
    assert len(rendered_text(message.html, "HTML")) <= 4096 and TOKEN not in message.html + message.plain
    said = replies.reply_line(ControlResponse(False, hostile, {"id": hostile}), language)
    assert rendered_text(said.html, "HTML") and TOKEN not in said.html + said.plain


def test_the_desks_words_are_used_where_there_are_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(catalogue("es"), "request.retried", "Reintentando {video} (#{id})")
    reply = ControlResponse(True, "retried", {"id": "T7F3K2AB", "video": "<b>@x</b>"})
    said = replies.reply_line(reply, "es")
    assert said.plain == "Reintentando <b>@x</b> (#T7F3K2AB)"
    assert said.html == "Reintentando <code>&lt;b&gt;@x&lt;/b&gt;</code> (#T7F3K2AB)"
    assert replies.reply_line(ControlResponse(False, "request.retried"), "es").plain.startswith("⚠️ ")


@pytest.mark.parametrize("language", ["es", "en"])
def test_every_command_that_is_listed_is_explained(language: str) -> None:
    listed = [one.split("\t")[0] for one in catalogue(language)["answers.commands"].split("\n")]
    help_text = replies.help_message(language).plain
    assert [name for name in listed[:-1] if f"/{name}" not in help_text] == []
