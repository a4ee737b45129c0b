"""The mark of a rescued file, and its name as a shell takes it."""

from __future__ import annotations

import shlex
import subprocess

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import each
from tests.examples import examples
from trafico_monitor.host.safe_open import safe_component
from trafico_monitor.model.installation import mark_of, shell_word

HOSTILE = [
    "a b.mp4", "'; rm -rf ~; '.mp4", "$(reboot).mp4", "`id`.mp4", "a\"b.mp4", "*", "~root", "-rf.mp4", "--help",
    "a  b.mp4", " lead.mp4", "a\u200bb.mp4", "a\u202eb.mp4", "שלום.mp4", "año 😀.mp4", "\\x41.mp4", "a\\",
    "!!", "$'x'.mp4", "#a",
]  # fmt: skip


def as_read(word: str) -> str:
    done = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, timeout=10, check=True)
    return done.stdout.decode()


@each("name", HOSTILE)
def test_a_shell_reads_exactly_that_name_and_it_can_be_shown(name: str) -> None:
    word = shell_word(name)
    assert as_read(word).removeprefix("_rescatados/") == name and not as_read(word).startswith("-")
    assert word.isprintable() and word == " ".join(word.split())


def test_a_plain_name_stays_as_it_is() -> None:
    assert shell_word("20251225_143020_a3f2b1.mp4") == "20251225_143020_a3f2b1.mp4"


@given(st.text(min_size=1, max_size=60).filter(safe_component))
@settings(max_examples=examples(60), deadline=None)
def test_any_name_that_a_file_can_have_here(name: str) -> None:
    word = shell_word(name)
    assert as_read(word).removeprefix("_rescatados/") == name
    assert word.startswith("$'") or shlex.split(word)[0].removeprefix("_rescatados/") == name


def test_a_mark_means_one_file_of_one_incident() -> None:
    marks = {
        mark_of(*one) for one in (("a.mp4", "T7F3K2AB"), ("a.mp4", "OTHERONE"), ("b.mp4", "T7F3K2AB"), ("a.mp4", ""))
    }
    assert len(marks) == 4 and all(len(mark) == 8 and mark.isalnum() for mark in marks)
