"""The project: folder, main.py, models and what waits there for a person, .env, gaps of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from ..config import dotenv_file
from ..config.schema import missing_fields
from ..health.disk import size_text
from ..health.download_files import SECONDS, count_waiting
from ..host import blocking
from ..messages.format import date_time
from ..model.installation import QUARANTINE, RESCUED, Waiting
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


async def configuration(context: CheckContext) -> list[CheckResult]:
    """The configuration files that were read; one with mistakes never gets here."""
    sources = context.config.sources
    return [ok("config", sources=", ".join(sources)) if sources else ok("config_defaults")]


async def gaps(context: CheckContext) -> list[CheckResult]:
    """Everything that `discover` could not find, with text and command."""
    filled = missing_fields(context.config, context.user.name)
    return [
        CheckResult(GAPS.get(code, Level.WARNING), f"missing.{code}", f"fix.missing.{code}", filled)
        for code in context.config.missing
    ]


async def project(context: CheckContext) -> list[CheckResult]:
    """The project's folder and main.py."""
    if not context.config.project.dir:
        return []
    folder = Path(context.config.project.dir)
    closed = await context.closed_parent(folder)
    if closed is not None:
        return [critical("closed", "open_folder", path=closed, user=context.user.name, target=folder)]
    if not await context.may("-d", folder):
        return [critical("project_absent", "project_dir", dir=folder)]
    if not await context.may("-e", folder / "main.py"):
        return [warning("main_absent", "project_dir", dir=folder)]
    return [ok("project", dir=folder)]


async def models(context: CheckContext) -> list[CheckResult]:
    """The folders of models: the service can write to each."""
    if context.site is None or {"models", "models_hidden"} & set(context.config.missing):
        return []
    folder = context.site.models
    bot = context.bot
    argv = ["find", str(folder), "-maxdepth", "1", "-type", "d", "!", "(", "-writable", "-executable", ")"]
    done = await context.run([*argv, "-print", "-quit"])
    if done is None or done.code is None:
        return []
    if done.output or not done.ok:
        names = {"models": folder, "user": context.user.name, "bot": bot.name if bot else ""}
        return [critical("models_closed", "models_acl", path=done.output or folder, **names)]
    return [ok("models", models=folder, user=context.user.name)]


async def env(context: CheckContext) -> list[CheckResult]:
    """The .env: readable for the service, not only for root, with usable values."""
    file = dotenv_file.path(context.config)
    if file is None or {"env_unreadable", "env_foreign"} & set(context.config.missing):
        return []
    try:
        found = dotenv_file.read(context.config)
    except dotenv_file.EnvRefused:
        return []  # what it would have said is set otherwise
    except OSError:
        return [warning("env_absent", "env_edit", env=file)] if not context.config.telegram.token else []
    if not await context.may("-r", file):
        return [critical("env_closed", "env_acl", env=file, user=context.user.name)]
    if found.refused:
        return [warning("env_values", "env_edit", names=", ".join(found.refused), env=file)]
    return [ok("env", env=file)]


async def waiting_files(context: CheckContext) -> list[CheckResult]:
    """Rescued videos, which `assign` puts in place, and files in quarantine, which leave it by themselves unless they
    were never replaced."""
    if context.site is None:
        return []
    models = context.site.models
    try:
        waiting = await blocking.run_blocking(lambda: count_waiting(models), seconds=SECONDS, name="rescued")
        aside = await blocking.run_blocking(
            lambda: count_waiting(models, folder=QUARANTINE), seconds=SECONDS, name="quarantined"
        )
    except (OSError, TimeoutError):
        return []  # that it cannot be looked at is said elsewhere
    found: list[CheckResult] = []
    if waiting.number:
        since = date_time(waiting.oldest or 0.0)
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
    """A name that a shell does not take for an option."""
    return f"{RESCUED}/{file}" if file.startswith("-") else file or "FILE"
