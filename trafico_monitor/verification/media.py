"""Is a file a whole video? Asked of the container's structure, not of its name.

MediaInfo walks the structure of mp4, mov, mkv, webm and avi and says when it ends too early:
of 20 cuts of each it found all 20 (23.04 of Debian 12 and 25.04 of Debian 13). ffprobe accepts
19 of 20 cut faststart mp4s, python3-mutagen the same, so neither can prove a file by itself.
None of them sees a tail of zeros (what a preallocated, broken-off download leaves): `_zero_tail`.
MediaInfo runs as a program of its own: a C++ parser of strangers' files, and 15 MB, do not
belong into the monitor's process. It is shown nothing but files that begin like a video: of a
playlist (HLS, DASH) it would open what is listed, from this machine or by HTTP.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from ..host.process import run
from ..host.thread import call

_SECONDS = 30.0
# file_1.mp4, file_2.mp4 … are not one film, as MediaInfo would have it by default.
_ALONE = ("--File_TestContinuousFileNames=0", "--File_TestDirectory=0")
_REPORT = "--Output=General;%FileSize%|%Format%|%Video_Format_List%|%Duration%|%IsTruncated%"
_ABSENT = 127
_TAIL = 64 * 1024  # larger than the padding that muxers put at the end
# The demuxer is fixed by the signature: ffprobe must not take a stranger's file for a playlist
# and open what it lists.
_DEMUXERS = {"MPEG-4": "mov", "Matroska": "matroska", "WebM": "matroska", "AVI": "avi", "MPEG-TS": "mpegts"}
_BOXES = frozenset({b"ftyp", b"styp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"})
_SIGNATURES = (b"\x1aE\xdf\xa3", b"FLV\x01", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", b"\0\0\x01\xba")  # mkv flv asf ps
_TS_PACKET = 188
_STRUCTURED = frozenset({"MPEG-4", "Matroska", "WebM", "AVI"})


@dataclass(frozen=True, slots=True)
class Media:
    """`whole` is None when the file could not be looked at: that is no proof of anything.

    `seen` is what it is in the words of the tools; `reason` a code when not whole; `end_seen` is
    False for a container that does not say where it ends (a size has to prove it then)."""

    whole: bool | None
    seen: str = ""
    reason: str = ""
    end_seen: bool = True


async def check_media(path: Path) -> Media:
    """Given a path, look at the file there. Every step has a deadline; nothing is written."""
    try:
        trouble = await call(lambda: _look(path), seconds=_SECONDS, name="media")
    except (OSError, TimeoutError) as error:
        reason = "unreadable" if isinstance(error, PermissionError) else "cannot_look"
        return Media(None, "", "nothing_there" if isinstance(error, FileNotFoundError) else reason)
    if trouble:
        return Media(False, "", trouble)
    # By its name alone: a folder of the Bot API server is named by a token.
    report = await run(("mediainfo", *_ALONE, _REPORT, f"./{path.name}"), seconds=_SECONDS, folder=path.parent)
    if report.code == _ABSENT:
        return Media(None, "", "no_mediainfo")
    size, found, rest = report.output.partition("|")
    if not (report.ok and found and size):  # it did not open the file, and says so by saying nothing
        return Media(None, "", "cannot_look")
    return await _judge(path, rest)


async def _judge(path: Path, report: str) -> Media:
    # A name with a line break cannot shift the fields: MediaInfo prints none of it here.
    container, codecs, milliseconds, truncated = (report.split("|") + [""] * 4)[:4]
    if not container or not codecs:
        return Media(False, container, "media_no_video")
    seen = " ".join(filter(None, (container, codecs, _seconds(milliseconds))))
    if truncated:
        return Media(False, seen, "media_truncated")
    if container in _DEMUXERS and not await _opens(path, _DEMUXERS[container]):
        return Media(False, seen, "media_damaged")
    return Media(True, seen, end_seen=container in _STRUCTURED)


async def _opens(path: Path, demuxer: str) -> bool:
    """ffprobe's second opinion, when it is installed; it can only say no."""
    argv = ("ffprobe", "-v", "error", "-f", demuxer, "-protocol_whitelist", "file", "-select_streams", "v:0")
    wanted = ("-show_entries", "stream=codec_type", "-of", "csv=p=0", f"file:./{path.name}")
    answer = await run((*argv, *wanted), seconds=_SECONDS, folder=path.parent)
    if answer.code in (_ABSENT, None):
        return True
    return answer.ok and "video" in answer.output


def _look(path: Path) -> str:
    """The code of what is wrong at first sight, "" when nothing is."""
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        seen = os.fstat(file)
        if not stat.S_ISREG(seen.st_mode):
            return "not_a_file"
        if seen.st_size == 0:
            return "media_empty"
        if not _begins_like_a_video(os.pread(file, _TS_PACKET + 1, 0)):
            return "media_no_video"
        return "media_zero_tail" if _zero_tail(file, seen.st_size) else ""
    finally:
        os.close(file)


def _begins_like_a_video(head: bytes) -> bool:
    if head[4:8] in _BOXES or head.startswith(_SIGNATURES):
        return True
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return True
    return head[:1] == head[_TS_PACKET:] == b"G"


def _zero_tail(file: int, size: int) -> bool:
    length = min(_TAIL, size // 2)
    return length > 0 and not any(os.pread(file, length, size - length))


def _seconds(milliseconds: str) -> str:
    try:
        return f"{float(milliseconds) / 1000:.1f} s"
    except ValueError:
        return ""
