"""`trafico-monitor instrument -- python main.py`: starts a program with exact download reporting."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ...config.loader import load
from ...errors import MonitorError
from ...host.systemd import with_instrument
from ...messages import text
from ..output import language

FOLDER = Path(__file__).parents[2] / "instrument"
NOT_FOUND = 127  # as a shell has it


def instrument(config: Path | None, models_dir: Path | None, program: tuple[str, ...]) -> int:
    """Become the program; returns only by an error (127), when it cannot be started."""
    environment = instrumented(os.environ, models_dir or _models(config))
    try:
        os.execvpe(program[0], program, environment)
    except OSError as error:
        failed = MonitorError(f"{program[0]}: {error.strerror}")
        failed.exit_code = NOT_FOUND
        raise failed from error


def instrumented(environ: Mapping[str, str], models: Path) -> dict[str, str]:
    """Returns `environ` for a program with videos below `models`: the instrumentation's folder first on PYTHONPATH."""
    path = with_instrument(environ.get("PYTHONPATH", ""), str(FOLDER.resolve()))
    return {**environ, "PYTHONPATH": path, "TRAFICO_MODELS_DIR": str(models.absolute())}


def _models(path: Path | None) -> Path:
    """Returns the models folder from the environment, else the configuration, else `modelos` in the current folder."""
    said = os.environ.get("TRAFICO_MODELS_DIR")
    if said:
        return Path(said)
    configured = load(path).models_path
    if configured is not None:
        return configured
    here = Path("modelos")
    if not here.is_dir():
        raise MonitorError(text("instrument.no_models", language()))
    return here
