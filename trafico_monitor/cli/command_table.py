"""Table of the commands: parameters, help and function, which is imported when the command is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from ..messages import text
from ..model.finding import ErrorType
from .output import language

Parameter = Callable[[], click.Parameter]  # made in the caller's language
LOOSE_KINDS = ("delivered", "quarantine-over", "quarantine")  # of daemon/disk_usage_report.py
TYPES = tuple(each.value for each in ErrorType)
# The values of Estado and MachineState: their modules would cost every command a tenth of its start.
ESTADOS = ("detectado", "pendiente", "reintentando", "solucionado", "fallido")
STATES = ("silent", "troubled", "ok", "invited", "revoked")


class Argument(click.Argument):
    """An argument with its help, which click has for options only."""

    def __init__(self, name: str, help: str, **more: Any) -> None:
        super().__init__([name], **more)
        self.help = help


class _Folder(click.Path):
    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(incomplete, type="dir")]


_FILE, _FILE_PATH = click.Path(readable=False), click.Path(readable=False, path_type=Path)
_DIR, _DIR_PATH = _Folder(readable=False), _Folder(readable=False, path_type=Path)


def _option(*names: str, help: str, **more: Any) -> Parameter:
    return lambda: click.Option(names, help=text(help, language()), **more)


def _flag(*names: str, help: str) -> Parameter:
    return _option(*names, help=help, is_flag=True)


def _choice(*names: str, help: str, values: Sequence[str], metavar: str) -> Parameter:
    """An option with its values listed in its help, because they do not fit beside its name."""
    kind, listed = click.Choice(values), ", ".join(values)
    return lambda: click.Option(names, help=f"{text(help, language())}: {listed}", type=kind, metavar=metavar)


def _argument(name: str, help: str, **more: Any) -> Parameter:
    return lambda: Argument(name, text(help, language()), **more)


@dataclass(frozen=True, slots=True)
class Entry:
    """One command: `module:function` below `commands`, its parameters, and options that exclude each other."""

    function: str
    parameters: tuple[Parameter, ...]
    exclusive: tuple[str, ...] = ()


_CONFIG = _option("--config", help="option.config", type=_FILE_PATH, metavar="FILE")
_JSON = _flag("--json", "as_json", help="option.json")
_SINCE = _option("--since", help="option.since", metavar="TIME")
_UNTIL = _option("--until", help="option.until", metavar="TIME")
_LINES = _argument("file", "option.lines", required=False, metavar="[FILE|-]", type=_FILE)
_USER = _option("--user", help="setup.option.user", metavar="NAME", default="")
_PROPOSED: dict[str, Any] = {"type": _FILE_PATH, "multiple": True, "metavar": "DIR|FILE"}
_RULES = (_JSON, _CONFIG, _option("--rules", "proposed", help="option.rules", **_PROPOSED))
_ADMINISTRATOR = (
    _option("--user", help="hub.option.user", metavar="USER", default=""),
    _option("--password-file", help="hub.option.password_file", metavar="FILE", type=_FILE_PATH),
)

# fmt: off
_DASHBOARD = (
    _CONFIG, _JSON,
    _option("--url", help="option.url", metavar="URL"),
    _flag("--sign-out", help="option.sign_out"),
)
COMMANDS: Mapping[str, Entry] = {
    "setup": Entry("setup:setup", (
        _option("--project", help="setup.option.project", metavar="DIR", type=_DIR, default=""),
        _USER,
        _option("--unit", help="setup.option.unit", metavar="UNIT", default=""),
        _flag("--yes", help="setup.option.yes"),
        _flag("--docker", help="setup.option.docker"),
        _flag("--no-instrument", help="setup.option.no_instrument"),
        _flag("--restart", help="setup.option.restart"),
        _flag("--no-start", help="setup.option.no_start"),
        _flag("--dry-run", help="setup.option.dry_run"),
        _flag("--undo", help="setup.option.undo"),
    ), exclusive=("dry_run", "undo")),
    "check": Entry("check:check", (
        _JSON, _option("--config", help="check.option.config", type=_FILE_PATH, metavar="FILE"),
    )),
    "trial": Entry("trial:trial", (
        _option("--project", help="trial.option.project", metavar="DIR", type=_DIR, default=""),
        _USER,
        _flag("--monitor-only", help="trial.option.monitor_only"),
    )),
    "run": Entry("run:run", (_CONFIG,)),
    "status": Entry("status:status", (_CONFIG, _JSON)),
    "incidents": Entry("incidents:incidents", (
        _CONFIG, _JSON, _SINCE, _UNTIL,
        _choice("--type", "error_type", help="option.type", values=TYPES, metavar="TYPE"),
        _choice("--estado", help="option.estado", values=ESTADOS, metavar="ESTADO"),
        _option("--limit", help="option.limit", type=int, default=50, metavar="N"),
        _argument("words", "option.id", nargs=-1, metavar="[show ID]"),
    )),
    "report": Entry("report:report", (
        _CONFIG, _JSON, _SINCE,
        _option("--format", "style", help="option.format", type=click.Choice(("text", "json", "html")),
                metavar="FORMAT"),
    )),
    "space": Entry("space:space", (
        _CONFIG, _JSON, _choice("--list", "listed", help="option.list", values=LOOSE_KINDS, metavar="KIND"),
    )),
    "forecast": Entry("forecast:forecast", (
        _CONFIG, _JSON,
        # Without a file it is the monitor's own past.
        _option("--backtest", "history", help="option.backtest", metavar="[FILE]", type=_FILE, is_flag=False,
                flag_value=""),
        _option("--since", help="option.forecast.since", metavar="TIME"),
    )),
    "retry": Entry("requests:retry", (_CONFIG, _JSON, _argument("incident", "option.incident", metavar="ID"))),
    "ack": Entry("requests:acknowledge", (_CONFIG, _JSON, _argument("incident", "option.ack", metavar="ID"))),
    "silence": Entry("requests:silence", (
        _CONFIG, _JSON,
        _option("--reason", help="option.silence.reason", metavar="TEXT"),
        _choice("--type", "error_type", help="option.silence.type", values=TYPES, metavar="TYPE"),
        _option("--modelo", help="option.silence.modelo", metavar="MODELO"),
        _option("--incident", help="option.silence.incident", metavar="ID"),
        _flag("--list", "listed", help="option.silence.list"),
        _option("--end", help="option.silence.end", metavar="ID"),
        _argument("duration", "option.duration", required=False, metavar="[DURATION]"),
    ), exclusive=("error_type", "modelo", "incident", "listed", "end")),
    "assign": Entry("requests:assign", (
        _CONFIG, _JSON,
        _argument("file", "option.file", metavar="FILE", type=_FILE),
        _argument("modelo", "option.modelo", metavar="MODELO"),
    )),
    "notify": Entry("requests:notify", (
        _CONFIG, _JSON, _argument("words", "option.notify", metavar="test", type=click.Choice(("test",))),
    )),
    "dashboard": Entry("requests:dashboard", _DASHBOARD),
    "rules list": Entry("rules:list_rules", _RULES),
    "rules lint": Entry("rules:lint", _RULES),
    "rules test": Entry("rules:test", (*_RULES, _SINCE, _UNTIL, _LINES)),
    "rules unknown": Entry("rules:unknown", (*_RULES, _flag("--all", "known_too", help="option.all"))),
    "replay": Entry("replay:replay", (
        _JSON,
        _option("--directory", help="option.directory", metavar="DIR", type=_DIR, default=""),
        _SINCE, _UNTIL,
        _flag("--progress", help="option.progress"),
        _option("--rules", "proposed", help="option.proposed", **_PROPOSED),
        _CONFIG, _LINES,
    )),
    "instrument": Entry("instrument:instrument", (
        _CONFIG,
        _option("--models-dir", help="option.models_dir", metavar="DIR", type=_DIR_PATH),
        _argument("program", "option.program", nargs=-1, required=True, metavar="PROGRAM..."),
    )),
    "hub run": Entry("run:run_hub", (_CONFIG,)),
    "fleet join": Entry("fleet:join", (_argument("file", "fleet.option.file", metavar="FILE|-", type=_FILE),)),
    "fleet status": Entry("fleet:status", (_CONFIG, _JSON)),
    "fleet leave": Entry("fleet:leave", ()),
    "hub setup": Entry("hub_setup:setup", (
        _option("--address", help="hub.option.address", metavar="HOST", default=""),
        _option("--listen", help="hub.option.listen", metavar="LIST", default=""),
        _option("--cluster", help="hub.option.cluster", metavar="CLUSTER", default=""),
        _option("--url", help="hub.option.url", metavar="URL", default=""),
        _option("--ca", help="hub.option.ca", metavar="FILE", type=_FILE, default=""),
        *_ADMINISTRATOR,
        _flag("--yes", help="hub.option.yes"),
        _flag("--restart", help="hub.option.restart"),
        _flag("--dry-run", help="setup.option.dry_run"),
        _flag("--undo", help="hub.option.undo"),
    ), exclusive=("dry_run", "undo")),
    "hub invite": Entry("hub:invite", (
        _option("--days", help="hub.option.days", type=click.IntRange(1, 3650), default=730, metavar="N"),
        *_ADMINISTRATOR, _argument("name", "hub.option.name", metavar="NAME"),
    )),
    "hub status": Entry("hub_status:status", (_CONFIG, _JSON)),
    "hub machines": Entry("hub_machines:machines", (
        _CONFIG, _JSON,
        _choice("--state", help="hub.option.state", values=STATES, metavar="STATE"),
        _option("--search", help="hub.option.search", metavar="TEXT", default=""),
        _option("--limit", help="hub.option.limit", type=click.IntRange(1), metavar="N"),
    )),
    "hub dashboard": Entry("requests:hub_dashboard", _DASHBOARD),
    "hub revoke": Entry("hub:revoke", (*_ADMINISTRATOR, _argument("name", "hub.option.name", metavar="NAME"))),
}
# fmt: on
