"""parse: whose entry it is, and what of it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from trafico_monitor.journal.origin import SUPPRESSED, Watch
from trafico_monitor.journal.parser import MESSAGE_LIMIT, bot_entry, message_text, parse
from trafico_monitor.model.journal_entry import JournalEntry, Origin

UNIT = "trafico-main.service"
WATCH = Watch(UNIT, "bot_central.py", own_pid=4242)
TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"


def bot(**fields: object) -> dict[str, object]:
    return {
        "MESSAGE": b"hola",
        "_PID": b"1301",
        "_TRANSPORT": b"stdout",
        "_SYSTEMD_UNIT": UNIT.encode(),
        "_CMDLINE": b"/x/.venv/bin/python /x/bot_central.py",
        **fields,
    }


def read(raw: Mapping[str, object], watch: Watch = WATCH) -> JournalEntry | None:
    return parse(raw, watch, at=5.5, cursor="s=1")


def test_a_line_of_the_bot() -> None:
    assert read(bot()) == JournalEntry("hola", 1301, 5.5, "s=1", Origin.BOT)


def test_lines_of_others_are_nobodys() -> None:
    assert read(bot(_SYSTEMD_UNIT=b"other.service")) is None
    assert read(bot(_PID=b"4242")) is None
    assert read(bot(SYSLOG_IDENTIFIER=b"trafico-monitor", _TRANSPORT=b"journal")) is None
    assert read(bot(TRAFICO_REGISTRO=b"7", _TRANSPORT=b"journal")) is None
    assert read(bot(_CMDLINE=b"python3 -m trafico_monitor run --process bot_central.py")) is None


def test_an_empty_process_takes_every_process_and_an_empty_unit_every_unit_of_one_user() -> None:
    poster = bot(_CMDLINE=b"/x/python /x/poster_prd.py")
    assert read(poster, Watch(UNIT, "")) is not None
    watch = Watch("", "bot_central.py", uid=1000)
    assert read(bot(_SYSTEMD_UNIT=b"session-3.scope", _UID=b"1000"), watch) is not None
    assert read(bot(_SYSTEMD_UNIT=b"session-3.scope", _UID=1000), watch) is not None
    assert read({**poster, "_UID": b"1000"}, watch) is None


def test_without_a_unit_another_user_cannot_pass_as_the_bot() -> None:
    for uid in (b"1001", b"0", b"01000", b"", b"1000 "):
        assert read(bot(_UID=uid), Watch("", "bot_central.py", uid=1000)) is None
    assert read(bot(), Watch("", "bot_central.py", uid=1000)) is None
    for uid in (b"1000", b"0", b"", b"None"):
        assert read(bot(_UID=uid), Watch("", "bot_central.py")) is None


def test_pid_1_about_the_unit_is_the_manager_and_only_pid_1() -> None:
    said = {
        "MESSAGE": b"trafico-main.service: Main process exited",
        "_PID": b"1",
        "_TRANSPORT": b"journal",
        "UNIT": UNIT.encode(),
        "MESSAGE_ID": UUID("98e322203f7a4ed290d09fe03c09fe15"),
        "EXIT_CODE": b"killed",
        "EXIT_STATUS": 9,
        "CODE_FILE": b"src/core/service.c",
    }
    entry = read(said)
    assert entry is not None and entry.origin is Origin.MANAGER
    assert entry.fields == {
        "MESSAGE_ID": "98e322203f7a4ed290d09fe03c09fe15",
        "EXIT_CODE": "killed",
        "EXIT_STATUS": "9",
    }
    assert read({**said, "UNIT": b"other.service"}) is None
    forged = read(bot(UNIT=UNIT.encode(), EXIT_STATUS=b"9", _TRANSPORT=b"journal"))
    assert forged is not None and forged.origin is Origin.BOT and forged.fields == {}


def test_journald_about_dropped_lines_of_the_unit() -> None:
    said = {
        "MESSAGE": f"Suppressed 812 messages from {UNIT}".encode(),
        "MESSAGE_ID": SUPPRESSED.encode(),
        "N_DROPPED": b"812",
        "_PID": b"300",
        "_TRANSPORT": b"driver",
        "_SYSTEMD_UNIT": b"systemd-journald.service",
    }
    entry = read(said)
    assert entry is not None and entry.origin is Origin.JOURNALD and entry.fields["N_DROPPED"] == "812"
    assert read({**said, "MESSAGE": b"Suppressed 812 messages from other.service"}) is None
    assert read({**said, "_TRANSPORT": b"journal"}) is None  # anybody can send that MESSAGE_ID
    assert read({**said, "MESSAGE_ID": b"f" * 32}) is None


def test_structured_fields_come_along_redacted() -> None:
    entry = read(
        bot(
            _TRANSPORT=b"journal",
            TRAFICO_EVENTO=b"inicio",
            TRAFICO_VIDEO=[b"a\nb.mp4", b"second"],
            TRAFICO_DESTINO=f"/x/{TOKEN}/y".encode(),
            PASSWORD=b"secret",
        )
    )
    assert entry is not None
    assert entry.fields == {
        "TRAFICO_EVENTO": "inicio",
        "TRAFICO_VIDEO": "a\nb.mp4",
        "TRAFICO_DESTINO": "/x/<TOKEN>/y",
    }


def test_message_forms() -> None:
    assert message_text("texto ñ") == "texto ñ"
    assert message_text("ñ ❌".encode()) == "ñ ❌"
    assert message_text(b"bad \xff\xfe utf") == "bad �� utf"
    assert message_text([b"uno", b"dos"]) == "uno\ndos"
    assert message_text(b"a\0b\x1b[31mc\t") == "ab\x1b[31mc\t"
    assert message_text(None) == ""
    assert message_text("\ud800") == "?"


def test_tokens_do_not_pass_whole_or_cut() -> None:
    encoded = TOKEN.replace(":", "%3A")
    for form in (TOKEN, encoded):
        assert message_text(f"GET /bot{form}/getFile".encode()) == "GET /bot<TOKEN>/getFile"
    for size in range(1, len(TOKEN)):
        long_line = b"x " * 30_000 + f"bot{TOKEN[:size]}".encode()
        assert "AAE" not in message_text(long_line) and len(message_text(long_line)) <= MESSAGE_LIMIT
    dense = (f"/bot{TOKEN}/" * 2000).encode()  # redacting shortens: the cut end would show otherwise
    for shift in range(len(TOKEN) + 6):
        assert "AAE" not in message_text(b"y" * shift + dense)
    rest = bot_entry(b"ampleExampleExampleExampl/getFile failed", 1, 0.0, "", continued=True)
    assert rest.message == "<SECRET>/getFile failed"  # half a token is no place


@given(st.binary(max_size=300) | st.text(max_size=300) | st.lists(st.binary(max_size=50), max_size=3))
def test_any_message_becomes_text_that_can_be_stored(value: object) -> None:
    text = message_text(value)
    assert "\0" not in text
    text.encode()


@given(st.dictionaries(st.sampled_from(["_PID", "UNIT", "_CMDLINE", "MESSAGE_ID", "_TRANSPORT"]), st.binary()))
def test_any_trusted_field_is_survived(odd: dict[str, object]) -> None:
    read({**bot(), **odd})
