"""python-telegram-bot 20.8, 21.10 and 22.5: what is told of each download, and that nothing else is different."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.standin.bot_api import BotApiServer
from tests.standin.control import Control

from .conftest import BOTS, PTB, TOKEN, Done, Ear, instrumented, run, venv

pytestmark = pytest.mark.slow

SIZE = 70_000
USER = 77
READ_TIMEOUT = 0.7
STRANGER = "stranger_names_it"
LARGE = "large"  # copied as the others, but for so long that its beginning is told
LARGE_SIZE = 17 << 20
MORE = ("first", "second", "third", "fourth", "fifth", "sixth")  # files that no update is about
LOCAL = (
    "copies", "copies_early_name", "copies_into_directory", "forbidden", "forbidden_gives_up",
    "forbidden_without_sudo", "no_folder",
    "breaks_between", "lets_go", "two_at_once", "asked_at_once", "in_a_thread", "in_a_process_spawn",
    "in_a_process_fork", "forks", "as_bytes", "name_of_bytes", "built_afterwards", "changes", "one_after_another",
    STRANGER, "angry_locals", "looks_at_locals", "relative",
)  # fmt: skip
HTTP = ("to_drive", "to_drive_then_moves", "to_drive_then_renames", "to_memory", "to_open_file")
# The same handler meets each of these: it keeps the error to itself and tries a second time.
FAULTS = {
    "timed_out": {"kind": "hang"},
    "bad_request": {"kind": "status", "status": 400, "description": "Bad Request: file is too big"},
    "flood": {"kind": "status", "status": 429, "retry_after": 7},
    "bad_gateway": {"kind": "status", "status": 502},
    "refused": {"kind": "refuse"},
    "garbage": {"kind": "garbage"},
    "short": {"kind": "truncate", "keep": 500},
    "missing": {"kind": "missing"},
}
NOT_JSON = ("bad_gateway", "garbage")  # a TelegramError before version 22


@dataclass(frozen=True)
class Both:
    """The same programs with the instrumentation and without."""

    models: Path
    with_it: Done
    without: Done

    def place(self, file_id: str, modelo: str = "yic") -> str:
        return str(self.models / modelo / f"{file_id}.mp4")


@pytest.fixture(scope="session", params=PTB)
def both(request: pytest.FixtureRequest, ground: Path, server: BotApiServer, control: Control) -> Iterator[Both]:
    python = venv(f"telegram-{request.param}", f"python-telegram-bot=={request.param}")
    project = ground / f"project-{request.param}"
    with Ear() as ear:
        runs = [run_bots(python, project, server, control, ear, given) for given in (True, False)]
    yield Both(project / "modelos", *runs)


def run_bots(
    python: str,
    project: Path,
    server: BotApiServer,
    control: Control,
    ear: Ear,
    with_it: bool,
    more: Sequence[Path] = (),
) -> Done:
    """Both programs, one after the other; `more` folders come after ours on PYTHONPATH."""
    shutil.rmtree(project, ignore_errors=True)
    shutil.rmtree(server.api.files.directory, ignore_errors=True)
    models = project / "modelos"
    models.mkdir(parents=True)
    models.chmod(0o777)
    video = project / "video.mp4"
    video.write_bytes(b"v" * SIZE)
    large = project / "large.mp4"
    large.write_bytes(bytes(LARGE_SIZE))
    files = server.api.files
    files.videos.clear()
    for number, file_id in enumerate((*LOCAL, *HTTP, *FAULTS, *MORE)):
        control.file(file_id, video, number=number)
    control.file(LARGE, large, number=99)
    for file_id, fault in FAULTS.items():
        control.fault("getFile", times=1, where={"file_id": file_id}, **fault)
    env = {"READ_TIMEOUT": str(READ_TIMEOUT), **(instrumented(ear.path, models) if with_it else {})}
    if more:
        env["PYTHONPATH"] = ":".join([env["PYTHONPATH"], *map(str, more)])
    done = []
    for local, asked in ((True, (*LOCAL, *FAULTS, LARGE)), (False, HTTP)):
        control.order("local", local=local)
        for file_id in asked:
            caption = f"{models}/otra/x.mp4\nhola" if file_id == STRANGER else "hola"
            control.video(file_id, USER, "Ana", token=TOKEN, more={"caption": caption})
        command = [
            python,
            "-W",
            "always",
            str(BOTS / "ptb_bot.py"),
            server.url,
            TOKEN,
            str(models),
            str(files.directory),
        ]
        done.append(run(command, ear if ear.path.exists() else None, {**env, **({"LOCAL": "1"} if local else {})}))
    control.clear()
    control.order("local", local=True)
    first, second = done
    return Done(
        first.code or second.code, first.out + second.out, first.err + second.err, first.events + second.events
    )


def alike(text: str) -> str:
    """What differs from one run to the next whatever is done: addresses of objects, times of the day."""
    return re.sub(r"0x[0-9a-f]+|cancel scope [0-9a-f]+", "…", text)


def test_the_program_does_what_it_does_without(both: Both) -> None:
    """Results, exceptions with their chains and the functions they came through, output, exit status."""
    told, plain = ([alike(line) for line in run.out.splitlines()] for run in (both.with_it, both.without))
    assert len(plain) == len(LOCAL) + len(HTTP) + len(FAULTS) + 1
    assert told == plain
    assert alike(both.with_it.err) == alike(both.without.err)
    assert both.with_it.code == both.without.code == 0
    assert both.without.events == []


def events(both: Both, file_id: str) -> list[str]:
    return [event["TRAFICO_EVENTO"] for event in both.with_it.of(file_id)]


def test_a_copy_is_known_exactly_before_get_file_was_sent(both: Both) -> None:
    begun, done = both.with_it.of("copies")
    known = {
        "PRIORITY": "6",
        "SYSLOG_IDENTIFIER": "trafico-instrument",
        "TRAFICO_CONTRATO": "1",
        "TRAFICO_DESCARGA": begun["TRAFICO_DESCARGA"],
        "TRAFICO_MODELO": "yic",
        "TRAFICO_VIDEO": "copies.mp4",
        "TRAFICO_DESTINO": both.place("copies"),
        "TRAFICO_FILE_ID": "copies",
        "TRAFICO_FILE_UNIQUE_ID": "unique0",
        "TRAFICO_FILE_SIZE": str(SIZE),
        "TRAFICO_USUARIO": str(USER),
        "TRAFICO_MEDIO": "Video",
        "TRAFICO_BIBLIOTECA": "telegram",
    }
    assert begun == {
        **known,
        "MESSAGE": "⏬ Descargando: copies.mp4",
        "TRAFICO_EVENTO": "inicio",
        "TRAFICO_FUENTE": "marco",
    }
    source = done.pop("TRAFICO_ORIGEN")
    assert done == {
        **known,
        "MESSAGE": "✅ Descarga completa: copies.mp4",
        "TRAFICO_EVENTO": "fin",
        "TRAFICO_FUENTE": "argumento",
        "TRAFICO_BYTES": str(SIZE),
    }
    assert re.fullmatch(r"/.*/telegram-bot-api/<TOKEN>/videos/file_0\.mp4", source)


def test_a_long_copy_is_told_when_it_begins(both: Both) -> None:
    assert events(both, LARGE) == ["inicio", "copiando", "fin"]
    copying = both.with_it.of(LARGE)[1]
    assert (copying["TRAFICO_DESTINO"], copying["TRAFICO_FUENTE"]) == (both.place(LARGE), "argumento")
    assert copying["TRAFICO_ORIGEN"].endswith("/telegram-bot-api/<TOKEN>/videos/file_99.mp4")


@pytest.mark.parametrize(
    "file_id",
    ["copies_early_name", "in_a_thread", "as_bytes", "angry_locals", "relative", "to_drive"],
)
def test_the_destination_is_known_from_the_beginning(both: Both, file_id: str) -> None:
    assert events(both, file_id) == ["inicio", "fin"]
    assert {event["TRAFICO_DESTINO"] for event in both.with_it.of(file_id)} == {both.place(file_id)}


def test_a_destination_that_is_built_afterwards_is_known_from_the_copy(both: Both) -> None:
    asked, copying, done = both.with_it.of("built_afterwards")
    assert not {"TRAFICO_DESTINO", "TRAFICO_MODELO", "TRAFICO_VIDEO"} & asked.keys()
    assert copying["TRAFICO_DESTINO"] == done["TRAFICO_DESTINO"] == both.place("built_afterwards")


def test_a_directory_as_destination_names_the_modelo_and_the_copy_the_video(both: Both) -> None:
    begun, copying, done = both.with_it.of("copies_into_directory")
    assert (begun["TRAFICO_MODELO"], begun.get("TRAFICO_DESTINO")) == ("yic", None)
    assert copying["TRAFICO_DESTINO"] == done["TRAFICO_DESTINO"] == str(both.models / "yic" / "file_2.mp4")


def test_a_destination_that_changes_is_the_one_of_the_copy(both: Both) -> None:
    begun, copying, done = both.with_it.of("changes")
    assert begun["TRAFICO_DESTINO"] == both.place("changes")
    assert copying["TRAFICO_DESTINO"] == done["TRAFICO_DESTINO"] == both.place("changes", "otra")
    assert (copying["TRAFICO_MODELO"], copying["TRAFICO_FUENTE"]) == ("otra", "argumento")


def test_two_in_one_handler_are_two(both: Both) -> None:
    for modelo, file_id in (("ana", "first"), ("eva", "second"), ("ana", "third"), ("eva", "fourth")):
        told = both.with_it.of(file_id)
        handler = "two_at_once" if file_id in ("first", "second") else "asked_at_once"
        between = [] if handler == "two_at_once" else ["copiando"]
        assert [event["TRAFICO_EVENTO"] for event in told] == ["inicio", *between, "fin"]
        assert {event.get("TRAFICO_FILE_ID") for event in told} == {file_id}
        assert {event.get("TRAFICO_MODELO", modelo) for event in told} == {modelo}
        assert told[-1]["TRAFICO_DESTINO"] == both.place(handler, modelo)


def test_a_variable_of_the_round_before_is_no_destination(both: Both) -> None:
    for modelo, file_id in (("ana", "fifth"), ("eva", "sixth")):
        begun, _, done = both.with_it.of(file_id)
        assert not {"TRAFICO_DESTINO", "TRAFICO_MODELO"} & begun.keys()
        assert done["TRAFICO_DESTINO"] == both.place("one_after_another", modelo)


def test_a_strangers_words_name_no_place(both: Both) -> None:
    assert events(both, STRANGER) == ["inicio", "soltado"]
    assert "otra" not in json.dumps(both.with_it.of(STRANGER))


def test_names_that_are_no_text_travel_whole_and_forge_nothing(both: Both) -> None:
    told = both.with_it.of("name_of_bytes")
    assert [event["TRAFICO_EVENTO"] for event in told] == ["inicio", "fin"]
    for event in told:
        assert event["TRAFICO_DESTINO"] == f"{both.models}/yic/a\udcff\nTRAFICO_MODELO=otra.mp4"
        assert event["TRAFICO_MODELO"] == "yic"


def test_a_copy_in_another_process_is_told_by_that_process(both: Both) -> None:
    """A process that was there when getFile was asked knows the download; another knows source and place."""
    for file_id in ("in_a_process_fork", "forks"):
        assert events(both, file_id) == ["inicio", "fin", "soltado"]
    assert events(both, "in_a_process_spawn") == ["inicio", "soltado"]
    asked = next(e for e in both.with_it.of("in_a_process_spawn") if e["TRAFICO_EVENTO"] == "soltado")
    copied = [
        event for event in both.with_it.events
        if event.get("TRAFICO_DESTINO") == both.place("in_a_process_spawn") and "TRAFICO_FILE_ID" not in event
    ]  # fmt: skip
    assert [event["TRAFICO_EVENTO"] for event in copied] == ["copiando", "fin"]
    name = asked["TRAFICO_ORIGEN"].rsplit("/", 1)[1]
    assert copied[-1]["TRAFICO_ORIGEN"].endswith(f"/<TOKEN>/videos/{name}")


def test_a_refused_file_is_an_error_with_its_number_and_its_path(both: Both) -> None:
    """The bot of `forbidden` mends it itself, and that is told too."""
    assert events(both, "forbidden") == ["inicio", "error", "fin"]
    assert events(both, "forbidden_gives_up") == ["inicio", "error"]
    error = both.with_it.of("forbidden")[1]
    assert error["TRAFICO_EXCEPCION"] == "PermissionError"
    assert (error["TRAFICO_ERRNO"], error["PRIORITY"]) == ("13", "3")
    assert error["TRAFICO_RUTA"] == error["TRAFICO_ORIGEN"]
    assert error["TRAFICO_RUTA"].endswith("/telegram-bot-api/<TOKEN>/videos/file_3.mp4")
    assert error["MESSAGE"].startswith("❌ Error al descargar forbidden.mp4: PermissionError: [Errno 13] Permission")


def test_what_fails_while_the_bot_mends_is_not_why_the_download_failed(both: Both) -> None:
    """The bot calls a sudo that is not there: the file that it could not read is what ended the download."""
    assert events(both, "forbidden_without_sudo") == ["inicio", "error", "error"]
    first, last = both.with_it.of("forbidden_without_sudo")[1:]
    assert (first["TRAFICO_EXCEPCION"], last["TRAFICO_EXCEPCION"]) == ("PermissionError", "FileNotFoundError")
    assert "'/nowhere/sudo'" in last["TRAFICO_TEXTO"]
    assert (last["TRAFICO_ERRNO"], last["TRAFICO_RUTA"]) == ("13", last["TRAFICO_ORIGEN"])


def test_a_missing_folder_is_an_error_at_its_place(both: Both) -> None:
    error = both.with_it.of("no_folder")[-1]
    place = both.place("no_folder", "nueva")
    assert (error["TRAFICO_EVENTO"], error["TRAFICO_ERRNO"], error["TRAFICO_RUTA"]) == ("error", "2", place)
    assert error["TRAFICO_MODELO"] == "nueva"


def test_an_exception_that_nobody_handled_is_told_once(both: Both) -> None:
    assert events(both, "breaks_between") == ["inicio", "error"]
    assert both.with_it.of("breaks_between")[-1]["TRAFICO_EXCEPCION"] == "LookupError"


def test_what_is_not_seen_to_arrive_is_let_go_of(both: Both) -> None:
    assert events(both, "lets_go") == ["inicio", "soltado"]


@pytest.mark.parametrize(
    ("file_id", "exception", "chain", "wait"),
    [
        ("timed_out", "telegram.error.TimedOut", "httpx.ReadTimeout < httpcore.ReadTimeout", None),
        ("bad_request", "telegram.error.BadRequest", None, None),
        ("flood", "telegram.error.RetryAfter", None, "7"),
        ("bad_gateway", "telegram.error.NetworkError", None, None),
        ("refused", "telegram.error.NetworkError", "httpx.RemoteProtocolError", None),
        ("garbage", "telegram.error.NetworkError", None, None),
    ],
)
def test_what_the_bot_keeps_to_itself_is_told(
    both: Both, file_id: str, exception: str, chain: str | None, wait: str | None
) -> None:
    told = both.with_it.of(file_id)
    assert [e["TRAFICO_EVENTO"] for e in told] == ["inicio", "error", "inicio", "fin"]
    error = told[1]
    names = {exception, "telegram.error.TelegramError"} if file_id in NOT_JSON else {exception}
    assert error["TRAFICO_EXCEPCION"] in names
    assert chain is None or chain in error["TRAFICO_CADENA"]
    assert error.get("TRAFICO_ESPERA") == wait
    assert [event.get("TRAFICO_INTENTO") for event in told] == [None, None, "2", "2"]
    assert len({event["TRAFICO_DESCARGA"] for event in told}) == 1


def test_a_short_copy_is_told_with_its_bytes_and_is_no_end(both: Both) -> None:
    assert events(both, "short") == ["inicio", "copiado", "soltado"]
    copied = both.with_it.of("short")[1]
    assert (copied["TRAFICO_BYTES"], copied["TRAFICO_FILE_SIZE"], copied["PRIORITY"]) == ("500", str(SIZE), "4")


def test_a_source_that_is_not_there(both: Both) -> None:
    error = both.with_it.of("missing")[1]
    assert (error["TRAFICO_EXCEPCION"], error["TRAFICO_ERRNO"]) == ("FileNotFoundError", "2")
    assert error["TRAFICO_RUTA"] == error["TRAFICO_ORIGEN"]


def test_what_goes_by_another_place_ends_at_its_own(both: Both) -> None:
    for file_id, twice in (("to_drive_then_moves", "copiado"), ("to_drive_then_renames", "fin")):
        told = both.with_it.of(file_id)
        assert events(both, file_id) == ["inicio", "copiando", twice, "copiando", "fin"]
        assert told[-1]["TRAFICO_DESTINO"] == both.place(file_id)
    first = both.with_it.of("to_drive_then_moves")[2]
    assert first["TRAFICO_RUTA"] == str(both.models.parent / "video.part")
    assert "TRAFICO_DESTINO" not in first


def test_into_memory(both: Both) -> None:
    assert events(both, "to_memory") == ["inicio", *("copiando", "copiado") * 2, "soltado"]
    assert both.with_it.of("to_memory")[2]["TRAFICO_BYTES"] == str(SIZE)
    assert events(both, "to_open_file") == ["inicio", "copiando", "fin"]
    assert both.with_it.of("to_open_file")[-1]["TRAFICO_DESTINO"] == both.place("to_open_file")


def test_no_secret_leaves_the_process(both: Both) -> None:
    assert both.with_it.events
    assert TOKEN.partition(":")[2] not in json.dumps(both.with_it.events)


def test_the_library_is_said_once_a_process(both: Both) -> None:
    said = [event["TRAFICO_BIBLIOTECA"] for event in both.with_it.events if event["TRAFICO_EVENTO"] == "activo"]
    assert len(said) == 3  # two bots, and the process that one of them has spawned
    assert all(re.fullmatch(r"telegram 2[0-2]\.\d+", one) for one in said)
