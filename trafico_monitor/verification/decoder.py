"""Second judge: decodes the content with ffprobe.

ffprobe receives the open file under a neutral name (the real one may contain the bot's token, and process arguments
are public), the single protocol `file`, the demuxer given by the signature, and none that opens listed files: no
playlist, no external track. Without ffprobe, MediaInfo reads the structure instead. MediaInfo follows references of
MPEG-4: it runs only if the kernel prevents it from opening other files, or on a file without references.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..host.subprocesses import run_confined
from ..host.untrusted_json import parse
from .structure import Structure

_ABSENT = 127
_SECONDS = 30.0
_MOST = 8 * 1024 * 1024  # bytes of a report: some ten thousand packets
_ALLOCATION = "268435456"  # bytes in one piece of the decoder's memory
_THROUGHOUT = 30.0  # seconds
_BEGINNING = "%+#1000"  # packets, where nothing says where the end is
# Asked where no signature is known. A picture or a sound is no video, and not broken either.
_DEMUXERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,live_flv,kux,asf,asf_o,ogg,mpegts,mpeg,mpegvideo,m4v,h261,h263,h264,"
    "hevc,vvc,obu,av1,ivf,nut,mxf,gxf,rm,dv,yuv4mpegpipe,nuv,wtv,dirac,vc1,vc1test,swf,mjpeg,smjpeg,cavsvideo,avs2,avs3,"
    "bink,smk,roq,4xm,film_cpk,thp,pva,pmp,nsv,vivo,ivr,ifv,dxa,mvi,lxf,gdv,mtv,mv,iv8,dhav,gif,apng,jpeg_pipe,png_pipe,"
    "webp_pipe,bmp_pipe,mp3,aac,ac3,eac3,dts,flac,wav,w64,aiff,caf,amr,ape,au,tta,wv"
)
_SHOWN = (
    "format=start_time,format_name:stream=codec_type,codec_name:frame=media_type"
    ":packet=pts_time,dts_time,duration_time,pos,size"
)
# MediaInfo takes file_1.mp4, file_2.mp4 … for one film by default.
_MEDIAINFO = ("mediainfo", "--File_TestContinuousFileNames=0", "--File_TestDirectory=0")
_REPORT = "--Output=General;%FileSize%|%Format%|%Video_Format_List%|%IsTruncated%"
_REFERENCE = b"dref"
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Decoded:
    """Result of decoding: `container` and `codec` in the decoder's terms, `frames` of video, `sounds` of audio;
    `last` is the end of the last packet in seconds from the start, `first_byte` and `last_byte` the packets' range
    in the file; `errors` is set if the decoder reported errors."""

    container: str = ""
    codec: str = ""
    frames: int = 0
    sounds: int = 0
    last: float | None = None
    first_byte: int = 0
    last_byte: int = 0
    errors: bool = False


async def decode(file: int, structure: Structure, start: float | None = None, seconds: float = 0.0) -> Decoded | None:
    """Decodes the open `file` from `start` (seconds from its start; None: its first hundred packets), for `seconds`
    or, with 0, to its end. None without a decoder. Raises TimeoutError without an answer in time: a killed decoder
    has judged nothing."""
    # The end is absolute: one that is relative counts from the key frame before `start`.
    first = max(start or 0.0, 0.0)
    until = f"{first + seconds:.3f}" if seconds else ""
    interval = _BEGINNING if start is None else f"{first:.3f}%{until}"
    argv = ("ffprobe", "-v", "error", "-max_alloc", _ALLOCATION, *_door(structure), "-read_intervals", interval)
    shown = ("-show_entries", _SHOWN, "-of", "json=compact=1", f"file:{_name(file)}")
    done = await run_confined((*argv, *shown), file, seconds=_SECONDS, most=_MOST)
    if done.code == _ABSENT:
        return None
    if done.code is None or done.code < 0:
        raise TimeoutError(done.errors)
    try:
        report = parse(done.output, most=_MOST)
        return _decoded(report, not done.ok or bool(done.errors)) if isinstance(report, dict) else None
    except (ValueError, TypeError, AttributeError):
        raise TimeoutError("ffprobe: no report") from None


async def decode_throughout(file: int, structure: Structure) -> Decoded | None:
    """Decodes all video of the open `file`. As `decode`; a long film gets no answer in time."""
    argv = (
        "ffmpeg",
        "-nostdin",
        "-v",
        "error",
        "-max_alloc",
        _ALLOCATION,
        *_door(structure),
        "-i",
        f"file:{_name(file)}",
    )
    result = ("-map", "0:v:0", "-f", "null", "-progress", "pipe:1", "-")
    done = await run_confined((*argv, *result), file, seconds=_THROUGHOUT, most=_MOST)
    if done.code == _ABSENT:
        return None
    if done.code is None or done.code < 0:
        raise TimeoutError(done.errors)
    told = dict(line.split("=", 1) for line in done.output.split() if "=" in line)
    last = _number(told.get("out_time_us"))
    frames = int(_number(told.get("frame")) or 0)
    return Decoded(frames=frames, last=None if last is None else last / 1e6, errors=not done.ok or bool(done.errors))


async def read_again(file: int, structure: Structure) -> bool | None:
    """MediaInfo's answer if there is no decoder: False for a truncated file or one without video, True otherwise,
    None if MediaInfo is unavailable."""
    argv = (*_MEDIAINFO, _REPORT, _name(file))
    done = await run_confined(argv, file, seconds=_SECONDS, most=_MOST, or_not_at_all=True)
    if done.code == _ABSENT and _has_no_more_references(file, structure):
        done = await run_confined(argv, file, seconds=_SECONDS, most=_MOST)
    size, opened, report = done.output.strip().partition("|")
    if not (done.ok and opened and size):  # it exits 0 also when it could not open the file
        return None
    container, codecs, truncated = (report.split("|") + [""] * 3)[:3]
    return bool(container and codecs and not truncated)


def _has_no_more_references(file: int, structure: Structure) -> bool:
    """True if the file contains the references that its structure showed, and no others."""
    if not structure.demuxer:
        return False
    found, before, offset = 0, b"", 0
    while chunk := os.pread(file, _CHUNK, offset):
        found += (before + chunk).count(_REFERENCE)
        before, offset = chunk[1 - len(_REFERENCE) :], offset + len(chunk)
    return structure.demuxer != "mov" or found == structure.references


def _name(file: int) -> str:
    return f"/proc/self/fd/{file}"


def _door(structure: Structure) -> tuple[str, ...]:
    only = ("-protocol_whitelist", "file", "-format_whitelist", _DEMUXERS)
    return (*only, "-f", structure.demuxer) if structure.demuxer else only


def _decoded(report: Mapping[str, Any], errors: bool) -> Decoded:
    seen = report.get("packets_and_frames", [])
    codecs = [
        str(each.get("codec_name", "")) for each in report.get("streams", []) if each.get("codec_type") == "video"
    ]
    whole = report.get("format", {})
    start = max(_number(whole.get("start_time")) or 0.0, 0.0)
    kinds = [each.get("media_type") for each in seen]
    packets = [each for each in seen if each.get("type") == "packet"]
    ends = [
        when + (_number(each.get("duration_time")) or 0.0) - start
        for each in packets
        if (when := _number(each.get("pts_time", each.get("dts_time")))) is not None
    ]
    places = [
        (int(at), int(at + (_number(each.get("size")) or 0)))
        for each in packets
        if (at := _number(each.get("pos"))) is not None
    ]
    return Decoded(
        str(whole.get("format_name", "")),
        "".join(codecs[:1]),
        kinds.count("video"),
        kinds.count("audio"),
        max(ends, default=None),
        min((first for first, _ in places), default=0),
        max((last for _, last in places), default=0),
        errors,
    )


def _number(text: object) -> float | None:
    try:
        return float(str(text))
    except ValueError:
        return None
