"""A corpus is one test that names every offender, and a test that leaves something behind fails."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.cases import Offenders, each
from trafico_monitor.host.redact import redact_raw, remember

ROOT = Path(__file__).resolve().parents[2]


def test_every_offender_is_named_and_the_rest_is_still_read() -> None:
    read: list[tuple[int, str]] = []

    @each("number", [1, 2, 3])
    @each(("word", "length"), [("a", 1), ("bc", 3)])
    def test(number: int, word: str, length: int) -> None:
        read.append((number, word))
        assert len(word) == length and number < 3

    with pytest.raises(Offenders) as raised:
        test()
    assert read == [(number, word) for number in (1, 2, 3) for word in ("a", "bc")]
    assert [case for case, _ in raised.value.failed] == [
        "number=1, word='bc', length=3", "number=2, word='bc', length=3",
        "number=3, word='a', length=1", "number=3, word='bc', length=3",
    ]  # fmt: skip
    assert "4 of 6 cases fail" in str(raised.value) and all(
        case in str(raised.value) for case, _ in raised.value.failed
    )


def test_an_end_of_any_kind_is_an_offender(tmp_path: Path) -> None:
    @each("fault", [SystemExit(2), KeyError("x"), AssertionError("y")])
    def test(fault: BaseException, tmp_path: Path) -> None:
        raise fault

    with pytest.raises(Offenders) as raised:
        test(tmp_path=tmp_path)
    assert len(raised.value.failed) == 3


def test_only_the_fixtures_are_asked_of_pytest() -> None:
    @each("line", ["a"])
    def test(line: str, tmp_path: Path) -> None: ...

    assert list(inspect.signature(test).parameters) == ["tmp_path"]


def test_what_one_case_makes_known_is_not_the_next_ones() -> None:
    @each("known", [True, False])
    def test(known: bool) -> None:
        if known:
            remember(["correct horse battery"])
        assert ("horse" in redact_raw("correct horse battery")) is not known

    test()


LEAVING = """
import asyncio, os, subprocess, threading
import pytest

async def test_task():
    asyncio.create_task(asyncio.sleep(100))

def test_task_of_a_run():
    async def main():
        asyncio.create_task(asyncio.sleep(100))
    asyncio.run(main())

def test_thread():
    threading.Thread(target=threading.Event().wait, name="waiting", daemon=True).start()

def test_descriptor():
    os.open("/dev/null", os.O_RDONLY)

def test_child():
    KEPT.append(subprocess.Popen(["sleep", "5"]))

KEPT = []

@pytest.fixture(scope="module")
def pipe():
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)

@pytest.fixture
def late(request):
    return request.getfixturevalue("pipe")

async def test_nothing(late):
    await asyncio.to_thread(len, late)

def test_what_a_wider_scope_holds(pipe):
    with open("/dev/null"):
        subprocess.run(["true"], check=True)
"""


def test_what_a_test_leaves_behind_fails_it(tmp_path: Path) -> None:
    inner = tmp_path / "tests" / "unit"
    inner.mkdir(parents=True)
    (inner / "test_leaving.py").write_text(textwrap.dedent(LEAVING))
    for name in ("__init__.py", "cases.py", "conftest.py", "examples.py", "leftovers.py"):
        (tmp_path / "tests" / name).write_text((ROOT / "tests" / name).read_text())
    leftovers = tmp_path / "tests" / "leftovers.py"
    leftovers.write_text(leftovers.read_text().replace("GRACE_SECONDS = 15.0", "GRACE_SECONDS = 0.1"))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-c",
        ROOT / "pyproject.toml",
        "--rootdir",
        tmp_path,
        "--tb=line",
        "-rA",
    ]
    command += ["-o", f"pythonpath={tmp_path} {ROOT}", inner]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, env=environment)
    lines = done.stdout.splitlines()
    failed = {line.split("::")[1].split(" ")[0] for line in lines if line.startswith("ERROR ")}
    assert failed == {"test_task", "test_task_of_a_run", "test_thread", "test_descriptor", "test_child"}, done.stdout
    told = [line for line in lines if line.startswith("left behind")]
    for what in ("task <Task", "thread waiting", "of /dev/null", "child process"):
        assert [line for line in told if what in line], done.stdout
