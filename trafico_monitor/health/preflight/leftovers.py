"""What waits for a person in the models directory: rescued videos, and originals in quarantine."""

from __future__ import annotations

from datetime import datetime

from ...host import thread
from ...model.rescued import Waiting
from ...model.site import QUARANTINE, RESCUED
from ..disk import size_text
from ..rescued import SECONDS, look
from .check import Check, Scene, ok, warning


async def leftovers(scene: Scene) -> list[Check]:
    """Rescued videos are finished by `assign`; what is in quarantine leaves it by itself, apart
    from what was never replaced."""
    if scene.site is None:
        return []
    models = scene.site.models
    try:
        waiting = await thread.call(lambda: look(models), seconds=SECONDS, name="rescued")
        aside = await thread.call(lambda: look(models, folder=QUARANTINE), seconds=SECONDS, name="quarantined")
    except (OSError, TimeoutError):
        return []  # that it cannot be looked at is said elsewhere
    found: list[Check] = []
    if waiting.number:
        since = datetime.fromtimestamp(waiting.oldest or 0.0).astimezone().strftime("%Y-%m-%d %H:%M")
        told: dict[str, object] = {
            "n": _counted(waiting),
            "size": size_text(waiting.size),
            "dir": models / RESCUED,
            "since": since,
            "file": _named(waiting.first),
        }
        numbers = {"files": waiting.number, "bytes": waiting.size, "oldest": waiting.oldest}
        found.append(warning("rescued", "rescued", **told, **numbers))
    if aside.number:
        told = {"n": _counted(aside), "size": size_text(aside.size), "dir": models / QUARANTINE}
        found.append(ok("quarantined", **told))
    return found


def _counted(found: Waiting) -> int | str:
    return found.number if found.complete else f"≥ {found.number}"


def _named(file: str) -> str:
    """One that a shell does not take for an option."""
    return f"{RESCUED}/{file}" if file.startswith("-") else file or "FILE"
