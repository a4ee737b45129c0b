"""The modelos that a rescued video is offered to."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from ..health.download_files import SECONDS, list_modelos
from ..host.blocking import run_blocking
from ..model.installation import Installation, Offer
from ..notify.choosing import PAGE, offered
from ..repair.path_policy import is_plain

logger = logging.getLogger(__name__)


async def modelos(site: Installation | None) -> list[str]:
    """Those that `assign` takes and a button can show, the last used first; none while the installation is not
    known. Raises OSError, TimeoutError."""
    if site is None:
        return []
    found = await run_blocking(lambda: list_modelos(site.models), seconds=SECONDS, name="modelos")
    return [name for name in found if is_plain(name) and offered(name)]


async def offer(path: Path, site: Installation) -> Offer:
    """For the file that was rescued to `path`. Whatever cannot be looked at: it is told of all the same."""
    try:
        names = await modelos(site)
        size = await run_blocking(lambda: os.lstat(path).st_size, seconds=SECONDS, name="rescued")
    except OSError as error:  # a TimeoutError too
        logger.warning("what to offer for a rescued video: %s", error)
        return Offer(None)
    return Offer(size, tuple(names[:PAGE]), len(names))
