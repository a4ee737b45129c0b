"""What waits in `_rescatados`, as the service last said it, for the commands that count it."""

from __future__ import annotations

from collections.abc import Mapping

from ...health.disk import size_text
from ...messages import text
from ..common import clock, printable


def rescued(said: Mapping[str, object] | None) -> dict[str, object] | None:
    """The part of the service's `status` about it; None where it has said nothing, or nothing waits."""
    found = (said or {}).get("rescued")
    return found if isinstance(found, dict) and found.get("files") else None


def line(found: Mapping[str, object], spoken: str) -> str:
    """How many, how large, since when, and the command for one of them."""
    size, oldest = found.get("bytes"), found.get("oldest")
    return text(
        "status.rescued.waiting",
        spoken,
        n=found.get("files", 0) if found.get("complete", True) else f"≥ {found.get('files', 0)}",
        size=size_text(size if isinstance(size, int) else 0),
        desde=clock(oldest, spoken) if isinstance(oldest, int | float) else "-",
        orden=printable(str(found.get("fix", ""))) or "trafico-monitor assign",
    )
