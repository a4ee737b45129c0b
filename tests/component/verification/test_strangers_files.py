"""A stranger's file makes the judge open no other file, run no longer than its deadline, and raise nothing."""

from __future__ import annotations

import asyncio
import os
import random
import re
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trafico_monitor.model.task import Answer
from trafico_monitor.verification import containers
from trafico_monitor.verification.media import check_media
from trafico_monitor.verification.structure import Extent, Reader, suspicion

JUDGE = """
import asyncio, sys
from pathlib import Path
from trafico_monitor.host import subprocesses
from trafico_monitor.verification.media import check_media
if sys.argv[2] == "open":
    subprocesses._confine = lambda file: False
print(asyncio.run(check_media(Path(sys.argv[1]))).answer.value)
"""
# What the kernel and the programs themselves need.
OWN = re.compile(
    r"/(usr|lib|lib64|proc/self|dev/(null|urandom|random)|sys/devices/system|etc/ld\.so|proc/sys|proc/cpuinfo)"
)


def opened_for(path: Path, *, confined: bool, kill_after: float = 60.0) -> tuple[str, set[str]]:
    """The answer, and what was opened that is neither the file nor the system's."""
    log = path.with_name("strace")
    argv = [
        "strace",
        "-f",
        "-qq",
        "-e",
        "trace=open,openat,openat2,connect,stat,readlink",
        "-s",
        "400",
        "-o",
        str(log),
    ]
    argv += [sys.executable, "-c", JUDGE, str(path), "confined" if confined else "open"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=kill_after, cwd=Path(__file__).parents[3])
    assert done.returncode == 0, done.stderr
    calls = re.findall(r'(?:open|openat|openat2)\([^"]*"([^"]+)"', log.read_text(errors="replace"))
    calls += re.findall(r"(connect\(.*)", log.read_text(errors="replace"))
    assert path.name in calls  # strace saw what it was to see: the file itself, from its folder
    return done.stdout.strip(), {each for each in calls if not OWN.match(each)}


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def with_reference(whole: bytes, entry: bytes) -> bytes:
    """The MPEG-4 `whole`, of which each track's data are said to be in another file."""
    own = box(b"dref", struct.pack(">II", 0, 1) + box(b"url ", b"\0\0\0\1"))
    entries = struct.pack(">II", 0, 1) + entry
    # The box grows: all that hold it do, too. The index lies last, so that no sample moves.
    return _grown(whole, own, box(b"dref", entries))


def _grown(data: bytes, old: bytes, new: bytes) -> bytes:
    result, place = b"", 0
    while place + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, place)
        body = data[place + 8 : place + size]
        if kind == b"dref":
            body = new[8:]
        elif kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):
            body = _grown(body, old, new)
        result += box(kind, body)
        place += size
    return result


def alias(path: str) -> bytes:
    """A Macintosh alias record with an absolute POSIX path (tag 18), as ffmpeg and MediaInfo read it."""
    name = path.encode()
    record = bytearray(150)
    record[4:6], record[6:8] = struct.pack(">H", 150 + 4 + len(name) + 4), struct.pack(">H", 2)
    record[50] = min(len(Path(path).name), 63)
    record[51 : 51 + record[50]] = Path(path).name.encode()[:63]
    tag = struct.pack(">HH", 18, len(name)) + name + (b"\0" if len(name) % 2 else b"")
    tag2 = struct.pack(">HH", 2, len(name)) + name + (b"\0" if len(name) % 2 else b"")
    return box(b"alis", b"\0\0\0\0" + bytes(record) + tag2 + tag + struct.pack(">hH", -1, 0))


@pytest.fixture
def secret(tmp_path: Path, films: dict[str, Path]) -> Path:
    (tmp_path / "elsewhere").mkdir()
    path = tmp_path / "elsewhere" / "secret.mp4"
    path.write_bytes(films["faststart.mp4"].read_bytes())
    return path


def references(films: dict[str, Path], secret: Path) -> dict[str, bytes]:
    whole = films["index_last.mp4"].read_bytes()
    climbing = f"/proc/self/fd/../../../../../../..{secret}"
    url = b"\0\0\0\0"
    return {
        "alias": with_reference(whole, alias(str(secret))),
        "alias through /proc": with_reference(whole, alias(climbing)),
        "url": with_reference(whole, box(b"url ", url + f"file://{secret}".encode() + b"\0")),
        "web": with_reference(whole, box(b"url ", url + b"http://127.0.0.1:9/x.mp4\0")),
        "second reference": with_reference(whole, box(b"url ", b"\0\0\0\1") + alias(str(secret)))[:],
        "playlist": f"#EXTM3U\n#EXTINF:6,\n{secret}\n#EXT-X-ENDLIST\n".encode(),
        "padded playlist": b"#EXTM3U\n" + b"\0" * 16 + f"#EXTINF:6,\nfile://{secret}\n#EXT-X-ENDLIST\n".encode(),
        "concat": f"ffconcat version 1.0\nfile {secret}\n".encode(),
        "dash": f'<?xml version="1.0"?><MPD type="static"><Period><AdaptationSet><Representation id="1"><BaseURL>'
        f"{secret}</BaseURL></Representation></AdaptationSet></Period></MPD>".encode(),
        "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n",
        "reference movie": box(b"ftyp", b"qt  \0\0\0\0")
        + box(b"moov", box(b"rmra", box(b"rmda", box(b"rdrf", url + b"url " + struct.pack(">I", 8) + b"file:///x")))),
        "behind a playlist": f"#EXTM3U\n#EXTINF:6,\n{secret}\n".encode() + films["stream.ts"].read_bytes(),
    }


@pytest.mark.slow
@pytest.mark.parametrize("confined", [True, False])
async def test_no_file_makes_the_judge_open_another(
    confined: bool, films: dict[str, Path], secret: Path, tmp_path: Path
) -> None:
    """1.0.0: `openat("…/secret.mp4")` for an alias. Also where the kernel does not hold the programs back."""
    found = {}
    for what, content in references(films, secret).items():
        (tmp_path / "video.mp4").write_bytes(content)
        answer, opened = opened_for(tmp_path / "video.mp4", confined=confined)
        foreign = {each for each in opened if "secret" in each or "connect(" in each or "elsewhere" in each}
        if foreign or answer == "whole":
            found[what] = (answer, foreign)
    assert found == {}


async def test_external_data_are_shown_to_no_program(films: dict[str, Path], secret: Path, tmp_path: Path) -> None:
    for what in ("alias", "url", "web", "reference movie", "second reference"):
        path = tmp_path / "video.mp4"
        path.write_bytes(references(films, secret)[what])
        for size in (None, path.stat().st_size):
            media = await check_media(path, size)
            assert (what, media.answer, media.reason) == (what, Answer.CANNOT_TELL, "media_external")
        log = opened_for(path, confined=False)[1]
        assert not any("/proc/self/fd" in each for each in log)


@pytest.mark.parametrize("kind", ["fifo", "device", "folder", "link to a fifo", "socket"])
async def test_what_is_no_regular_file_holds_nobody_up(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "device":
        path = Path("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(path))
    else:
        os.mkfifo(tmp_path / "fifo")
        path.symlink_to(tmp_path / "fifo")
    async with asyncio.timeout(5):
        media = await check_media(path)
    assert (media.answer, media.reason) == (Answer.CANNOT_TELL, "not_a_file")


async def test_an_alias_to_a_fifo_holds_nobody_up(films: dict[str, Path], tmp_path: Path) -> None:
    """1.0.0: 30 s at each look."""
    os.mkfifo(tmp_path / "fifo")
    whole = films["index_last.mp4"].read_bytes()
    (tmp_path / "video.mp4").write_bytes(with_reference(whole, alias(str(tmp_path / "fifo"))))
    async with asyncio.timeout(10):
        assert (await check_media(tmp_path / "video.mp4")).answer is Answer.CANNOT_TELL


# The parsers in our own process.

PARSED = [
    *("faststart.mp4", "fragmented.mp4", "segments.mp4", "film.mkv", "live.webm"),
    *("film.avi", "film.flv", "film.wmv", "film.ogv", "stream.ts"),
]


def parse(path: Path) -> Extent:
    with path.open("rb") as file:
        structure = containers.read_structure(Reader(file.fileno()))
        suspicion(file.fileno(), structure)
        return structure.extent


@pytest.mark.slow
@pytest.mark.parametrize("name", PARSED)
def test_no_bytes_make_a_parser_raise_or_hang(name: str, films: dict[str, Path], tmp_path: Path) -> None:
    """Flipped, cut, doubled and overwritten, most of it where the index is."""
    content, path, dice = films[name].read_bytes(), tmp_path / "fuzzed", random.Random(name)
    index = max(content.find(b"moov"), 0)
    begun, slowest = time.monotonic(), 0.0
    for _ in range(400):
        changed = bytearray(content)
        for _ in range(dice.choice((1, 2, 8, 60))):
            place = min(index + int(dice.expovariate(1 / 800)), len(changed) - 9)
            width = dice.choice((1, 4, 8))
            changed[place : place + width] = dice.choice(
                (dice.randbytes(width), b"\xff" * width, bytes(width), (1).to_bytes(width, "big"))
            )
        if dice.random() < 0.3:
            del changed[dice.randrange(len(changed)) :]
        path.write_bytes(changed)
        once = time.monotonic()
        parse(path)
        slowest = max(slowest, time.monotonic() - once)
        if time.monotonic() - begun > 60:
            break
    assert slowest < 10.0


def _track(sample_table: bytes) -> bytes:
    media = box(b"mdhd", bytes(12) + struct.pack(">II", 1000, 1000) + bytes(4))
    media += box(b"hdlr", bytes(8) + b"vide" + bytes(13))
    media += box(
        b"minf", box(b"dinf", box(b"dref", struct.pack(">II", 0, 1) + box(b"url ", b"\0\0\0\1"))) + sample_table
    )
    return box(b"trak", box(b"tkhd", bytes(84)) + box(b"mdia", media))


def _table(count: int, chunks: int, fixed: int = 0) -> bytes:
    """Tables of so many entries by their own word; three million at most are there."""
    sizes = b"" if fixed else struct.pack(">I", 1) * min(count, 3_000_000)
    return box(
        b"stbl",
        box(b"stsd", struct.pack(">II", 0, 1) + box(b"mp4v", bytes(78)))
        + box(b"stsz", struct.pack(">III", 0, fixed, count) + sizes)
        + box(b"stco", struct.pack(">II", 0, chunks) + struct.pack(">I", 40) * min(chunks, 3_000_000))
        + box(b"stsc", struct.pack(">IIIII", 0, 1, 1, 1, 1)),
    )


HOSTILE = {
    "nested moov": b"".join(struct.pack(">I4s", 8 * (100_000 - n), b"moov") for n in range(100_000)),
    "nested trak": box(b"moov", b"".join(struct.pack(">I4s", 8 * (50_000 - n), b"trak") for n in range(50_000))),
    "a million boxes": struct.pack(">I4s", 8, b"free") * 1_000_000,
    "a million fragments": box(b"moov", box(b"mvex", b"")) + box(b"moof", box(b"mfhd", bytes(8))) * 500_000,
    "boxes of no size": struct.pack(">I4s", 0, b"moov") * 1000,
    "negative size": struct.pack(">I4sQ", 1, b"moov", (1 << 64) - 1) + bytes(100),
    "more samples than bytes": box(b"moov", _track(_table(0xFFFFFFFF, 1, fixed=1))),
    "more chunks than bytes": box(b"moov", _track(_table(10, 0xFFFFFFFF))),
    "many samples": box(b"moov", _track(_table(3_000_000, 3_000_000))),
    "many tracks": box(b"moov", _track(_table(100_000, 100_000)) * 100),
    "EBML without an end": b"\x1aE\xdf\xa3\x80" + b"\x18\x53\x80\x67\xff" + b"\xec\x80" * 500_000,
    "RIFFs of nothing": b"RIFF\4\0\0\0AVI " * 100_000,
    "chunks of nothing": b"RIFF\xf0\xff\xff\x00AVI " + b"LIST\0\0\0\0movi" * 900_000,
    "pages of nothing": b"OggS" * 250_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_index_is_read_in_bounded_time_and_memory(what: str, tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    head = b"" if HOSTILE[what][:4] in (b"RIFF", b"OggS", b"\x1aE\xdf\xa3") else box(b"ftyp", b"isom\0\0\0\0")
    path.write_bytes(head + HOSTILE[what])
    begun = time.process_time()
    parse(path)
    assert time.process_time() - begun < 8.0
