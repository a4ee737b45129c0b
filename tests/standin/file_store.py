"""The files of the stand-in server, kept as the real one keeps them in local mode."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .faults import Fault
from .telegram_rules import bad_request

MAX_CLOUD_FILE = 20 * 1000 * 1000  # bytes; getFile without --local


@dataclass(slots=True)
class Video:
    """The original that Telegram keeps; the server's copy of it can be lost or spoiled."""

    file_id: str
    content: bytes = field(repr=False)
    size: int  # as announced
    uid: int | None
    gid: int | None
    mode: int
    number: int

    def spoiled_by(self, fault: Fault | None) -> bytes | None:
        if fault is None:
            return self.content
        if fault.kind == "missing":
            return None
        if fault.kind == "damage":
            start = max(self.content.rfind(b"moov"), 0)  # without its index an mp4 is lost
            return self.content[:start] + bytes(len(self.content) - start)
        return self.content[: fault.keep]


class FileStore:
    """`<directory>/<token>/videos/file_N.mp4`, fetched again from the original when it is gone."""

    def __init__(self, directory: Path, container_dir: str, local: bool) -> None:
        self.directory = directory
        self.container_dir = container_dir or str(directory)
        self.local = local
        self.videos: dict[str, Video] = {}
        self._spoiled: set[Path] = set()

    def register(self, order: dict[str, Any]) -> dict[str, Any]:
        uid, gid = order.get("uid"), order.get("gid")
        if os.geteuid() != 0 and uid not in (None, os.geteuid()):
            raise bad_request("another owner than my own needs a server that runs as root")
        encoded = order.get("content_base64")
        content = base64.b64decode(encoded) if encoded else Path(order["path"]).read_bytes()
        file_id = str(order["file_id"])
        known = self.videos.get(file_id)
        number = order.get("number", known.number if known else len(self.videos))
        mode = int(order.get("mode", 0o640))
        size = int(order.get("size") or len(content))
        self.videos[file_id] = Video(file_id, content, size, uid, gid, mode, int(number))
        return {"file_id": file_id, "file_size": size}

    def find(self, file_id: str) -> Video:
        if file_id not in self.videos:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        return self.videos[file_id]

    def get_file(self, token: str, file_id: str, fault: Fault | None) -> dict[str, Any]:
        video = self.find(file_id)
        if not self.local and video.size > MAX_CLOUD_FILE:
            raise bad_request("file is too big")
        name = f"videos/file_{video.number}.mp4"
        self._deliver(video, self.directory / token / name, fault)
        path = f"{self.container_dir}/{token}/{name}" if self.local else name
        return {
            "file_id": file_id,
            "file_unique_id": f"unique{video.number}",
            "file_size": video.size,
            "file_path": path,
        }

    def _deliver(self, video: Video, path: Path, fault: Fault | None) -> None:
        content = video.spoiled_by(fault)
        if content is None:
            path.unlink(missing_ok=True)
            return
        if fault is None and path not in self._spoiled and self._whole(video, path):
            return
        self._make_folder(path.parent, video)
        temporary = path.with_suffix(".part")
        temporary.write_bytes(content)
        temporary.chmod(video.mode)
        _give(temporary, video)
        temporary.replace(path)
        if fault is None:
            self._spoiled.discard(path)
        else:
            self._spoiled.add(path)

    @staticmethod
    def _whole(video: Video, path: Path) -> bool:
        return path.is_file() and path.stat().st_size == len(video.content)

    def _make_folder(self, folder: Path, video: Video) -> None:
        """Folders stay open to everybody: what a real user meets is the file's mode."""
        folder.mkdir(parents=True, exist_ok=True)
        for made in (folder.parent, folder):
            made.chmod(0o755)
            _give(made, video)


def _give(path: Path, video: Video) -> None:
    if video.uid is not None or video.gid is not None:
        os.chown(path, -1 if video.uid is None else video.uid, -1 if video.gid is None else video.gid)
