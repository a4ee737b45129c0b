"""`trafico-monitor instrument -- python main.py`: starts a program that tells of its downloads by itself."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

from ...config.loader import load
from ...errors import MonitorError
from ...host.systemd import with_instrument
from ...messages import text
from ..main import language

FOLDER = Path(__file__).parents[2] / "instrument"
NOT_FOUND = 127  # as a shell has it


def add_arguments(parser: argparse.ArgumentParser) -> None:
    spoken = language()
    parser.add_argument("--config", type=Path, metavar="FILE", help=text("option.config", spoken))
    parser.add_argument("--models-dir", type=Path, metavar="DIR", help=text("option.models_dir", spoken))
    parser.add_argument("program", nargs="+", metavar="PROGRAM", help=text("option.program", spoken))


def run(args: argparse.Namespace) -> int:
    """Become the program; comes back only when it cannot be started."""
    environment = instrumented(os.environ, args.models_dir or _models(args.config))
    try:
        os.execvpe(args.program[0], args.program, environment)
    except OSError as error:
        failed = MonitorError(f"{args.program[0]}: {error.strerror}")
        failed.exit_code = NOT_FOUND
        raise failed from error


def instrumented(environ: Mapping[str, str], models: Path) -> dict[str, str]:
    """`environ` for a program whose videos go below `models`: our folder first on PYTHONPATH."""
    path = with_instrument(environ.get("PYTHONPATH", ""), str(FOLDER.resolve()))
    return {**environ, "PYTHONPATH": path, "TRAFICO_MODELS_DIR": str(models.absolute())}


def _models(path: Path | None) -> Path:
    """What the environment says, else the configuration, else `modelos` in the current folder."""
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
