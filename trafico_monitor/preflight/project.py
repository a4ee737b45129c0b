"""The project: folder, main.py, models, .env, and what the configuration still lacks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from ..config import dotenv_file
from ..config.schema import missing_fields
from .base import CheckContext, CheckResult, Level, critical, ok, warning

_W, _C = Level.WARNING, Level.CRITICAL
# How bad each gap is: critical is what leaves a promise unkept (nothing repaired, nobody told).
GAPS: Mapping[str, Level] = MappingProxyType(
    {
        "project": _C,
        "models": _C,
        "models_hidden": _C,
        "owner": _C,
        "env_unreadable": _W,
        "env_invalid": _W,
        "env_foreign": _W,
        "state_refused": _C,
        "token": _C,
        "bot_token": _W,
        "admin": _C,
        "bot_api_dir": _W,
        "bot_api_hidden": _W,
        "alert_path": _W,
        "alert_conflict": _C,
        "bots_user": _C,
    }
)


async def configuration(scene: CheckContext) -> list[CheckResult]:
    """Which files were read. (A file with mistakes never gets here.)"""
    sources = scene.config.sources
    return [ok("config", sources=", ".join(sources)) if sources else ok("config_defaults")]


async def gaps(scene: CheckContext) -> list[CheckResult]:
    """Everything that `discover` could not find, with its text and command."""
    filled = missing_fields(scene.config, scene.user.name)
    return [
        CheckResult(GAPS.get(code, Level.WARNING), f"missing.{code}", f"fix.missing.{code}", filled)
        for code in scene.config.missing
    ]


async def project(scene: CheckContext) -> list[CheckResult]:
    """The folder and main.py."""
    if not scene.config.project.dir:
        return []
    folder = Path(scene.config.project.dir)
    closed = await scene.closed_parent(folder)
    if closed is not None:
        return [critical("closed", "open_folder", path=closed, user=scene.user.name, target=folder)]
    if not await scene.may("-d", folder):
        return [critical("project_absent", "project_dir", dir=folder)]
    if not await scene.may("-e", folder / "main.py"):
        return [warning("main_absent", "project_dir", dir=folder)]
    return [ok("project", dir=folder)]


async def models(scene: CheckContext) -> list[CheckResult]:
    """Every folder of models must be one that the service can write into."""
    if scene.site is None or {"models", "models_hidden"} & set(scene.config.missing):
        return []
    folder = scene.site.models
    bot = scene.bot
    argv = ["find", str(folder), "-maxdepth", "1", "-type", "d", "!", "(", "-writable", "-executable", ")"]
    done = await scene.run([*argv, "-print", "-quit"])
    if done is None or done.code is None:
        return []
    if done.output or not done.ok:
        names = {"models": folder, "user": scene.user.name, "bot": bot.name if bot else ""}
        return [critical("models_closed", "models_acl", path=done.output or folder, **names)]
    return [ok("models", models=folder, user=scene.user.name)]


async def env(scene: CheckContext) -> list[CheckResult]:
    """The .env: readable for the service (not only for root), and its values usable."""
    file = dotenv_file.path(scene.config)
    if file is None or {"env_unreadable", "env_foreign"} & set(scene.config.missing):
        return []
    try:
        found = dotenv_file.read(scene.config)
    except dotenv_file.EnvRefused:
        return []  # what it would have said is set otherwise
    except OSError:
        return [warning("env_absent", "env_edit", env=file)] if not scene.config.telegram.token else []
    if not await scene.may("-r", file):
        return [critical("env_closed", "env_acl", env=file, user=scene.user.name)]
    if found.refused:
        return [warning("env_values", "env_edit", names=", ".join(found.refused), env=file)]
    return [ok("env", env=file)]
