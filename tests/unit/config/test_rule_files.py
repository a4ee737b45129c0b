"""Rule files: the operator's override the shipped ones by name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from trafico_monitor.detection.rule_files import LARGEST, PACKAGED, Doubt, directories, doubts, read_rule_files
from trafico_monitor.errors import RuleError


def test_a_later_directory_overrides_by_file_name(tmp_path: Path) -> None:
    shipped, operator = tmp_path / "shipped", tmp_path / "operator"
    for place, name, content in (
        (shipped, "a.toml", "# a"),
        (shipped, "b.toml", "# b"),
        (shipped, "gone.toml", "# gone"),
        (operator, "b.toml", "# mine"),
        (operator, "gone.toml", ""),
        (operator, "ignored.txt", "# x"),
    ):
        place.mkdir(exist_ok=True)
        (place / name).write_text(content, encoding="utf-8")
    assert read_rule_files([shipped, operator, tmp_path / "none"]) == {"a.toml": "# a", "b.toml": "# mine"}


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(RuleError, match=r"bad\.toml"):
        read_rule_files([tmp_path])


def test_the_source_tree_has_its_own_rules() -> None:
    assert PACKAGED.is_dir() and directories()[-1] == Path("/etc/trafico-monitor/rules.d")
    assert "timeout.toml" in read_rule_files([PACKAGED])


def test_the_operators_rules_lie_beside_his_configuration_file(tmp_path: Path) -> None:
    assert directories(tmp_path / "c.toml")[-1] == tmp_path / "rules.d"
    assert directories()[-1] == directories(Path("/etc/trafico-monitor/config.toml"))[-1]


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    shipped, operator = tmp_path / "shipped", tmp_path / "operator"
    shipped.mkdir()
    operator.mkdir()
    (shipped / "timeout.toml").write_text("# shipped", encoding="utf-8")
    return shipped, operator


def test_a_link_to_dev_null_masks_a_shipped_file(two: tuple[Path, Path]) -> None:
    (two[1] / "timeout.toml").symlink_to("/dev/null")
    assert read_rule_files(two) == {} and doubts(two) == ()


def test_a_single_file_may_be_laid_over_the_others(two: tuple[Path, Path]) -> None:
    (two[1] / "timeout.toml").write_text("# proposed", encoding="utf-8")
    assert read_rule_files([two[0], two[1] / "timeout.toml"]) == {"timeout.toml": "# proposed"}


def test_an_editors_leavings_are_no_rules(two: tuple[Path, Path]) -> None:
    (two[1] / ".timeout.toml").write_text("x", encoding="utf-8")
    (two[1] / "timeout.toml~").write_text("x", encoding="utf-8")
    assert read_rule_files(two) == {"timeout.toml": "# shipped"} and doubts(two) == ()


def test_what_is_no_file_of_reasonable_size_is_refused_without_reading_it(two: tuple[Path, Path]) -> None:
    os.mkfifo(two[1] / "fifo.toml")  # reading it would wait for ever
    with pytest.raises(RuleError, match=r"fifo\.toml"):
        read_rule_files(two)
    (two[1] / "fifo.toml").unlink()
    with (two[1] / "big.toml").open("wb") as big:
        big.truncate(LARGEST + 1)
    with pytest.raises(RuleError, match=r"big\.toml"):
        read_rule_files(two)


def test_names_that_override_nothing_are_doubted(two: tuple[Path, Path]) -> None:
    operator = two[1]
    (operator / "timeouts.toml").write_text("# mine", encoding="utf-8")
    (operator / "tiemout.toml").write_text("", encoding="utf-8")
    (operator / "own.toml").write_text("# mine", encoding="utf-8")
    (operator / "gone.toml").write_text("", encoding="utf-8")
    (operator / "timeout.tml").write_text("# mine", encoding="utf-8")
    (operator / "README").write_text("read", encoding="utf-8")
    assert set(doubts(two)) == {
        Doubt("near_name", str(operator / "timeouts.toml"), "timeout.toml"),
        Doubt("masks_nothing", str(operator / "tiemout.toml"), "timeout.toml"),
        Doubt("masks_nothing", str(operator / "gone.toml")),
        Doubt("no_suffix", str(operator / "timeout.tml")),
    }
