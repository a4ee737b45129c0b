"""Every key, command, option and metric is documented, in both languages, and as it really is."""

from __future__ import annotations

import ast
import contextlib
import json
import re
import subprocess
import tomllib
from pathlib import Path

import click
import pytest

from tests.cases import each
from trafico_monitor.cli.parser import PROGRAM, build
from trafico_monitor.config.schema import KEYS, NEEDS_RESTART, VARIABLES

from ...docs_commands import DOCUMENTS, ROOT, Shown, calls, shown

MAN = ROOT / "packaging" / "man"
LANGUAGES = ("", "es/")
LINES = list(shown())


def page(name: str, language: str) -> str:
    return (MAN / f"{language}{name}.scd").read_text()


def keys_of(content: str) -> dict[str, str]:
    """`section.key` → default, from the source of trafico-monitor.toml(5)."""
    found: dict[str, str] = {}
    section = ""
    for line in content.splitlines():
        if head := re.fullmatch(r"#+ (\[(?P<section>[\w.]+)\])?.*", line):
            section = (head["section"] or "").replace(".NAME", ".*")
        elif key := re.fullmatch(r"\*(?P<key>[a-z_]+)\* = (?P<default>.*)", line):
            found[f"{section}.{key['key']}" if section else key["key"]] = key["default"].replace("\\", "")
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_key_of_the_configuration_has_its_paragraph(language: str) -> None:
    assert sorted(set(KEYS) - set(keys_of(page("trafico-monitor.toml.5", language)))) == []


def test_both_languages_document_the_same_keys_and_defaults() -> None:
    assert keys_of(page("trafico-monitor.toml.5", "")) == keys_of(page("trafico-monitor.toml.5", "es/"))


# A reload or a restart.


@pytest.mark.parametrize("mark", ["Takes effect at a restart.", "Cambia al reiniciar el servicio."])
def test_the_manual_marks_the_keys_that_wait_for_a_restart(mark: str) -> None:
    content = page("trafico-monitor.toml.5", "" if mark.startswith("T") else "es/")
    marked = re.sub(rf"\*(\w+)\* = .*\n((?:\t.*\n)*?)\t{mark}\n", r"*(\1)* = \n", content)
    waiting = set(keys_of(content)) - set(keys_of(marked))
    assert waiting == NEEDS_RESTART


def test_the_shipped_file_marks_the_keys_that_wait_for_a_restart() -> None:
    section, waiting, stray = "", set[str](), list[str]()
    content = (ROOT / "packaging/config.toml").read_text()
    for line in content[content.index("#language") :].splitlines():  # the header says what the mark means
        if line.startswith("["):
            section = line.strip("[]")
        elif key := re.fullmatch(r"#([a-z_]+) = .*# \(\*\).*", line):
            waiting.add(f"{section}.{key[1]}")
        elif "(*)" in line:
            stray.append(line)
    assert (waiting, stray) == (NEEDS_RESTART, [])


def test_what_the_service_takes_from_the_configuration_at_its_start_waits_for_a_restart() -> None:
    """The wiring is made once: a value that it takes out of the configuration there is not taken again. Whatever
    asks the context for the configuration, or is given it by `_use_settings`, has the present one."""
    wiring = "\n".join(
        ast.unparse(part)
        for module in ("service", "lifecycle", "hub")
        for part in ast.walk(ast.parse((ROOT / f"trafico_monitor/daemon/{module}.py").read_text()))
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)
        and part.name in ("_run", "_wire", "_wire_records", "_wire_people", "_endpoint")
    )
    taken = set(re.findall(r"\b(?:config|current)\.(\w+\.\w+)", wiring))
    taken |= {f"retention.{name}" for name in re.findall(r"\bkept\.(\w+)", wiring)}
    assert taken == NEEDS_RESTART


def test_the_defaults_are_those_of_the_shipped_file() -> None:
    documented = keys_of(page("trafico-monitor.toml.5", ""))
    shipped = re.sub(r"^#(?=[a-z_]+ = )", "", (ROOT / "packaging/config.toml").read_text(), flags=re.MULTILINE)
    tables = tomllib.loads(shipped)
    flat = {name: value for name, value in tables.items() if not isinstance(value, dict)}
    for section, table in tables.items():
        flat |= {f"{section}.{key}": value for key, value in table.items()} if isinstance(table, dict) else {}
    told = {name: tomllib.loads(f"x = {documented[name]}")["x"] for name in flat}
    assert told == flat
    assert [name for name in KEYS if "*" not in name and name not in flat] == []  # the file shows every key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_and_every_option_of_setup_and_trial_is_in_the_man_page(language: str) -> None:
    content = page("trafico-monitor.1", language)
    assert [name for name in build().commands if not re.search(rf"^\*{name}\b", content, re.MULTILINE)] == []
    for name in ("setup", "trial", "incidents"):
        options = {o for one in build().commands[name].params for o in one.opts if o[0] == "-"}
        options -= {"-h", "--help", "--config"}
        assert [option for option in sorted(options) if f"*{option}*" not in content] == []
    assert [name for name in VARIABLES if f"*{name}*" not in content] == []


@pytest.mark.parametrize("readme", ["README.md", "README.es.md"])
def test_the_readmes_show_what_is_needed_first(readme: str) -> None:
    content = (ROOT / readme).read_text()
    for command in ("setup", "check", "trial", "status", "incidents", "report"):
        assert f"trafico-monitor {command}" in content


@each("line", [line for line in LINES if calls(line)])
def test_what_the_documents_call_can_be_called_so(line: Shown) -> None:
    for words in calls(line):
        command: click.Command = build()
        while isinstance(command, click.Group) and words and words[0] in command.commands:
            command = command.commands[words.pop(0)]
        with contextlib.suppress(click.exceptions.Exit):  # --help, --version
            command.make_context(PROGRAM, words)


@each("line", [line for line in LINES if line.line.startswith("jq") and "uniq -c" in line.line])
def test_a_line_that_counts_failures_counts_each_once(line: Shown, tmp_path: Path) -> None:
    """descarga_errors.json has an object for each change of state. The mission's line counts those, and says so."""
    file = tmp_path / "descarga_errors.json"
    ids = ("A", "A", "A", "B")
    file.write_text(json.dumps([{"incidente": one, "error_type": "timeout"} for one in ids]))
    command, _, remark = line.line.partition("    # ")
    command = command.replace("/var/log/trafico-monitor/descarga_errors.json", str(file))
    counted = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, timeout=60).stdout
    changes = re.search(r"chang|cambio", remark) is not None
    assert counted.split() == ["4" if changes else "2", "timeout"]


@each("document", DOCUMENTS)
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text())
    missing = [each for each in targets if "://" not in each and not (document.parent / each).exists()]
    assert missing == []


def test_the_index_names_every_document() -> None:
    index = (ROOT / "docs/README.md").read_text()
    kinds = [
        path
        for kind in ("tutorial", "how-to", "reference", "explanation")
        for path in (ROOT / "docs" / kind).iterdir()
    ]
    assert [path.name for path in kinds if path.name not in index] == []
    decisions = (ROOT / "docs/decisions/README.md").read_text()
    assert [path.name for path in (ROOT / "docs/decisions").glob("0*.md") if path.name not in decisions] == []


@pytest.mark.parametrize("kind", ["tutorial", "how-to"])
def test_each_is_there_in_both_languages_with_the_same_commands(kind: str) -> None:
    pages = {path.name: path.read_text() for path in (ROOT / "docs" / kind).glob("*.md")}
    other = {name: re.findall(r"\*\[(?:In English|En español)\]\(([^)]+)\)\*", said) for name, said in pages.items()}
    assert {name for name, to in other.items() if len(to) != 1 or other.get(to[0]) != [name]} == set()
    for name, (twin,) in other.items():
        mine, theirs = (re.findall(r"```sh\n(.*?)```", pages[each], re.DOTALL) for each in (name, twin))
        assert mine == theirs, f"{name} and {twin} show other commands"


def test_what_make_is_asked_for_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", "\n".join(
        path.read_text() for path in (ROOT / "Makefile", *(ROOT / "packaging").glob("*.mk"))
    ), re.MULTILINE))  # fmt: skip
    asked = {
        word
        for document in DOCUMENTS
        for word in re.findall(r"(?:^|`)make ([a-z-]+)", document.read_text(), re.MULTILINE)
    }
    assert asked <= targets


def test_every_module_that_the_developers_pages_name_exists() -> None:
    """A page names a module by its path below trafico_monitor/, or below the repository."""
    pages = (ROOT / "docs/architecture.md", ROOT / "docs/alerts.md", ROOT / "docs/development/README.md")
    named = {(page.name, path) for page in pages for path in re.findall(r"`([a-z_]+/[\w/]+\.py)`", page.read_text())}
    assert len(named) > 30
    bases = (ROOT / "trafico_monitor", ROOT)
    assert [one for one in sorted(named) if not any((base / one[1]).exists() for base in bases)] == []
