"""Small real videos for the demo and the tests, and the ways in which they arrive broken.

Files are made once and kept in the given directory; the same arguments give the same bytes on
one machine (single thread, bit-exact muxing).
"""

from __future__ import annotations

import subprocess
from pathlib import Path

FFMPEG_DEADLINE = 60.0  # seconds


def video(directory: Path, *, seed: int = 1, seconds: int = 4) -> Path:
    """A valid mp4 of about 0.5 MB a second; another `seed` gives another content."""
    path = directory / f"video_{seed}_{seconds}s.mp4"
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".part.mp4")
        _ffmpeg(seed, seconds, temporary)
        temporary.replace(path)
    return path


def _ffmpeg(seed: int, seconds: int, path: Path) -> None:
    picture = f"testsrc2=size=480x270:rate=25:duration={seconds},noise=all_seed={seed}:alls=40"
    sound = f"sine=frequency={220 + 20 * seed}:duration={seconds}"
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-y", "-threads", "1"]
    command += ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]
    command += ["-c:v", "mpeg4", "-b:v", "4M", "-c:a", "aac", "-map_metadata", "-1"]
    command += ["-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact", str(path)]
    subprocess.run(command, check=True, timeout=FFMPEG_DEADLINE, stdin=subprocess.DEVNULL)


def truncated(source: Path, keep: int | None = None) -> Path:
    """The first `keep` bytes (default: half): the index at the end (moov) is gone."""
    content = source.read_bytes()
    return _variant(source, "truncated", content[: len(content) // 2 if keep is None else keep])


def damaged(source: Path) -> Path:
    """The same size, and no player opens it: the index is overwritten."""
    content = source.read_bytes()
    start = content.rindex(b"moov")
    return _variant(source, "damaged", content[:start] + b"\xff" * (len(content) - start))


def _variant(source: Path, name: str, content: bytes) -> Path:
    path = source.with_name(f"{source.stem}_{name}_{len(content)}.mp4")
    path.write_bytes(content)
    return path


def is_whole(path: Path) -> bool:
    """ffprobe opens it and knows how long it plays. (What it prints besides is no measure: its
    libraries complain of other things on a minimal machine.)"""
    command = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(path)]
    probe = subprocess.run(command, check=False, capture_output=True, timeout=FFMPEG_DEADLINE)
    return probe.returncode == 0 and bool(probe.stdout.strip())
