"""Paths as they come, and how wide a directory may be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import each
from trafico_monitor.host.redact import redact
from trafico_monitor.privileged import chown

TOKEN = b"1234567890:AAExampleExampleExampleExampleExampl"
HOMES = [(b"home", b"victor"), (b"data", b"people", b"ana"), (b"root",)]


@each(
    "path",
    [
        b"",
        b"x/y",
        b"/",
        b"//srv/x",
        b"/srv//x",
        b"/srv/./x",
        b"/srv/../etc/shadow",
        b"/srv/x/",
        b"/srv/x/..",
        b"/" + b"a/" * 70 + b"b",
        b"/" + b"a" * 5000,
        b"/srv/a\0b",
    ],
)
def test_a_path_that_is_not_written_plainly_is_refused(path: bytes) -> None:
    with pytest.raises(chown.Stop) as stopped:
        chown.components(path)
    assert (stopped.value.status, stopped.value.code) == (chown.REFUSED, "path_strange")


def test_a_plain_path_is_taken_apart() -> None:
    assert chown.components(b"/srv/x y/\xff.mp4") == (b"srv", b"x y", b"\xff.mp4")


BROAD = (
    "srv etc/trafico usr/share/x boot/x proc/1 sys/x dev/shm run/user/1000 root/modelos home home/victor"
    " home/otro data/people data/people/ana var/lib var/log/x var/spool/cron var/lib/dpkg var/lib/docker"
    " var/lib/trafico-monitor var/lib/trafico-monitor/x var/lib/docker/volumes var/lib/docker/volumes/x"
    " var/lib/docker/overlay2/x/diff var/lib/systemd/x home/victor/.ssh home/victor/p/.gnupg lib/x tmp"
)
NARROW = (
    "srv/modelos srv/x/modelos home/victor/.telegram-bot-api home/victor/100-trafico/100trafico/modelos"
    " var/lib/telegram-bot-api var/lib/docker/volumes/x/_data opt/trafico/modelos data/people/ana/x"
    " var/www/x mnt/disco/modelos"
)


@each("path", BROAD.split())
def test_a_directory_that_holds_more_than_videos_is_too_broad(path: str) -> None:
    assert chown.too_broad(tuple(path.encode().split(b"/")), HOMES)


@each("path", NARROW.split())
def test_a_directory_of_videos_is_not(path: str) -> None:
    assert not chown.too_broad(tuple(path.encode().split(b"/")), HOMES)


@given(st.binary(max_size=300))
def test_whatever_is_shown_is_one_printable_line(data: bytes) -> None:
    assert chown.shown(data).isprintable()


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_no_token_is_shown(before: bytes, after: bytes) -> None:
    assert TOKEN[:16].decode() not in chown.shown(before + b"/" + TOKEN + b"/" + after)


@given(st.text(max_size=200))
def test_both_redactions_agree(text: str) -> None:
    """This file must stand alone, so it has its own copy of the pattern."""
    shape = f"/x/{TOKEN.decode()}/{text}"
    assert chown._TOKEN.sub(b"<TOKEN>", shape.encode("utf-8", "replace")) == redact(shape).encode("utf-8", "replace")
