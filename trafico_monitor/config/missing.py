"""What the texts of `Config.missing` are filled in with. Pure."""

from __future__ import annotations

from pathlib import PurePosixPath

from ..host.accounts import SERVICE_USER
from .schema import Config


def fields(config: Config, user: str = SERVICE_USER) -> dict[str, str]:
    """The {fields} of `missing.<code>` and `fix.missing.<code>`: names and places, no secret."""
    folder = config.project.dir
    return {
        "user": user,
        "unit": config.bot.unit,
        "dir": folder,
        "models": str(config.models_path or ""),
        "env": str(PurePosixPath(folder) / config.project.env_file),
        "bot_api": config.bot_api.host_dir,
        "owner": config.project.owner,
        "refused": config.refused_state,
        "state": str(config.paths.state),
    }
