"""What waits for a person in the models directory: rescued videos, and originals in quarantine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ...host import thread
from ...model.site import QUARANTINE, RESCUED
from ..disk import size_text
from .check import Check, Scene, ok, warning

_SECONDS = 5.0
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class _Found:
    number: int = 0
    size: int = 0
    first: str = ""


async def leftovers(scene: Scene) -> list[Check]:
    """Rescued videos are finished by `assign`; what is in quarantine leaves it by itself, apart
    from what was never replaced."""
    if scene.site is None:
        return []
    models = scene.site.models
    try:
        rescued = await thread.call(lambda: _files(models / RESCUED), seconds=_SECONDS, name="rescued")
        aside = await thread.call(lambda: _files(models / QUARANTINE), seconds=_SECONDS, name="quarantined")
    except (OSError, TimeoutError):
        return []  # that it cannot be looked at is said elsewhere
    found: list[Check] = []
    if rescued.number:
        told = {"n": rescued.number, "dir": models / RESCUED, "file": rescued.first}
        found.append(warning("rescued", "rescued", **told))
    if aside.number:
        told = {"n": aside.number, "size": size_text(aside.size), "dir": models / QUARANTINE}
        found.append(ok("quarantined", **told))
    return found


def _files(folder: Path) -> _Found:
    """The regular files of `folder` that are no notes; none where there is no such folder."""
    try:
        with os.scandir(folder) as entries:
            listed = [entry for _, entry in zip(range(_MOST), entries, strict=False)]
    except FileNotFoundError:
        return _Found()
    names = {entry.name for entry in listed}
    files = [e for e in listed if e.is_file(follow_symlinks=False) and not _note(e.name, names)]
    size = sum(entry.stat(follow_symlinks=False).st_size for entry in files)
    return _Found(len(files), size, min((entry.name for entry in files), default=""))


def _note(name: str, names: set[str]) -> bool:
    return name.startswith(".") or (name.endswith(".json") and name.removesuffix(".json") in names)
