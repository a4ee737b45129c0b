"""`check` says who prints in the bot's unit, and how to name the bot."""

from __future__ import annotations

import json
import shlex
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from trafico_monitor.host.untrusted_json import objects
from trafico_monitor.journal.origin import Watch, proposal, runs
from trafico_monitor.preflight.base import CheckResult
from trafico_monitor.preflight.bot_lines import judge

UNIT = "trafico-main.service"
WATCH = Watch(UNIT, "bot_central.py")
REAL = Path(__file__).parents[1] / "journal" / "senders.jsonl"


def said(*commands: str | None) -> list[Mapping[str, object]]:
    """Entries of the unit by processes with these command lines; None: it had gone."""
    return [
        {"_PID": str(100 + number), "_SYSTEMD_UNIT": UNIT, "_TRANSPORT": "stdout"}
        | ({} if command is None else {"_CMDLINE": command})
        for number, command in enumerate(commands)
    ]


def codes(found: list[CheckResult]) -> list[str]:
    return [one.code.removeprefix("check.") for one in found]


def test_the_bot_is_seen_among_others() -> None:
    assert codes(judge(said("python main.py", "python -m project.bot_central", "cp a b"), WATCH)) == ["lines"]


def test_lines_without_a_process_are_counted() -> None:
    found = judge(said("python bot_central.py", None, None), WATCH)
    assert codes(found) == ["lines", "lines_unattributed"] and found[1].fields["count"] == 2


@pytest.mark.parametrize("language", ["es", "en"])
def test_who_prints_is_named_with_the_line_that_mends_it(language: str) -> None:
    found = judge(said("/bin/sh start.sh", *["/venv/bin/python -u /x/central.py --all"] * 3, "cp a b"), WATCH)
    assert codes(found) == ["no_bot_lines"]
    shown = found[0].text(language)
    assert "5" in shown and "central.py --all (3)" in shown and "/bin/sh start.sh (1)" in shown
    words = shlex.split(found[0].remedy(language))
    assert tomllib.loads(words[2]) == {"bot": {"process": "central.py"}}
    assert runs("/venv/bin/python -u /x/central.py --all", "central.py")


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("relay", ["tee -a /var/log/bot.log", "/usr/bin/cat", "logger -t bot", "sed -u s/a/b/"])
def test_a_pipe_behind_the_bot_is_named_and_is_no_program_to_configure(relay: str, language: str) -> None:
    found = judge(said(*[relay] * 9), WATCH)
    assert codes(found) == ["lines_relayed"]
    assert relay.split()[0] in found[0].text(language)
    assert found[0].remedy(language).startswith(f"sudo systemctl edit --full {UNIT} ")
    assert f'bot.process = "{Path(relay.split()[0]).name}"' in found[0].text(language)
    assert proposal({relay: 9, "python central.py": 1}) == "central.py"
    assert proposal({relay: 9}) == ""


def test_a_hostile_command_line_breaks_neither_the_sentence_nor_the_shell() -> None:
    hostile = "python 'x\"; touch /tmp/forged #\x1b[31m.py'"
    [found] = judge(said(hostile), WATCH)
    assert found.text("es").isprintable() and found.remedy("es").isprintable()
    words = shlex.split(found.remedy("es"))
    assert words[:2] == ["printf", "%s\\n"] and words[3:6] == ["|", "sudo", "tee"]


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        ({"python main.py": 9, "cp a b": 90}, "main.py"),
        ({"python -m project.central": 9, "python -c pass": 90}, "project.central".rpartition(".")[2]),
        ({"/usr/bin/docker compose up": 9}, "docker"),
        ({"/opt/bot": 1}, "/opt/bot".rpartition("/")[2]),
        ({"python -c pass": 1}, ""),
        ({}, ""),
    ],
)
def test_what_is_proposed_would_match(commands: dict[str, int], expected: str) -> None:
    assert proposal(commands) == expected
    assert not expected or any(runs(command, expected) for command in commands)


@pytest.mark.parametrize("release", ["bookworm", "trixie"])
def test_real_journals(release: str) -> None:
    rows = [row for line in REAL.read_text().splitlines() if (row := json.loads(line))["source"] == f"{release} unit"]
    output = "\n".join(json.dumps(row["fields"]) for row in rows if row["origin"] != "manager")
    assert codes(judge(objects(output + '\n{"_CMDL'), WATCH)) == ["lines", "lines_unattributed"]
