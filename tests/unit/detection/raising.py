"""Real exceptions whose frames lie in the files of a bot and of its libraries."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from . import episodes as e

# The files are really there: rich looks for them.
_ROOT = Path(tempfile.mkdtemp())
atexit.register(shutil.rmtree, _ROOT, ignore_errors=True)
_SITE = f"{_ROOT}/.venv/lib/python3.11/site-packages"
Raised = tuple[type[BaseException], BaseException, TracebackType | None]
OWN = f"{_ROOT}/src/project/bot_central.py"
_HANDLER = ((f"{_SITE}/telegram/ext/_application.py", "process_update"), (OWN, "video_handler"))
COPYING = (*_HANDLER, (OWN, "copiar"), (f"{_ROOT}/python3.11/shutil.py", "copy2"))
GETTING = (*_HANDLER, (f"{_SITE}/telegram/_bot.py", "get_file"))
SENDING = (*_HANDLER, (f"{_SITE}/telegram/_message.py", "reply_text"), (f"{_SITE}/telegram/_bot.py", "send_message"))
POLLING = (
    (f"{_SITE}/telegram/ext/_utils/networkloop.py", "network_retry_loop"),
    (f"{_SITE}/telegram/ext/_updater.py", "polling_action_cb"),
    (f"{_SITE}/telegram/ext/_extbot.py", "get_updates"),
)
CLIENT = ((f"{_SITE}/httpx/_transports/default.py", "map_httpcore_exceptions"),)
_MODULES = {
    "TimedOut": "telegram.error",
    "NetworkError": "telegram.error",
    "ReadTimeout": "httpx",
    "ConnectError": "httpx",
}


def _named(name: str) -> type[Exception]:
    return type(name, (Exception,), {"__module__": _MODULES[name]})


def _calling(frames: Sequence[tuple[str, str]], error: BaseException, cause: BaseException | None) -> BaseException:
    """`error`, raised in the innermost of `frames`, which call one another."""

    def innermost() -> None:
        raise error from cause

    step: object = innermost
    for path, function in reversed(frames):
        line = 100
        source = "\n" * line + f"def {function}(paso):\n    secreto = 'ReadTimeout: timed out'\n    return paso()\n"
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(source, encoding="utf-8")
        names: dict[str, object] = {}
        exec(compile(source, path, "exec"), names)
        step = _bound(names[function], step)
    try:
        step()  # type: ignore[operator]
    except BaseException as raised:
        return _shortened(raised)
    raise AssertionError


def _bound(function: object, step: object) -> object:
    def call() -> None:
        function(step)  # type: ignore[operator]

    return call


def _shortened(error: BaseException) -> BaseException:
    """`error` with the frames of those files alone."""
    kept = []
    at = error.__traceback__
    while at is not None:
        if at.tb_frame.f_code.co_filename != __file__:
            kept.append(at)
        at = at.tb_next
    trace = None
    for one in reversed(kept):
        trace = TracebackType(trace, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return error.with_traceback(trace)


def missing_folder() -> Raised:
    path = f"{e.MODELS}/luna/20260101_101010_abcdef.mp4"
    return _info(_calling(COPYING, FileNotFoundError(2, "No such file or directory", path), None))


def denied() -> Raised:
    path = f"{e.MODELS}/yic/20260101_101010_abcdef.mp4"
    return _info(_calling(COPYING, PermissionError(13, "Permission denied", path), None))


def full_disk() -> Raised:
    source, destination = (
        "/home/ana/.telegram-bot-api/1/videos/file_16.mp4",
        f"{e.MODELS}/yic/20260101_101010_abcdef.mp4",
    )
    return _info(_calling(COPYING, OSError(28, "No space left on device", source, None, destination), None))


def timed_out(frames: Sequence[tuple[str, str]] = GETTING) -> Raised:
    inner = _calling(CLIENT, _named("ReadTimeout")(), None)
    return _info(_calling(frames, _named("TimedOut")("Timed out"), inner))


def refused() -> Raised:
    inner = _calling(CLIENT, _named("ConnectError")("All connection attempts failed"), None)
    words = "httpx.ConnectError: All connection attempts failed"
    return _info(_calling(GETTING, _named("NetworkError")(words), inner))


def in_a_group(raised: Raised) -> Raised:
    """As asyncio.TaskGroup raises it."""
    group = ExceptionGroup("unhandled errors in a TaskGroup", [raised[1]])  # type: ignore[list-item]
    return _info(_calling(((OWN, "main"),), group, None))


def _info(error: BaseException) -> Raised:
    return type(error), error, error.__traceback__


def printed(raised: Raised) -> list[str]:
    """What CPython prints of it."""
    return "".join(traceback.format_exception(*raised)).rstrip("\n").split("\n")
