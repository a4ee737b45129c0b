from __future__ import annotations

from dataclasses import replace
from datetime import UTC

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import each
from tests.examples import examples
from tests.growth import Work, assert_linear
from tests.unit.notify.samples import NOON, TOKEN, VIDEO, failed, incident, notice
from tests.unit.notify.test_message import HOSTILE, anything, check
from trafico_monitor.messages import text
from trafico_monitor.model.alert import Notification, NotificationCode, Severity
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Estado, Incident
from trafico_monitor.model.task import Evidence
from trafico_monitor.notify.messages.markup import clean
from trafico_monitor.notify.messages.render import _ADVICE, render, render_digest
from trafico_monitor.pipeline.events import incident_event

LIVE_CODES = ["detected", "retrying", "solved", "solved_by_bot", "failed", "critical", "waiting", "moved"]
SERVICE_CODES = [
    "start",
    "stop",
    "summary",
    "unit_died",
    "unit_back",
    "space_warning",
    "space_critical",
    "space_ok",
    "server_down",
    "server_up",
    "blind",
    "test",
    "unit_stopped",
    "muted",
    "reminder",
]


def test_a_detected_timeout_reads_as_in_the_mission() -> None:
    told = render(notice(incident=incident()), "es")
    assert told.plain == (
        "⚠️ Monitor de Descargas\n\n"
        "Error de timeout detectado\n"
        "Modelo: victor\n"
        f"Video: {VIDEO}\n"
        "Reintentando automáticamente...\n\n"
        "#T7F3K2AB"
    )
    assert told.html == told.plain.replace("⚠️ Monitor de Descargas", "<b>⚠️ Monitor de Descargas</b>")


def test_what_the_lines_did_not_say_is_unknown() -> None:
    told = render(notice(incident=incident(download=Download(modelo="\u200b"))), "es").plain
    assert "Modelo: desconocido\nVideo: desconocido\n" in told


@each("language", ["es", "en"])
@each("kind", [ErrorType.SERVIDOR_CAIDO, ErrorType.DISCO_LLENO])
def test_a_cause_that_belongs_to_no_video_names_none(language: str, kind: ErrorType) -> None:
    of_machine = incident(kind, download=Download())
    told = [render(notice(code, incident=of_machine), language).plain for code in ("critical", "solved", "failed")]
    told += [render_digest([notice("critical", incident=of_machine)], language).plain]
    for estado in Estado:
        told.append(incident_event(replace(of_machine, estado=estado), NOON, language).text)
    lines = "\n".join(told).lower()
    assert "desconocido" not in lines and "unknown" not in lines
    lost = render(notice("critical", incident=replace(of_machine, lost=True)), "es").plain
    assert "Video: desconocido" in lost, "a video was lost, and nobody knows which"


def test_a_solution_says_how_long_it_took_what_was_done_and_the_proof() -> None:
    solved = incident(
        estado=Estado.SOLUCIONADO,
        attempt=2,
        closed_at=NOON + 7,
        evidence=(Evidence("file", f"/home/victor/modelos/victor/{VIDEO}"), Evidence("size", "5665533")),
    )
    told = render(notice("solved", incident=solved), "es")
    assert "✅ solucionado en 7 s\n" in told.plain
    assert "Acción: reintento 2/3\n" in told.plain
    assert f"<code>/home/victor/modelos/victor/{VIDEO}</code>" in told.html
    assert "5665533" in told.plain


def test_a_failure_says_why_and_what_to_do_and_where_to_look() -> None:
    told = render(notice("failed", incident=failed(error_message="ERROR: Timed out", reason="x")), "es").plain
    assert told.startswith("❌ Monitor de Descargas")
    assert "❌ fallido: no se pudo resolver (intentos: 3/3, en 7 s)" in told
    assert "Motivo: x" in told
    assert "Registro del bot: ERROR: Timed out" in told
    assert "Qué hacer: " in told
    assert "trafico-monitor incidents show T7F3K2AB" in told


def test_the_advice_follows_the_cause() -> None:
    told = render(notice("failed", incident=failed(reason="token_refused")), "es").plain
    assert "Qué hacer: revisa TELEGRAM_TOKEN" in told and told.count("Qué hacer") == 1


@each("advice", sorted({*_ADVICE.values(), *(t.value for t in ErrorType)}))
def test_every_advice_is_a_text(advice: str) -> None:
    assert text(f"notice.advice.{advice}", "es") != f"notice.advice.{advice}"


def test_nothing_is_promised_where_nothing_is_being_done() -> None:
    idle = incident(ErrorType.CORRUPTO, estado=Estado.PENDIENTE, accion="none", reason="no_data_here")
    told = render(notice(incident=idle), "es").plain
    assert "No se puede corregir automáticamente." in told
    assert "no_data_here" in told
    assert "automáticamente..." not in told


def test_a_held_back_download_names_the_cause() -> None:
    held = incident(estado=Estado.PENDIENTE, waiting_for=ErrorType.DISCO_LLENO)
    assert "Causa: disco lleno." in render(notice("waiting", incident=held), "es").plain


def test_a_critical_message_is_marked_and_rings() -> None:
    told = render(notice("critical", Severity.CRITICAL, incident=incident(ErrorType.DISCO_LLENO)), "es")
    assert told.plain.startswith("🚨 Monitor de Descargas · CRÍTICO\n\nDisco lleno detectado")
    assert not told.silent


def test_a_late_message_says_when_it_happened() -> None:
    late = render(notice(incident=incident()), "es", now=NOON + 3600, zone=UTC).plain
    assert "Ocurrió: 25/12 12:00:00 (avisado con retraso)" in late
    assert "Ocurrió" not in render(notice(incident=incident()), "es", now=NOON + 2, zone=UTC).plain


def test_the_summary_has_its_counts_in_the_senders_order() -> None:
    fields = {"desde": str(NOON), "total": "5", "timeout": "4", "solucionado": "4", "fallido": "1", "nonsense": "9"}
    told = render(notice("summary", Severity.INFO, fields=fields), "es", zone=UTC)
    assert told.plain.endswith(
        "Resumen del monitoreo\nDesde: 25/12 12:00:00\nIncidencias: 5\n• timeout: 4\n✅ solucionado: 4\n❌ fallido: 1"
    )
    assert told.silent


def test_sizes_and_durations_of_the_service_are_readable_and_empty_fields_are_left_out() -> None:
    fields = {"libre": "1900000000", "segundos": "200", "unidad": "", "texto": "/srv <x>"}
    told = render(notice("space_critical", Severity.CRITICAL, fields=fields), "es").plain
    assert told.endswith("Espacio en disco crítico\nLibre: 1,9 GB\nDuración: 3 min 20 s\n/srv <x>")


@each("language", ["es", "en"])
@each("code", LIVE_CODES)
@each("error_type", list(ErrorType))
def test_every_code_has_words_for_every_type(language: str, code: str, error_type: ErrorType) -> None:
    told = check(render(notice(code, incident=incident(error_type, reason="r")), language))
    assert "notice." not in told and "…" not in told


@each("language", ["es", "en"])
@each("code", SERVICE_CODES)
def test_every_service_code_has_words(language: str, code: str) -> None:
    told = check(render(notice(code, fields={"texto": "x", "code": "y", "language": "z"}), language))
    assert "notice." not in told


incidents = st.builds(
    Incident,
    id=anything,
    error_type=st.sampled_from(ErrorType),
    opened_at=st.floats(),
    updated_at=st.floats(),
    estado=st.sampled_from(Estado),
    download=st.builds(Download, modelo=st.none() | anything, video=st.none() | anything),
    error_message=anything,
    count=st.integers(),
    attempt=st.integers(),
    accion=st.sampled_from(["none", "retry", "given_up", ""]) | anything,
    reason=anything,
    waiting_for=st.none() | st.sampled_from(ErrorType),
    evidence=st.lists(st.builds(Evidence, anything, anything, st.booleans()), max_size=40).map(tuple),
    closed_at=st.none() | st.floats(),
)
field_names = st.sampled_from(["texto", "unidad", "libre", "desde", "segundos", "code", "language"]) | anything
notices = st.builds(
    Notification,
    key=anything,
    code=st.sampled_from(NotificationCode),
    severity=st.sampled_from(Severity),
    at=st.floats(),
    incident=st.none() | incidents,
    fields=st.dictionaries(field_names, anything, max_size=40),
)


@settings(max_examples=examples(300), deadline=None)
@given(notices, st.sampled_from(["es", "en", "xx"]), st.none() | st.floats())
def test_whatever_the_fields_hold_the_message_is_valid_and_has_no_token(
    told: Notification, language: str, now: float | None
) -> None:
    message = render(told, language, now=now, zone=UTC)
    shown = check(message)
    for secret in (TOKEN, TOKEN[14:44]):
        assert secret not in shown and secret not in message.plain


@each("hostile", HOSTILE)
def test_the_id_is_kept_whatever_the_other_fields_hold(hostile: str) -> None:
    wild = failed(
        download=Download(modelo=hostile, video=hostile),
        error_message=hostile * 3,
        reason=hostile,
        evidence=tuple(Evidence(hostile, hostile) for _ in range(40)),
    )
    assert check(render(notice("failed", incident=wild), "es")).endswith("#T7F3K2AB")
    assert "<TOKEN>" in clean(hostile) or TOKEN not in hostile


def test_a_line_of_100_kilobytes_costs_little() -> None:
    def work(size: int) -> Work:
        wild = notice("failed", incident=failed(error_message="<&\u202e" * (size // 3)))
        return lambda: check(render(wild, "es"))

    assert_linear(work, 25_000, 100_000)


def test_an_open_incident_may_be_answered_and_a_solved_one_not() -> None:
    own = "T7F3K2AB"
    assert render(notice("failed", incident=failed()), "es").actions == (
        f"retry:{own}",
        f"acknowledge:{own}",
        f"silence:{own}",
    )
    known = failed(acknowledged_by="cli:root", acknowledged_at=NOON)
    assert render(notice("failed", incident=known), "es").actions == (f"retry:{own}", f"silence:{own}")
    full = notice("critical", Severity.CRITICAL, incident=incident(ErrorType.DISCO_LLENO))
    assert render(full, "es").actions == (f"acknowledge:{own}", f"silence:{own}")
    for told in (
        notice("solved", incident=incident(estado=Estado.SOLUCIONADO)),
        notice("moved", incident=failed()),
        notice("start"),
    ):
        assert render(told, "es").actions == ()


def test_a_message_carries_what_it_tells() -> None:
    told = notice("failed", incident=failed())
    assert render(told, "es").notice == told


def test_a_reminder_names_each_alarm_and_how_to_answer() -> None:
    first = notice("failed", at=NOON, incident=failed())
    second = notice("unit_died", Severity.CRITICAL, key="unit", at=NOON + 60)
    both = Notification(
        "reminder",
        NotificationCode.REMINDER,
        Severity.CRITICAL,
        NOON + 1800,
        1,
        fields={"sin_respuesta": "1800"},
        about=(first, second),
    )
    shown = render(both, "es", zone=UTC)
    assert "Sin respuesta desde hace: 30 min" in shown.plain and "trafico-monitor ack ID" in shown.plain
    assert "12:00:00 ❌ timeout · victor" in shown.plain and "12:01:00 El bot se detuvo" in shown.plain
    assert shown.actions == ()
    alone = render(
        Notification("reminder", NotificationCode.REMINDER, Severity.CRITICAL, NOON, 1, about=(second,)),
        "es",
        zone=UTC,
    )
    assert "trafico-monitor ack unit," in alone.plain and alone.actions == ("acknowledge:unit-0",)
    one = render(
        Notification("reminder", NotificationCode.REMINDER, Severity.RECOVERABLE, NOON, 1, about=(first,)),
        "es",
        zone=UTC,
    )
    assert "trafico-monitor ack T7F3K2AB" in one.plain and one.actions[1] == "acknowledge:T7F3K2AB"
    assert "CRÍTICO" in shown.plain and "CRÍTICO" not in one.plain


def test_an_alarm_without_an_incident_has_a_name_a_button_and_says_who_knows() -> None:
    died = notice("unit_died", Severity.CRITICAL, key="unit", thread=2, fields={"unidad": "trafico-main.service"})
    shown = render(died, "es", zone=UTC)
    assert shown.plain.endswith("#unit") and shown.actions == ("acknowledge:unit-2",)
    answered = replace(died, fields={**died.fields, "enterado_por": "cli:<ana>", "enterado_hora": f"{NOON:.0f}"})
    known = render(answered, "es", zone=UTC)
    assert "👤 Enterado: cli:<ana>, " in known.plain and "12:00" in known.plain and "&lt;ana&gt;" in known.html
    assert known.actions == ()
    over = render(notice("unit_back", key="unit", thread=3), "es")
    assert over.actions == () and "#unit" not in over.plain


def test_a_message_that_comes_another_way_says_why() -> None:
    assert "el canal «admin» no está disponible" in render(notice(incident=incident()), "es", instead_of="admin").plain
