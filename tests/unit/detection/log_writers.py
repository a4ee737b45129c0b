"""The real libraries that bots log with, each behind one function: what it writes for one record."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from types import TracebackType

import coloredlogs
import structlog
from loguru import logger as loguru_logger
from pythonjsonlogger.json import JsonFormatter
from rich.console import Console
from rich.logging import RichHandler

Info = tuple[type[BaseException], BaseException, TracebackType | None] | None
# level, logger, message and exception in; the text that goes to the log out.
Writer = Callable[[str, str, str, Info], str]

PYTHON = {
    "basic": logging.BASIC_FORMAT,
    "ptb": "%(asctime)s - %(name)s - %(levelname)s - %(message)s",
    "padded": "%(asctime)s %(levelname)-8s %(name)s: %(message)s",
    "brackets": "[%(asctime)s] [%(levelname)s] [%(name)s] %(message)s",
    "level first": "%(levelname)s - %(asctime)s - %(name)s - %(message)s",
    "bars": "%(asctime)s | %(levelname)s | %(name)s | %(message)s",
    "colons": "%(asctime)s:%(levelname)s:%(name)s:%(message)s",
    "flask": "[%(asctime)s] %(levelname)s in %(name)s: %(message)s",
    "name and pid": "%(asctime)s servidor %(name)s[%(process)d] %(levelname)s %(message)s",
    "thread": "%(asctime)s [%(threadName)s] %(levelname)s %(name)s: %(message)s",
    "telebot": "%(asctime)s (%(filename)s:%(lineno)d %(threadName)s) %(levelname)s - %(name)s: %(message)s",
    "colour": "\x1b[32m%(asctime)s\x1b[0m \x1b[31m%(levelname)s\x1b[0m %(name)s: %(message)s",
    "json by hand": '{"level": "%(levelname)s", "logger": "%(name)s", "message": "%(message)s"}',
}
WITHOUT_LOGGER = {
    "short": "%(levelname)s: %(message)s",
    "bracket": "[%(asctime)s] [%(levelname)s] %(message)s",
    "dated": "%(asctime)s %(levelname)s %(message)s",
    "dash": "%(levelname)s - %(message)s",
    "celery": "[%(asctime)s: %(levelname)s/%(processName)s] %(message)s",
    "file": "%(asctime)s %(filename)s:%(lineno)d %(levelname)s %(message)s",
    "file behind": "%(levelname)s [%(filename)s:%(lineno)d] %(message)s",
    "file in round brackets": "%(asctime)s %(levelname)s (%(filename)s:%(lineno)d) %(message)s",
}
TRANSPORTS = {
    "compose": "bot-1  | ",
    "compose, named": "bot  | ",
    "heroku": "2025-12-26T14:30:20.685803+00:00 app[worker.1]: ",
    "syslog": "Dec 26 14:30:20 servidor docker[2231]: ",
    "syslog twice": "Dec 26 14:30:20 servidor docker[2231]: Dec 26 13:30:20 bot[58]: ",
    "journalctl, iso": "2025-12-26T14:30:20+0100 servidor python3[12]: ",
    "cri": "2025-12-26T14:30:20.123456789Z stdout F ",
    "docker logs": "2025-12-26T14:30:20.123456789Z ",
    "supervisord": "bot stdout | ",
    "honcho": "14:30:20 web.1   | ",
    "compose in syslog": "Dec 26 14:30:20 servidor compose[31]: bot-1  | ",
    "coloured compose": "\x1b[36mbot-1  | \x1b[0m",
    "mark": "\ufeff",
}


def _python(formatter: logging.Formatter) -> Writer:
    def write(level: str, name: str, message: str, info: Info = None) -> str:
        number = logging.getLevelNamesMapping()[level]
        record = logging.LogRecord(name, number, "/srv/bot/bot_central.py", 209, message, None, info, "copiar")
        return formatter.format(record)

    return write


class _NamedFormatter(coloredlogs.ColoredFormatter):  # type: ignore[misc]
    """Its default format asks for the name of the host, which the handler's filter adds."""

    def format(self, record: logging.LogRecord) -> str:
        record.hostname = "servidor"
        return str(super().format(record))


def _loguru(*, colour: bool, serialize: bool) -> Writer:
    def write(level: str, name: str, message: str, info: Info = None) -> str:
        stream = io.StringIO()
        loguru_logger.remove()
        loguru_logger.add(stream, level=0, colorize=colour, serialize=serialize, backtrace=False, diagnose=True)
        named = loguru_logger.patch(lambda record: record.update(name=name))
        named.opt(exception=info).log(level, "{}", message)
        loguru_logger.remove()
        return stream.getvalue().removesuffix("\n")

    return write


def _structlog(renderer: object, *processors: object) -> Writer:
    def write(level: str, name: str, message: str, info: Info = None) -> str:
        stream = io.StringIO()
        first = (structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso"))
        made = structlog.wrap_logger(
            structlog.PrintLogger(stream),
            processors=[*first, *processors, renderer],
            wrapper_class=structlog.BoundLogger,
        ).bind(logger=name)
        getattr(made, level.lower())(message, **({"exc_info": info} if info else {}))
        return stream.getvalue().removesuffix("\n")

    return write


def rich_table(width: int = 200, *, force_terminal: bool = False, **options: object) -> Writer:
    def write(level: str, name: str, message: str, info: Info = None) -> str:
        stream = io.StringIO()
        handler = RichHandler(console=Console(file=stream, width=width, force_terminal=force_terminal), **options)  # type: ignore[arg-type]
        number = logging.getLevelNamesMapping()[level]
        handler.emit(logging.LogRecord(name, number, "/srv/bot/bot_central.py", 209, message, None, info, "copiar"))
        return stream.getvalue().removesuffix("\n")

    return write


_PLAIN = structlog.dev.plain_traceback
_ORDER = ["timestamp", "level", "logger", "event"]
_EXCEPTION = structlog.processors.format_exc_info
WRITERS: dict[str, Writer] = {
    **{name: _python(logging.Formatter(form)) for name, form in PYTHON.items()},
    "coloredlogs": _python(_NamedFormatter()),
    "python-json-logger": _python(JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s")),
    "loguru": _loguru(colour=False, serialize=False),
    "loguru, colours": _loguru(colour=True, serialize=False),
    "loguru, JSON": _loguru(colour=False, serialize=True),
    "structlog": _structlog(structlog.dev.ConsoleRenderer(colors=False, exception_formatter=_PLAIN)),
    "structlog, colours": _structlog(structlog.dev.ConsoleRenderer(colors=True, exception_formatter=_PLAIN)),
    "structlog, JSON": _structlog(structlog.processors.JSONRenderer(), _EXCEPTION),
    "structlog, trees": _structlog(structlog.processors.JSONRenderer(), structlog.processors.dict_tracebacks),
    "structlog, key=value": _structlog(structlog.processors.KeyValueRenderer(key_order=_ORDER), _EXCEPTION),
    "structlog, logfmt": _structlog(structlog.processors.LogfmtRenderer(key_order=_ORDER), _EXCEPTION),
}
# Their records say no logger.
NAMELESS: dict[str, Writer] = {
    **{name: _python(logging.Formatter(form)) for name, form in WITHOUT_LOGGER.items()},
    "rich": rich_table(),
    "rich, short time": rich_table(log_time_format="[%X]"),
    "rich, no time": rich_table(show_time=False),
    "rich, no path": rich_table(show_path=False),
}
