"""What waits for a person in the models directory: rescued videos, and originals in quarantine."""

from __future__ import annotations

from datetime import datetime

from ..health.disk import size_text
from ..health.rescued import SECONDS, look
from ..host import blocking
from ..model.installation import QUARANTINE, RESCUED, Waiting
from .base import CheckContext, CheckResult, ok, warning


async def leftovers(scene: CheckContext) -> list[CheckResult]:
    """Rescued videos are finished by `assign`; what is in quarantine leaves it by itself, apart
    from what was never replaced."""
    if scene.site is None:
        return []
    models = scene.site.models
    try:
        waiting = await blocking.run_blocking(lambda: look(models), seconds=SECONDS, name="rescued")
        aside = await blocking.run_blocking(
            lambda: look(models, folder=QUARANTINE), seconds=SECONDS, name="quarantined"
        )
    except (OSError, TimeoutError):
        return []  # that it cannot be looked at is said elsewhere
    found: list[CheckResult] = []
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
