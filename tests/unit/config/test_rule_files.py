"""Rule files: the operator's override the shipped ones by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from trafico_monitor.config.rule_files import PACKAGED, directories, read_rule_files
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
