"""The downloads that one process has under way, as its lines tell them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..model.download import Download
from ..model.sameness import agree, base_name, merged, same, same_file
from .paths import Paths, video_name

MOST_UNDER_WAY = 8
# A download without any further word for this long is not used to explain anything any more
# (2 GB at 1 MB/s take 33 minutes).
FORGET_SECONDS = 3600.0

# «250 MB» is rounded: taken for the announced size it would refuse every whole file.
_ROUNDED = re.compile(r"\d\s{0,3}[kmg]i?b(?![a-z])")
_BYTES = re.compile(r"(?<![\d.,])(\d{1,15})\s{0,3}(?:bytes|b)(?![a-z])")
_MODELO = re.compile(r"v[ií]deo recibido de[: ]{1,3}([^\s/\\'\"<>|*?]{1,80})", re.IGNORECASE)
_NAMED = re.compile(r"(?:v[ií]deo recibido|descarga completa|descargando)[: ]{1,3}(\S{1,300})", re.IGNORECASE)
_FILE_SIZE = re.compile(r"file_size=(\d{1,15})(?!\d)")
_MEDIA = (".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v")


@dataclass(slots=True)
class Attempt:
    """One download of one process. `failure` is the origin of the finding that it failed with,
    `repairing` that the bot said it is trying to mend it, `copying` that «Copiando desde» came."""

    download: Download
    started: str
    at: float
    failure: str = ""
    repairing: bool = False
    copying: bool = False
    structured: bool = False

    def as_data(self) -> dict[str, object]:
        known = {name: value for name, value in _fields(self.download).items() if value is not None}
        return {
            "download": known,
            "started": self.started,
            "at": self.at,
            "failure": self.failure,
            "repairing": self.repairing,
            "copying": self.copying,
            "structured": self.structured,
        }


@dataclass(frozen=True, slots=True)
class Told:
    """What a line tells of a download. `began` starts one unless it only adds to the last one."""

    kind: str  # "began", "copying", "more", "finished"
    download: Download = field(default_factory=Download)
    repaired: bool = False


# A line without any of these tells nothing of a download (lower case).
MARKS = ("file_path=", "file_size=", "copiando desde", "descarga", "eo recibido", "archivo copiado")


def told(line: str, lowered: str, paths: Paths) -> Told | None:
    """What `line` says of a download under way, or None. `lowered` is it in lower case."""
    if "file_path=" in lowered:
        return Told("began", Download(source=paths.read(line).source))
    if "copiando desde" in lowered:
        return Told("copying", Download(source=paths.read(line).source))
    if "file_size=" in lowered:
        size = _FILE_SIZE.search(lowered)
        return Told("more", Download(size=int(size[1]))) if size else None
    if "exitos" in lowered or "archivo descargado" in lowered or "descarga completa" in lowered:
        return _finished(line, lowered, paths)
    if "eo recibido" in lowered:
        return _received(line, paths)
    if "descargando" in lowered and "descargando últimos" not in lowered:
        return _downloading(line, lowered, paths)
    return None


def _finished(line: str, lowered: str, paths: Paths) -> Told | None:
    if not any(word in lowered for word in ("archivo copiado", "archivo descargado", "descarga")):
        return None
    named = _named(line, paths)
    return Told("finished", replace(named, size=_amount(lowered)), repaired="después de" in lowered)


def _received(line: str, paths: Paths) -> Told | None:
    modelo = _MODELO.search(line)
    if modelo:
        return Told("began", Download(modelo=modelo[1].rstrip(".,;:!")))
    named = _named(line, paths)
    return Told("more", named) if named.video else None


def _downloading(line: str, lowered: str, paths: Paths) -> Told | None:
    named = _named(line, paths)
    if named.video:
        return Told("began", named)
    size = _amount(lowered)
    if size is not None or _ROUNDED.search(lowered):
        return Told("more", Download(size=size))
    if "http" in lowered or "archivo" in lowered or "deo" in lowered:
        return Told("more")
    return None


def _named(line: str, paths: Paths) -> Download:
    found = paths.read(line)
    if found.video:
        return found
    own = video_name(line)
    if own is None:
        match = _NAMED.search(line)
        name = base_name(match[1].strip("'\"")) if match else ""
        server = name.startswith("file_") or "telegram-bot-api" in line
        own = name if name.lower().endswith(_MEDIA) and not server else None
    return replace(found, video=own)


def _amount(lowered: str) -> int | None:
    """The size in bytes, where the line gives it exactly."""
    match = _BYTES.search(lowered)
    return int(match[1]) if match else None


def structured(fields: Mapping[str, str]) -> Download:
    """The download of a structured entry (design document, section 5)."""
    size = fields.get("TRAFICO_FILE_SIZE", "")
    return Download(
        modelo=fields.get("TRAFICO_MODELO") or None,
        video=fields.get("TRAFICO_VIDEO") or None,
        file_id=fields.get("TRAFICO_FILE_ID") or None,
        size=int(size) if size.isascii() and size.isdigit() and len(size) <= 15 else None,
        destination=fields.get("TRAFICO_DESTINO") or None,
    )


def _fields(download: Download) -> dict[str, str | int | None]:
    return {
        "modelo": download.modelo,
        "video": download.video,
        "file_id": download.file_id,
        "size": download.size,
        "source": download.source,
        "destination": download.destination,
    }


def attempt_from(data: Mapping[str, object]) -> Attempt:
    """The inverse of `Attempt.as_data`, for data that come from our own snapshot."""
    known = data.get("download")
    return Attempt(
        download=Download(**known) if isinstance(known, dict) else Download(),
        started=str(data.get("started", "")),
        at=float(str(data.get("at", 0.0))),
        failure=str(data.get("failure", "")),
        repairing=bool(data.get("repairing", False)),
        copying=bool(data.get("copying", False)),
        structured=bool(data.get("structured", False)),
    )


class Attempts:
    """All attempts of one process, oldest first."""

    def __init__(self, attempts: list[Attempt] | None = None) -> None:
        self.all = attempts or []

    @property
    def open(self) -> list[Attempt]:
        """Under way: begun, neither failed nor ended."""
        return [attempt for attempt in self.all if not attempt.failure]

    def began(self, download: Download, cursor: str, at: float, kind: str = "began") -> bool:
        """Takes in a beginning; False when it only told more of the last attempt. `kind` is
        `began`, `copying`, or `exact` for a structured entry."""
        self._forget(at)
        last = self.all[-1] if self.all else None
        if last and not last.failure and _goes_on(last, download, kind):
            last.download = merged(last.download, download)
            last.copying = last.copying or kind == "copying"
            return False
        # What failed before is over now: a later success belongs to the new one.
        self.all = [attempt for attempt in self.all if not attempt.failure]
        fresh = Attempt(download, cursor, at, copying=kind == "copying", structured=kind == "exact")
        self.all = [*self.all, fresh][-MOST_UNDER_WAY:]
        return True

    def more(self, download: Download) -> bool:
        """Adds to the last attempt under way; False when there is none or it says otherwise."""
        for attempt in reversed(self.open):
            if agree(attempt.download, download):
                attempt.download = merged(attempt.download, download)
                return True
        return False

    def failing(self, download: Download) -> Attempt | None:
        """The attempt that a failure naming `download` belongs to, when only one can be meant."""
        fitting = [one for one in self.open if agree(one.download, download)]
        exact = [one for one in fitting if same(one.download, download) or same_file(one.download, download)]
        if len(exact) == 1:
            return exact[0]
        if not fitting:
            fitting = [one for one in self.all if one.failure and agree(one.download, download)][-1:]
        return fitting[0] if len(fitting) == 1 else None

    def finishing(self, download: Download, repaired: bool) -> Attempt | None:
        """The attempt that a success naming `download` belongs to, when only one can be meant."""
        pool = [one for one in self.all if one.repairing] if repaired else self.open
        pool = pool or self.open or [one for one in self.all if one.failure][-1:]
        fitting = [one for one in pool if agree(one.download, download)]
        if len(fitting) > 1:
            exact = [one for one in fitting if same(one.download, download)]
            sized = [one for one in fitting if download.size and one.download.size == download.size]
            fitting = exact or sized
        return fitting[0] if len(fitting) == 1 else None

    def contradicted(self, download: Download) -> bool:
        """True when a «success» counts other bytes than were announced for what is under way."""
        fitting = [one for one in self.open if agree(one.download, download)]
        sizes = {one.download.size for one in fitting if one.download.size is not None}
        return download.size is not None and bool(sizes) and download.size not in sizes

    def end(self, attempt: Attempt) -> None:
        self.all = [one for one in self.all if one is not attempt]

    def _forget(self, now: float) -> None:
        self.all = [one for one in self.all if now - one.at < FORGET_SECONDS]


def _goes_on(last: Attempt, more: Download, kind: str) -> bool:
    """True when a line that reads like a beginning only tells more of the attempt before it."""
    known = last.download
    if kind == "exact" or not agree(known, more):
        return False
    if kind == "copying" and known.source and more.source:
        # `file_path=` named it in the container, «Copiando desde» names it on the host.
        return not last.copying and same_file(known, more)
    if more.source:
        return not known.source
    if more.video or more.destination:
        return not (known.video or known.source)
    return False
