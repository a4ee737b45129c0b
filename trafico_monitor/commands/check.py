"""`trafico-monitor check`: is everything there, and if not, which command mends it?"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..config.load import load
from ..config.schema import Config
from ..errors import ConfigError
from ..health.preflight import MARK, NAME, Check, Level, preflight
from ..messages import text
from ..terminal_help import wrapped


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    from ..cli import language

    parser.add_argument("--json", action="store_true", help=text("check.option.json", language()))
    parser.add_argument("--config", type=Path, metavar="FILE", help=text("check.option.config", language()))


def run(args: argparse.Namespace) -> int:
    """Print the findings; 0 fine, 1 warnings, 2 critical."""
    from ..cli import language

    try:
        config = load(args.config)
    except ConfigError as error:
        checks: Sequence[Check] = [_mistake(line) for line in str(error).splitlines()]
        spoken = language()
    else:
        spoken = config.language if "language" in config.explicit else language()
        checks = _look(replace(config, language=spoken), quiet=args.json)
    worst = max((check.level for check in checks), default=Level.OK)
    print(_as_json(checks, worst, spoken) if args.json else _as_text(checks, worst, spoken))
    return int(worst)


def _look(config: Config, *, quiet: bool) -> Sequence[Check]:
    if not quiet and sys.stderr.isatty():
        print(text("check.looking", config.language), file=sys.stderr)
    return asyncio.run(preflight(config))


def _mistake(line: str) -> Check:
    return Check(Level.CRITICAL, "check.config_wrong", fields={"line": line})


def _as_text(checks: Sequence[Check], worst: Level, language: str) -> str:
    lines: list[str] = []
    for check in checks:
        lines += wrapped(f"{MARK[check.level]} {check.text(language)}", "   ")
        remedy = check.remedy(language)
        lines += [f"   → {part}" for part in remedy.splitlines()]
    counts = {NAME[level]: sum(check.level is level for check in checks) for level in Level}
    lines += ["", text(f"check.result.{NAME[worst]}", language, **counts)]
    return "\n".join(lines)


def _as_json(checks: Sequence[Check], worst: Level, language: str) -> str:
    findings = [
        {
            "level": NAME[check.level],
            "code": check.code.removeprefix("check."),
            "text": check.text(language),
            "fix": check.remedy(language),
        }
        for check in checks
    ]
    return json.dumps({"result": NAME[worst], "findings": findings}, ensure_ascii=False, indent=2)
