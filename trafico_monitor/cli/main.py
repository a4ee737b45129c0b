"""Entry point of the command line: imports only the called command, and prints each error as one line."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from ..errors import FleetError, MonitorError
from ..messages import text
from ..messages.fleet import reason
from .output import is_terminal, language, say
from .parser import PROGRAM, build

USAGE = 64  # EX_USAGE: 2 means «critical» of `check`
COMPLETE = "_TRAFICO_MONITOR_COMPLETE"  # set by the shells' completion (packaging/completion)
HELP = frozenset(("-h", "--help"))


def main(arguments: Sequence[str]) -> int:
    """Run the command that `arguments` name and return its exit status (sysexits.h for errors)."""
    spoken = language()
    try:
        if asked := os.environ.get(COMPLETE):
            from click.shell_completion import shell_complete

            return shell_complete(build(), {}, PROGRAM, COMPLETE, asked)
        command = build(rich=is_terminal() and (not arguments or not HELP.isdisjoint(arguments)))
        with command.make_context(PROGRAM, list(arguments) or ["--help"]) as context:
            return int(command.invoke(context))
    except click.exceptions.Exit as ended:
        return ended.exit_code if arguments else USAGE
    except click.UsageError as mistake:
        return _explain(mistake, spoken)
    except FleetError as error:
        say(f"{PROGRAM}: {reason(error, spoken)}", stream=sys.stderr)
        return error.exit_code
    except MonitorError as error:
        say(f"{PROGRAM}: {error}", stream=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # `trafico-monitor incidents | head`: the reader has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _explain(mistake: click.UsageError, spoken: str) -> int:
    """Prints the usage, the error in the arguments, and the help option."""
    path = mistake.ctx.command_path if mistake.ctx else PROGRAM
    if mistake.ctx:
        say(mistake.ctx.get_usage(), stream=sys.stderr)
    say(f"{path}: {_reason(mistake, spoken)}", stream=sys.stderr)
    say(text("help.hint", spoken, order=path), stream=sys.stderr)
    return USAGE


def _reason(mistake: click.UsageError, spoken: str) -> str:
    """Translates click's English message for the common usage errors."""
    if isinstance(mistake, click.NoSuchOption):
        near = ", ".join(mistake.possibilities or ())
        return text("usage.option.near" if near else "usage.option", spoken, nombre=mistake.option_name, opciones=near)
    if isinstance(mistake, click.BadOptionUsage):
        return text("usage.argument", spoken, nombre=mistake.option_name)
    if isinstance(mistake, click.BadParameter) and mistake.param is not None:
        name = mistake.param.opts[0] if isinstance(mistake.param, click.Option) else mistake.param.human_readable_name
        if isinstance(mistake, click.MissingParameter):
            return text("usage.missing", spoken, nombre=name)
        choices = mistake.param.type.choices if isinstance(mistake.param.type, click.Choice) else ()
        expected = ", ".join(map(str, choices)) or mistake.param.metavar or mistake.param.type.name
        return text("usage.value", spoken, nombre=name, esperado=expected)
    return mistake.format_message()
