"""Whatever way a unit starts the project's bot, it is recognised; and what keeps a variable from it is named."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import each
from tests.examples import examples
from tests.growth import Work, assert_linear
from trafico_monitor.setup.unit_discovery import Started, commands, started

PROJECT = "/home/victor/bot"
VENV = f"{PROJECT}/.venv/bin"


@dataclass
class Written:
    """A file system that holds these scripts and modules."""

    scripts: dict[str, str] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)
    programs: tuple[str, ...] = ()

    def script(self, path: str) -> str:
        return self.scripts.get(path, "")

    def module(self, name: str) -> str:
        return self.modules.get(name, "")

    def command(self, path: str) -> bool:
        return path.startswith(f"{VENV}/") and path.rpartition("/")[2] in self.programs

    def installed(self, name: str) -> str:
        return f"{VENV}/{name}" if name in self.programs else ""


CONSOLE = f"#!{VENV}/python\nimport sys\nfrom trafico.app import main\nsys.exit(main())\n"
FILES = Written(
    scripts={
        f"{PROJECT}/run.sh": '#!/bin/sh\ncd "$(dirname "$0")"\n. .venv/bin/activate\nexec python main.py "$@"\n',
        "/usr/local/bin/start-bot": f"#!/usr/bin/env bash\ncd {PROJECT} && \\\n  exec .venv/bin/python -u main.py\n",
        f"{PROJECT}/scripts/outer": f"#!/bin/bash\nexec {PROJECT}/run.sh\n",
        f"{VENV}/trafico": CONSOLE,
        f"{VENV}/uvicorn": f"#!{VENV}/python\nfrom uvicorn.main import main\nmain()\n",
        f"{VENV}/own": f"#!{VENV}/python\nfrom main import run\nrun()\n",
        f"{PROJECT}/main.py": "#!/usr/bin/env python3\nimport bot\n",
    },
    modules={
        "main": "import x\n",
        "trafico": "from .app import main\n",
        "trafico.app": "from telegram.ext import Application\n",
        "panel": "import flask\n",
    },
    programs=("trafico", "uvicorn", "own"),
)

MAIN, BOT, OTHER = Started(True, True), Started(False, True), Started(False, False)
SHAPES = {
    # a line, the folder it is run in, what it starts
    "main.py": ("/usr/bin/python3 main.py", PROJECT, MAIN),
    "main.py by its path": (f"python3 -u {PROJECT}/main.py", "", MAIN),
    "main.py itself": (f"{PROJECT}/main.py", "", MAIN),
    "wrapper in the project": (f"{PROJECT}/run.sh", "", MAIN),
    "wrapper in the project, relative": ("/bin/sh ./run.sh", PROJECT, MAIN),
    "wrapper elsewhere": ("/usr/local/bin/start-bot --quiet", "", MAIN),
    "wrapper of a wrapper": (f"/usr/bin/env bash {PROJECT}/scripts/outer", "", MAIN),
    "module main": ("/usr/bin/python3 -m main", PROJECT, MAIN),
    "module of a bot": (f"{VENV}/python -u -m trafico.app", PROJECT, BOT),
    "module of something else": (f"{VENV}/python -m panel", PROJECT, OTHER),
    "module of nobody here": (f"{VENV}/python -m http.server", PROJECT, None),
    "console script of a bot": (f"{VENV}/trafico", PROJECT, BOT),
    "console script of main": (f"{VENV}/own", "", MAIN),
    "console script of a library": (f"{VENV}/uvicorn web:app", PROJECT, OTHER),
    "uv run main.py": ("/usr/local/bin/uv run main.py", PROJECT, MAIN),
    "uv run python": ("/usr/local/bin/uv run --frozen python main.py", PROJECT, MAIN),
    "uv run from elsewhere": (f"uv run --directory {PROJECT} main.py", "", MAIN),
    "uv run of a console script": ("/usr/local/bin/uv run --frozen trafico", PROJECT, BOT),
    "uv run -m": ("/usr/local/bin/uv run -m trafico.app", PROJECT, BOT),
    "poetry": ("/usr/bin/poetry run python main.py", PROJECT, MAIN),
    "bash -c": (f"/bin/bash -c cd {PROJECT} && exec .venv/bin/python main.py", "", MAIN),
    "a variable": (f"/bin/sh -c DIR={PROJECT} ; cd $DIR && exec python main.py", "/", MAIN),
    "bash -lc, quoted": (f"/bin/bash -lc 'source x; cd {PROJECT}; python main.py'", "", MAIN),
    "another project": ("/usr/bin/python3 main.py", "/home/ana/bot", None),
    "another, whose name begins so": (f"/usr/bin/python3 {PROJECT}2/main.py", f"{PROJECT}2", None),
    "another, which is told of it": (
        f"/usr/bin/python3 main.py --peer={PROJECT} {PROJECT}/modelos",
        "/home/ana/bot",
        None,
    ),
    "another program": ("/usr/bin/python3 other.py", PROJECT, None),
    "a mere mention": (f"/usr/bin/tar -cf /backup.tar {PROJECT}", "", None),
}


@each(("line", "folder", "what"), SHAPES.values())
def test_what_a_command_line_starts_of_the_project(line: str, folder: str, what: Started | None) -> None:
    assert started(line, folder, PROJECT, FILES) == what


OBSTACLES = {
    "isolated": ("/usr/bin/python3 -I main.py", "isolated"),
    "isolated, among others": ("/usr/bin/python3 -uE main.py", "isolated"),
    "without site": ("/usr/bin/python3 -B -S main.py", "isolated"),
    "not isolated": ("/usr/bin/python3 -u -s main.py", ""),
    "an option of the program": ("/usr/bin/python3 main.py -I", ""),
    "env -i": ("/usr/bin/env -i PATH=/usr/bin python3 main.py", "cleared"),
    "env": ("/usr/bin/env LANG=C python3 main.py", ""),
    "sudo": ("/usr/bin/sudo -E -u victor python3 main.py", "user"),
    "su with a login": (f"/bin/su - victor -c cd {PROJECT} && python main.py", "user"),
    "su without": ("/bin/su victor -c python3 main.py", ""),
    "container": (f"/usr/bin/docker run -v {PROJECT}:/app bot python main.py", "container"),
    "a container beside": (f"/bin/sh -c cd {PROJECT}; docker start telegram-bot-api; exec python main.py", ""),
    "sudo beside": ("/bin/sh -c sudo chown -R victor modelos; exec python main.py", ""),
    "PYTHONPATH": ("/usr/bin/env PYTHONPATH=src python3 main.py", "overwritten"),
    "PYTHONPATH, kept": ("/bin/sh -c PYTHONPATH=src:$PYTHONPATH python3 main.py", ""),
    "PYTHONPATH, unset": ("/bin/sh -c unset PYTHONPATH; python3 main.py", "overwritten"),
    "mended on the way": ("/usr/bin/sudo -u victor trafico-monitor instrument -- python3 main.py", ""),
    "not mended behind it": ("trafico-monitor instrument -- sudo -u victor python3 main.py", "user"),
}


@each(("line", "obstacle"), OBSTACLES.values())
def test_what_keeps_a_variable_from_the_program_is_named(line: str, obstacle: str) -> None:
    found = started(line, PROJECT, PROJECT, FILES)
    assert found is not None and found.main
    assert found.obstacles == ((obstacle,) if obstacle else ())
    assert found.instrumented is ("trafico-monitor" in line)


@pytest.mark.parametrize(
    ("text", "obstacle"),
    [
        ("exec sudo -u victor python main.py", "user"),
        ("# docker run bot\nexec python main.py", ""),
        ("export PYTHONPATH=/x\nexec python main.py", "overwritten"),
        ('export PYTHONPATH="/x:${PYTHONPATH}"\nexec python main.py', ""),
        ("exec env -i python main.py", "cleared"),
        ("exec python -I main.py", "isolated"),
    ],
)
def test_a_wrapper_keeps_it_too(text: str, obstacle: str) -> None:
    files = Written(scripts={f"{PROJECT}/run": f"#!/bin/sh\ncd {PROJECT}\n{text}\n"})
    found = started(f"{PROJECT}/run", "", PROJECT, files)
    assert found is not None
    assert found.obstacles == ((obstacle,) if obstacle else ())


def test_a_program_that_starts_by_its_own_first_line_is_isolated_by_it() -> None:
    files = Written(scripts={f"{PROJECT}/main.py": "#!/usr/bin/python3 -I\n"})
    assert started(f"{PROJECT}/main.py", "", PROJECT, files) == Started(True, True, ("isolated",))
    assert started(f"python {PROJECT}/main.py", "", PROJECT, files) == MAIN


def test_the_words_of_a_script_s_commands() -> None:
    found = list(commands("#!/bin/sh\n# no\na 'b' && c\nsu - ana -c \"d; e\"\n"))
    assert found == [["#!/bin/sh"], ["a", "b"], ["c"], ["su", "-", "ana", "-c", "d"], ["su", "-", "ana", "-c", "e"]]


@pytest.mark.parametrize(
    "text",
    ["unset ", "-c sh ", "uv run x ", "-m python ", "\n", "a;", 'PYTHONPATH="', "/x/y "],
)
def test_a_script_of_any_length_is_read_in_time(text: str) -> None:
    def work(size: int) -> Work:
        said = (text * size)[:size]
        files = Written(scripts={f"{PROJECT}/run": f"#!/bin/sh\n{said}\n"}, modules={"x": "\n" * size})

        def run() -> None:
            started(f"/bin/sh {PROJECT}/run", PROJECT, PROJECT, files)
            started(f"/usr/bin/python3 -m x {said}", PROJECT, PROJECT, files)

        return run

    assert_linear(work, 15_000, 60_000)


PIECES = st.sampled_from(
    [*" ;&|\n\"'()$#=-/", "\\\n", "main.py", "python", "-m", "-c", "sh", "su", "sudo", "uv", "run", "env", "-i",
     PROJECT, "./a", "#!/bin/sh\n", "PYTHONPATH=", "cd ", "trafico-monitor instrument ", "\x85", "\ud800", "x"]
)  # fmt: skip


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join), st.sampled_from(["", "/", PROJECT]))
def test_any_text_has_an_answer(text: str, folder: str) -> None:
    files = Written(scripts={f"{PROJECT}/a": f"#!/bin/sh\n{text}"}, modules={"x": text})
    found = started(text, folder, PROJECT, files)
    assert found is None or not found.main or "main" in text


@pytest.mark.parametrize(
    ("line", "output"),
    [
        ("/bin/bash -c {v}/python main.py 2>&1 | tee -a bot.log", "| tee"),
        ("/bin/sh -c exec {v}/python main.py >> /var/log/bot.log 2>&1", ">> /var/log/bot.log"),
        ("/bin/sh -c {v}/python main.py |& logger -t bot", "|& logger"),
        ("/srv/piped.sh", "| tee"),
        ("/bin/sh -c {v}/python main.py || sleep 5", ""),
        ("/bin/sh -c echo begin | logger; exec {v}/python main.py > /dev/stdout 2>&1", ""),
        ("{v}/python main.py", ""),
        ("/srv/plain.sh", ""),
    ],
)
def test_an_output_that_leaves_the_unit_is_named(line: str, output: str) -> None:
    inner = f"{VENV}/python {PROJECT}/main.py"
    scripts = {
        "/srv/piped.sh": f"#!/bin/sh\ncd {PROJECT}\n{inner} 2>&1 \\\n  | tee -a bot.log\n",
        "/srv/plain.sh": f"#!/bin/sh\ncat a | tee b\ncd {PROJECT}\nexec {inner}\n",
    }
    found = started(line.format(v=VENV), PROJECT, PROJECT, Written(scripts=scripts))
    assert found is not None and found.main
    assert found.output == output
