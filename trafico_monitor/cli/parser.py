"""The click commands in the caller's language: with rich on a terminal, plain in a pipe."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from .. import __version__
from ..messages import text
from .command_table import COMMANDS, Argument, Entry
from .output import WIDTH, language

PROGRAM = "trafico-monitor"


class _Command(click.Command):
    """A command whose usage is in the caller's language and whose `exclusive` options are not given together."""

    exclusive: tuple[str, ...] = ()

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        words = " ".join(self.collect_usage_pieces(ctx))
        formatter.write_usage(ctx.command_path, words, text("help.usage", language()) + " ")

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        rest = super().parse_args(ctx, args)
        given = [
            one for one in self.params if one.name in self.exclusive and ctx.params[one.name] not in (None, False)
        ]
        if len(given) > 1 and not ctx.resilient_parsing:
            names = ", ".join(one.opts[0] for one in given)
            raise click.UsageError(text("usage.exclusive", language(), opciones=names), ctx)
        return rest


class _Group(_Command, click.Group):
    """Commands in the order of the table."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            raise click.UsageError(text("usage.command.missing", language(), ordenes=", ".join(self.commands)), ctx)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.commands and not ctx.resilient_parsing:
            names = ", ".join(self.commands)
            raise click.UsageError(text("usage.command", language(), orden=args[0], ordenes=names), ctx)
        return super().resolve_command(ctx, args)


class _Plain(_Command):
    """Help for a pipe: no frames, no colours, the examples as they are."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        arguments = [(str(one.metavar), one.help or "") for one in self.params if isinstance(one, Argument)]
        options = [record for one in self.params if (record := one.get_help_record(ctx))]
        commands = [(name, each.help or "") for name, each in getattr(self, "commands", {}).items()]
        for title, rows in (("arguments", arguments), ("options", options), ("commands", commands)):
            if rows:
                with formatter.section(text(f"help.{title}", language())):
                    formatter.write_dl(rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write("".join(f"\n{line}" for line in (self.epilog or "").split("\n\n")) + "\n")


class _PlainGroup(_Plain, _Group):
    """Help of a group, for a pipe."""


def build(*, rich: bool = False) -> click.Group:
    """The whole command line in the caller's language; `rich`: with rich's help, which costs 0.1 s to import."""
    made = _rich_classes() if rich else (_Plain, _PlainGroup)
    groups = {"": _group("", made[1])}
    groups[""].params.insert(0, _eager("--version", code="help.version", show=lambda _: f"{PROGRAM} {__version__}"))
    for path, entry in COMMANDS.items():
        above, _, name = path.rpartition(" ")
        if above not in groups:
            groups[above] = _group(above, made[1])
            groups[""].add_command(groups[above])
        groups[above].add_command(_command(path, name, entry, made[0]))
    return groups[""]


def _command(path: str, name: str, entry: Entry, made: Any) -> click.Command:
    def call(**given: Any) -> int:
        module, _, function = entry.function.partition(":")
        return int(getattr(import_module(f".commands.{module}", __package__), function)(**given))

    parameters = [each() for each in entry.parameters]
    command: _Command = made(name, callback=call, **_texts(path, parameters))
    command.exclusive = entry.exclusive
    return command


def _group(path: str, made: Any) -> click.Group:
    group: click.Group = made(
        path or PROGRAM, no_args_is_help=False, subcommand_metavar=text("help.command", language()), **_texts(path, [])
    )
    return group


def _texts(path: str, parameters: list[click.Parameter]) -> dict[str, Any]:
    """Arguments of a command and of a group. rich takes a paragraph for a line of the examples."""
    spoken, code = language(), ".".join(("cli", *path.split()))
    examples = text(f"{code}.examples", spoken)
    return {
        "help": text(code if path else "cli.description", spoken),
        "epilog": None if examples == f"{code}.examples" else "\n\n".join(examples.splitlines()),
        "options_metavar": text("help.options_metavar", spoken),
        "params": [*parameters, _eager("-h", "--help", code="help.help", show=lambda context: context.get_help())],
        "add_help_option": False,
    }


def _eager(*names: str, code: str, show: Any) -> click.Option:
    """An option that prints something and ends."""

    def end(context: click.Context, _: click.Parameter, asked: bool) -> None:
        if asked and not context.resilient_parsing:
            click.echo(show(context))
            context.exit()

    said = text(code, language())
    return click.Option(names, is_flag=True, is_eager=True, expose_value=False, callback=end, help=said)


def _rich_classes() -> tuple[Any, Any]:
    import rich_click

    rich: Any = rich_click
    spoken = language()
    look = rich.rich_click
    look.ARGUMENTS_PANEL_TITLE = text("help.arguments", spoken)
    look.OPTIONS_PANEL_TITLE = text("help.options", spoken)
    look.COMMANDS_PANEL_TITLE = text("help.commands", spoken)
    look.REQUIRED_LONG_STRING = look.REQUIRED_SHORT_STRING = ""
    look.SHOW_ARGUMENTS, look.MAX_WIDTH = True, WIDTH
    return type("Command", (_Command, rich.RichCommand), {}), type("Group", (_Group, rich.RichGroup), {})
