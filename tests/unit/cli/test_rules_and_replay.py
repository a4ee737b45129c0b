"""`rules` and `replay` through the command line, on the packaged rules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trafico_monitor.cli.main import main
from trafico_monitor.detection.rule_files import PACKAGED

DENIED = (
    "ERROR:__main__:❌ Error al copiar: [Errno 13] Permission denied: '/srv/modelos/luna/20260101_101010_abcdef.mp4'"
)

BEGUN = "INFO:__main__:📥 Descargando modelos/luna/20260101_101010_abcdef.mp4"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "bot.log"
    file.write_bytes(f"{BEGUN}\n{DENIED}\n\n".encode() + b"\xff\xfe\n")
    return file


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_one_line_in_one_line_out(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "test", "--json", "--rules", str(PACKAGED), str(log)]) == 0
    found = lines(capsys)
    assert [one["line"] for one in found] == [1, 2, 3, 4]
    assert found[0] == {"line": 1, "error_type": None, "rule": None, "modelo": None, "video": None, "why": None}
    assert list(found[1])[:5] == ["line", "error_type", "rule", "modelo", "video"]
    assert found[1]["why"]["literals"] and found[1]["why"]["negative"] is False  # type: ignore[index]
    assert found[1]["error_type"] == "permisos" and found[1]["modelo"] == "luna"
    assert found[1]["video"] == "20260101_101010_abcdef.mp4"


def test_replay_tells_the_incidents_and_orders(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "--json", str(log)]) == 0
    [incident] = lines(capsys)
    wanted = {
        "error_type": "permisos",
        "modelo": "luna",
        "video": "20260101_101010_abcdef.mp4",
        "recovered_by_bot": False,
    }
    assert wanted.items() <= incident.items()
    assert incident["first_line"] == incident["last_line"] == "line:2" and incident["orders"]


def test_the_reasons_in_words(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "test", str(log)]) == 0
    said = capsys.readouterr().out
    assert "permission denied" in said and "permisos.toml" in said and "nombres de videos" in said


# No rule knows it: the words are made up of what the model has learnt.
SLOW = "ERROR:descargas:Telegram tardó demasiado en servir el video x_1.mp4"
STRANGE = "ERROR:__main__:❌ El registro del vídeo 12 quedó a medias"


def test_what_the_line_model_says_and_how_sure_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bot.log"
    file.write_text(f"{SLOW}\n{STRANGE}\n", encoding="utf-8")
    assert main(["rules", "test", "--json", str(file)]) == 0
    decided, undecided = lines(capsys)
    assert (decided["error_type"], decided["rule"]) == ("timeout", "line_model")
    assert decided["why"]["model"]["sure"] and "tardó" in decided["why"]["model"]["words"]  # type: ignore[index]
    assert undecided["error_type"] is None and undecided["why"]["model"]["sure"] is False  # type: ignore[index]
    assert main(["rules", "test", str(file)]) == 0
    said = capsys.readouterr().out
    assert "«tardó»" in said and "modelo de líneas" in said and "no basta para decidir" in said
    assert main(["replay", "--json", str(file)]) == 0
    assert [one["rule"] for one in lines(capsys)] == ["line_model"]


def test_lint_and_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "lint", "--rules", str(PACKAGED)]) == 0
    assert main(["rules", "list", "--json", "--rules", str(PACKAGED)]) == 0
    assert capsys.readouterr().out.count("permisos_errno") == 1


MINE = """[[rule]]
name = "mia"
error_type = "timeout"
literals = ["se cansó"]
matches = ["ERROR:x: se cansó"]
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "rules.d").mkdir()
    return tmp_path / "rules.d"


def test_lint_exit_status(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "mia.toml").write_text(MINE, encoding="utf-8")
    assert main(["rules", "lint", "--rules", str(place)]) == 0
    (place / "timeouts.toml").write_text("# nothing\n", encoding="utf-8")
    assert main(["rules", "lint", "--rules", str(place)]) == 1
    assert "timeout.toml" in capsys.readouterr().out
    (place / "mia.toml").write_text(MINE.replace("x: se", "x: no se ha"), encoding="utf-8")
    assert main(["rules", "lint", "--rules", str(place)]) == 2


def test_lint_tells_every_refusal_not_only_the_first(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exploding = MINE.replace('"mia"', '"otra"').replace("matches", 'pattern = "(a+)+"\nmatches')
    (place / "a.toml").write_text(exploding + MINE.replace("timeout", "lento"), encoding="utf-8")
    (place / "b.toml").write_text("[[rule]", encoding="utf-8")
    (place / "c.toml").write_text(MINE + MINE, encoding="utf-8")
    assert main(["rules", "lint", "--json", "--rules", str(place)]) == 2
    refused = [str(one["detail"]) for one in lines(capsys) if one["fault"] == "refused"]
    assert len(refused) == 4
    assert all(
        any(name in one for one in refused) for name in ("a.toml: otra", "a.toml: mia", "b.toml", "c.toml: mia")
    )


def test_a_refused_rule_is_one_clear_line(place: Path, log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "mia.toml").write_text(MINE.replace("matches", 'pattern = "(a+)+"\nmatches'), encoding="utf-8")
    assert main(["rules", "test", "--rules", str(place), str(log)]) == 78
    said = capsys.readouterr().err
    assert "mia.toml: mia" in said and len(said.splitlines()) == 1


def test_drop_ins_lie_beside_the_configuration_file(
    place: Path, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = place.parent / "config.toml"
    config.write_text('language = "es"\n', encoding="utf-8")
    (place / "permisos.toml").symlink_to("/dev/null")
    assert main(["rules", "test", "--json", "--config", str(config), str(log)]) == 0
    assert [one["error_type"] for one in lines(capsys)] == [None] * 4


def test_what_proposed_rules_would_change(place: Path, log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "--rules", str(place), str(log)]) == 0
    capsys.readouterr()
    with log.open("a", encoding="utf-8") as more:
        more.write("INFO:__main__:arranca\nERROR:x: se cansó\n")
    (place / "permisos.toml").write_text("", encoding="utf-8")
    (place / "mia.toml").write_text(MINE, encoding="utf-8")
    assert main(["replay", "--json", "--rules", str(place), str(log)]) == 1
    found = {one["change"]: one for one in lines(capsys)}
    assert set(found) == {"vanishes", "appears"}
    assert found["vanishes"]["before"]["error_type"] == "permisos"  # type: ignore[index]
    assert found["appears"]["after"]["error_type"] == "timeout"  # type: ignore[index]
    assert main(["replay", "--rules", str(place), str(log)]) == 1
    said = capsys.readouterr().out
    assert "\n+ " in said and said.startswith("- ")


def test_another_type_is_another_order(place: Path, log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "mia.toml").write_text(
        MINE.replace("se cansó", "permission denied").replace("matches", "priority = 999\nmatches"), encoding="utf-8"
    )
    assert main(["replay", "--json", "--rules", str(place / "mia.toml"), str(log)]) == 1
    [one] = lines(capsys)
    assert one["change"] == "changes" and {"error_type", "orders"} <= set(one["fields"])  # type: ignore[call-overload]


def test_rules_test_wants_a_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "test"]) == 1
    assert "--since" in capsys.readouterr().err


def test_replay_wants_a_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay"]) == 1
    assert "--directory" in capsys.readouterr().err
