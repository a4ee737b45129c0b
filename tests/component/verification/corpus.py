"""Videos of every container and encoder that is at hand, and the ways in which they arrive broken.

Each is in one of two halves: the judge was built against TUNED, and HELD_OUT was written down before
it was first run against it.
"""

from __future__ import annotations

import random
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

SECONDS = 4
_NOISE = "noise=alls=30:allf=t"  # so that a video has some size

TUNED: dict[str, str] = {
    "faststart.mp4": "-c:v libx264 -c:a aac -movflags +faststart",
    "index_last.mp4": "-c:v mpeg4 -c:a aac",
    "fragmented.mp4": "-c:v libx264 -g 15 -c:a aac -movflags frag_keyframe+empty_moov",
    "phone.mov": "-c:v libx264 -c:a pcm_s16le",
    "film.mkv": "-c:v libx264 -c:a aac",
    "film.webm": "-c:v libvpx -deadline realtime -c:a libvorbis",
    "film.avi": "-c:v mpeg4 -c:a mp3",
    "stream.ts": "-c:v libx264 -c:a aac -f mpegts",
    "disc.m2ts": "-c:v libx264 -c:a ac3 -f mpegts -mpegts_m2ts_mode 1",
    "elementary.mpg": "-c:v mpeg1video -an -f mpeg1video",
    "silent.mp4": "-c:v libx264 -an",
    "one_frame.mp4": "-c:v libx264 -an -frames:v 1",
}
HELD_OUT: dict[str, str] = {
    "hevc.mp4": "-c:v libx265 -x265-params log-level=none -tag:v hvc1 -c:a aac",
    "hevc_faststart.mov": "-c:v libx265 -x265-params log-level=none -c:a aac -movflags +faststart",
    "av1.mp4": "-c:v libsvtav1 -preset 12 -c:a aac",
    "vp9.webm": "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus",
    "live.webm": "-c:v libvpx -deadline realtime -c:a libvorbis -f webm -live 1",
    "no_cues.mkv": "-c:v mpeg4 -c:a aac -f matroska pipe:1",
    "no_index.avi": "-c:v mjpeg -c:a pcm_s16le",
    "film.flv": "-c:v flv -c:a mp3 -ar 44100",
    "film.wmv": "-c:v wmv2 -c:a wmav2",
    "phone.3gp": "-c:v h263 -s 176x144 -c:a aac",
    "film.ogv": "-c:v libtheora -c:a libvorbis",
    "film.mpg": "-c:v mpeg2video -c:a mp2 -f vob",
    "segments.mp4": "-c:v libx264 -g 30 -c:a aac -movflags dash+frag_keyframe+empty_moov+default_base_moof",
    "bare_fragments.mp4": "-c:v libx264 -g 15 -an -movflags frag_keyframe+empty_moov+skip_trailer",
    "b_frames.mp4": "-c:v libx264 -bf 3 -g 120 -c:a aac -movflags +faststart",
    "studio.mov": "-c:v prores_ks -c:a pcm_s16le -movflags +faststart",
}
# What is made of a whole one without breaking it.
DERIVED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "mid_packet.ts": ("stream.ts", lambda whole: whole[50_077:]),
    "free_tail.mp4": ("index_last.mp4", lambda whole: whole + struct.pack(">I4s", 100_008, b"free") + bytes(100_000)),
    "appended.mov": ("phone.mov", lambda whole: whole + b"camera trailer, no box at all"),
    "many_free.mp4": ("faststart.mp4", lambda whole: whole + struct.pack(">I4s", 70_000, b"skip") + bytes(69_992)),
}


def make(folder: Path) -> dict[str, Path]:
    """All whole videos, by name."""
    made: dict[str, Path] = {}
    for name, arguments in {**TUNED, **HELD_OUT}.items():
        made[name] = folder / name
        _encode(made[name], arguments.split())
    if made["no_index.avi"].exists():
        _without_index(made["no_index.avi"])
    for name, (source, derive) in DERIVED.items():
        made[name] = folder / name
        made[name].write_bytes(derive(made[source].read_bytes()))
    return made


def _encode(path: Path, arguments: list[str]) -> None:
    seed = sum(path.name.encode())
    picture = f"testsrc2=size=192x144:rate=25:duration={SECONDS},{_NOISE}:all_seed={seed},format=yuv420p"
    sound = f"sine=frequency={200 + seed % 400}:duration={SECONDS}"
    argv = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]
    if arguments[-1] == "pipe:1":  # nothing can be written at the beginning afterwards
        with path.open("wb") as stream:
            subprocess.run([*argv, *arguments], check=True, timeout=120, stdout=stream)
    else:
        subprocess.run([*argv, *arguments, str(path)], check=True, timeout=120)


def _without_index(path: Path) -> None:
    """An AVI as some recorders leave it: no idx1, and the size of the RIFF without it."""
    content = path.read_bytes()
    place = content.rindex(b"idx1")
    path.write_bytes(content[:4] + struct.pack("<I", place - 8) + content[8:place])


# The ways to break one: name of the way, content -> content (None: it does not apply).


def _cut(part: float) -> Callable[[bytes], bytes | None]:
    return lambda whole: whole[: int(len(whole) * part)]


def _zeros(start: float, stop: float) -> Callable[[bytes], bytes | None]:
    def zero(whole: bytes) -> bytes:
        first, last = int(len(whole) * start), int(len(whole) * stop)
        return whole[:first] + bytes(last - first) + whole[last:]

    return zero


def _noise(start: float, stop: float) -> Callable[[bytes], bytes | None]:
    def overwrite(whole: bytes) -> bytes:
        first, last = int(len(whole) * start), int(len(whole) * stop)
        return whole[:first] + random.Random(len(whole)).randbytes(last - first) + whole[last:]

    return overwrite


def _behind_the_index(whole: bytes) -> bytes | None:
    """A faststart file of which the index has arrived, and some KiB of video."""
    if whole[4:8] != b"ftyp" or (place := whole.find(b"moov")) < 0 or place > len(whole) // 2:
        return None
    if b"moof" in whole:
        return None
    return whole[: place - 4 + int.from_bytes(whole[place - 4 : place], "big") + 3000]


def boxes(whole: bytes) -> list[tuple[bytes, int, int]]:
    """The top-level boxes of an MPEG-4: kind, start, end."""
    found, place = [], 0
    while place + 8 <= len(whole):
        size, kind = struct.unpack_from(">I4s", whole, place)
        if size < 8:
            break
        found.append((kind, place, place + size))
        place += size
    return found


def _between_fragments(whole: bytes) -> bytes | None:
    starts = [start for kind, start, _ in boxes(whole) if kind == b"moof"]
    return whole[: starts[len(starts) // 2]] if len(starts) > 2 else None


def _fragment_missing(whole: bytes) -> bytes | None:
    starts = [start for kind, start, _ in boxes(whole) if kind == b"moof"]
    if len(starts) < 4 or boxes(whole)[-1][0] != b"mfra":
        return None
    return whole[: starts[1]] + whole[starts[2] :]


def _other_magic(whole: bytes) -> bytes:
    return b"\xde\xad\xbe\xef" * 4 + whole[16:]


BREAKS: dict[str, Callable[[bytes], bytes | None]] = {
    "cut to 1 %": _cut(0.01),
    "cut to 30 %": _cut(0.3),
    "cut to half": _cut(0.5),
    "cut to 97 %": _cut(0.97),
    "one byte short": lambda whole: whole[:-1],
    "cut behind the index": _behind_the_index,
    "cut between fragments": _between_fragments,
    "a fragment missing": _fragment_missing,
    "zeros inside": _zeros(0.4, 0.5),
    "zeros from half on": _zeros(0.5, 1.0),
    "a tail of zeros": _zeros(0.9, 1.0),
    "other bytes at the beginning": _noise(0.0, 0.02),
    "other bytes inside": _noise(0.45, 0.6),
    "wrong magic": _other_magic,
}
# What has nothing of a video, whatever it should have been.
NO_VIDEO: dict[str, bytes] = {
    "error page": b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>\n",
    "empty": b"",
    "zeros": bytes(50_000),
    "random": random.Random(1).randbytes(50_000),
    "json": b'{"ok": false, "error_code": 404, "description": "Not Found"}',
}


def broken(whole: dict[str, Path], folder: Path) -> Iterator[tuple[str, str, Path]]:
    """Each whole one in each way: its name, the way, and the file, which is there until the next."""
    path = folder / "broken"
    for name, source in whole.items():
        content = source.read_bytes()
        for way, change in BREAKS.items():
            changed = change(content)
            if changed is not None and changed != content:
                path.unlink(missing_ok=True)
                path.write_bytes(changed)
                yield name, way, path
        sparse = len(content) * 6 // 10
        path.unlink(missing_ok=True)
        shutil.copyfile(source, path)
        with path.open("r+b") as stream:
            stream.truncate(sparse)
            stream.truncate(len(content))
        yield name, "a sparse tail", path
