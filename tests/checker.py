"""The independent checker: is a `solucionado` true?

It looks at two things only: the disk, and what the Bot API server has. Nothing of the program
under test is imported here, and none of its words is believed: a video is equal to the original
byte for byte, plays to its end in ffmpeg, and belongs to whom it must belong to, or the claim is
a lie.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

DECODE_SECONDS = 120.0
RESCUED = "_rescatados"


@dataclass(frozen=True, slots=True)
class Offered:
    """A video that a user has sent and the server has: the whole truth about one download.

    `repeatable` is False when the bot told nobody from where it could be fetched again."""

    modelo: str
    video: str
    sha256: str
    size: int
    repeatable: bool = True


@dataclass(frozen=True, slots=True)
class Claim:
    """One `solucionado` as the records tell it; `at` in seconds since the epoch."""

    incident: str
    error_type: str
    modelo: str
    video: str
    at: float


@dataclass(frozen=True, slots=True)
class Entry:
    """What a snapshot keeps of one name. `content` is the sha256 of a file that was read, the
    target of a link, "" for the rest."""

    kind: str
    size: int
    mtime_ns: int
    mode: int
    uid: int
    gid: int
    content: str = ""


@dataclass(frozen=True, slots=True)
class Checker:
    """`owner` is the uid that files in `models` must have; `server_answered` tells whether the
    Bot API server took connections at a given time."""

    models: Path
    owner: int
    offered: Sequence[Offered]
    server_answered: Callable[[float], bool] = lambda at: False

    def lies(self, claim: Claim) -> list[str]:
        """Why `claim` is not true; empty when it is."""
        sent = [one for one in self.offered if (one.modelo, one.video) == (claim.modelo, claim.video)]
        if claim.error_type == "servidor_caido" and not any(one.repeatable for one in sent):
            return [] if self.server_answered(claim.at) else ["the server did not answer then"]
        rescued = self._rescued(claim)
        if rescued is not None:
            return self._not_whole(rescued, [one for one in self.offered if not sent or one in sent])
        if not sent:
            return [f"no user has ever sent {claim.modelo}/{claim.video}"]
        return self._not_whole(self.models / claim.modelo / claim.video, sent)

    def _rescued(self, claim: Claim) -> Path | None:
        """The file whose note names the incident."""
        for note in sorted((self.models / RESCUED).glob("*.json")):
            if json.loads(note.read_text(encoding="utf-8")).get("incidente") == claim.incident:
                return note.with_suffix("")
        return None

    def _not_whole(self, path: Path, sent: Sequence[Offered]) -> list[str]:
        try:
            seen = path.lstat()
        except OSError as error:
            return [f"{path.name}: {error.strerror}"]
        if not stat.S_ISREG(seen.st_mode):
            return [f"{path.name} is no plain file"]
        lies = []
        if (seen.st_size, sha256(path)) not in {(one.size, one.sha256) for one in sent}:
            lies.append(f"{path.name}: {seen.st_size} bytes that nobody has sent")
        if seen.st_uid != self.owner:
            lies.append(f"{path.name} belongs to {seen.st_uid}")
        if not seen.st_mode & 0o400:
            lies.append(f"{path.name}: its owner may not read it ({stat.S_IMODE(seen.st_mode):o})")
        return lies + plays(path)


def plays(path: Path) -> list[str]:
    """Empty when ffmpeg decodes every stream of `path` to the end without a complaint."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-xerror", "-i", f"file:{path}", "-map", "0", "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, timeout=DECODE_SECONDS, check=False)
    said = done.stderr.decode("utf-8", "replace").strip()
    return [f"{path.name} does not play to its end: {said[:300]}"] if done.returncode or said else []


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def snapshot(
    root: Path, *, read: Callable[[Path], bool] = lambda _: True, leave_out: Iterable[str] = ()
) -> dict[str, Entry]:
    """Everything below `root` on its file system, by the path relative to it. Files for which
    `read` says so are read; paths below `leave_out` (relative) are not looked at."""
    found: dict[str, Entry] = {}
    device = root.lstat().st_dev
    skipped = frozenset(leave_out)
    waiting = [root]
    while waiting:
        for entry in os.scandir(waiting.pop()):
            path = Path(entry.path)
            name = str(path.relative_to(root))
            if name in skipped:
                continue
            try:
                found[name] = _entry(path, read)
            except FileNotFoundError:  # gone since the folder was read
                continue
            if entry.is_dir(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_dev == device:
                waiting.append(path)
    return found


def _entry(path: Path, read: Callable[[Path], bool]) -> Entry:
    seen = path.lstat()
    kind, content = "other", ""
    if stat.S_ISREG(seen.st_mode):
        kind, content = "file", sha256(path) if read(path) else ""
    elif stat.S_ISLNK(seen.st_mode):
        kind, content = "link", str(path.readlink())
    elif stat.S_ISDIR(seen.st_mode):
        kind = "folder"
    size = 0 if kind == "folder" else seen.st_size
    return Entry(kind, size, seen.st_mtime_ns, stat.S_IMODE(seen.st_mode), seen.st_uid, seen.st_gid, content)


def changed(before: Mapping[str, Entry], after: Mapping[str, Entry]) -> dict[str, tuple[str, ...]]:
    """What is not as it was: path → what differs (`gone`, `new`, or names of Entry's fields). A
    folder's time is no change: it only says that a name in it has changed, which is told itself."""
    differences: dict[str, tuple[str, ...]] = {}
    for name in before.keys() | after.keys():
        was, now = before.get(name), after.get(name)
        if was is None or now is None:
            differences[name] = ("new" if was is None else "gone",)
        elif was != now:
            fields = tuple(
                field
                for field in ("kind", "size", "mtime_ns", "mode", "uid", "gid", "content")
                if getattr(was, field) != getattr(now, field) and not (field == "mtime_ns" and now.kind == "folder")
            )
            differences |= {name: fields} if fields else {}
    return differences
