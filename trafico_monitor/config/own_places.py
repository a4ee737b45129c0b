"""The directories that the package brings, and when they stand in for configured ones.

Whoever can write to the database decides what the service does: a state directory that somebody
else than root and the service owns, or can exchange, is not used.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ..host import directory
from .schema import Config, Paths

_DATABASE = "monitor.db"


def packaged_state(environ: Mapping[str, str] = os.environ) -> Path:
    """systemd's StateDirectory=, or the usual place outside of a unit."""
    return _first(environ.get("STATE_DIRECTORY", "")) or Paths().state


def packaged_logs(environ: Mapping[str, str] = os.environ) -> Path:
    """systemd's LogsDirectory=, or the usual place outside of a unit."""
    return _first(environ.get("LOGS_DIRECTORY", "")) or Paths().logs


def settle_state(config: Config, environ: Mapping[str, str], *, serving: bool) -> Config:
    """`config` with a state directory that may be used. `missing` gets `state_refused` where that
    is another than the configured one.

    With `serving` it is decided by the rights of the calling service. A command cannot know for
    certain by whom the service runs, so it goes where a refusing service has put its database.
    """
    instead = packaged_state(environ)
    state = config.paths.state
    if state == instead or directory.refusal(state, directory.ours()) is None:
        return config
    if not serving and not (instead / _DATABASE).exists():
        return config
    paths = replace(config.paths, state=instead)
    return replace(config, paths=paths, missing=(*config.missing, "state_refused"), refused_state=str(state))


def _first(listed: str) -> Path | None:
    return Path(first) if (first := listed.split(":")[0]) else None
