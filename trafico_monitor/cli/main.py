"""The command line: finds the command, imports only that one, and turns errors into one clear line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from .. import __version__
from ..errors import MonitorError
from ..messages import text
from .help import USAGE, Parser
from .output import say

COMMANDS = (
    "setup", "check", "trial", "run", "status", "incidents", "report", "space", "retry", "ack", "silence",
    "assign", "notify", "dashboard", "rules", "replay", "instrument",
)  # fmt: skip


def language() -> str:
    """The language of the command's output: the caller's locale; Spanish unless it says English."""
    chosen = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "en" if chosen.startswith("en") else "es"


def main(arguments: Sequence[str]) -> int:
    """Run the command that `arguments` name and return its exit status (sysexits.h for errors)."""
    parser = _parser(arguments)
    args = parser.parse_args(arguments)
    if not args.command:
        parser.print_help()
        return USAGE
    try:
        return int(args.execute(args))
    except MonitorError as error:
        say(f"trafico-monitor: {error}", stream=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # `trafico-monitor incidents | head`: the reader has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    spoken = language()
    Parser.spoken = spoken
    parser = Parser(
        prog="trafico-monitor",
        description=text("cli.description", spoken),
        epilog=text("cli.examples", spoken),
    )
    parser.add_argument(
        "--version", action="version", version=f"trafico-monitor {__version__}", help=text("help.version", spoken)
    )
    commands = parser.add_subparsers(
        dest="command", metavar=text("help.command", spoken), title=text("help.commands", spoken)
    )
    wanted = next((word for word in arguments if not word.startswith("-")), "")
    for name in COMMANDS:
        command = commands.add_parser(
            name,
            help=text(f"cli.{name}", spoken),
            description=text(f"cli.{name}", spoken),
            epilog=text(f"cli.{name}.examples", spoken),
        )
        if name == wanted:  # the other commands' modules stay unread
            module = import_module(f".commands.{name}", __package__)
            module.add_arguments(command)
            command.set_defaults(execute=module.run)
    return parser
