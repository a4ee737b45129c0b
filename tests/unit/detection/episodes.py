"""Pieces of real form from which the tests build what a bot prints; every name is made up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trafico_monitor.model.journal_entry import JournalEntry, Origin

SITE = "/home/ana/trafico/.venv/lib/python3.11/site-packages"
SERVER = "/home/ana/.telegram-bot-api/<TOKEN>/videos"
MODELS = "/home/ana/trafico/modelos"
POLL = 'INFO:httpx:HTTP Request: POST http://127.0.0.1:8081/bot<TOKEN>/getUpdates "HTTP/1.1 200 OK"'
SEND = 'INFO:httpx:HTTP Request: POST http://127.0.0.1:8081/bot<TOKEN>/sendMessage "HTTP/1.1 200 OK"'
HEADER = "ERROR:telegram.ext.Application:No error handlers are registered, logging exception."
TRACEBACK = "Traceback (most recent call last):"
CAUSE = "The above exception was the direct cause of the following exception:"
HANDLING = "During handling of the above exception, another exception occurred:"


def frame(path: str, function: str, code: str = "return await x(") -> list[str]:
    return [f'  File "{path}", line 12, in {function}', f"    {code}"]


def link(exception: str, *frames: tuple[str, str]) -> list[str]:
    """One traceback of a chain."""
    lines = [TRACEBACK]
    for path, function in frames:
        lines += frame(path, function)
    return [*lines, exception]


LIBRARY = ((f"{SITE}/httpx/_transports/default.py", "map_httpcore_exceptions"),)
HANDLER = (
    (f"{SITE}/telegram/ext/_application.py", "process_update"),
    ("/home/ana/trafico/src/project/bot_central.py", "video_handler"),
)
POLLING = (
    (f"{SITE}/telegram/ext/_utils/networkloop.py", "network_retry_loop"),
    (f"{SITE}/telegram/ext/_updater.py", "polling_action_cb"),
    (f"{SITE}/telegram/ext/_extbot.py", "get_updates"),
)


def getting_file(outer: str, inner: str) -> list[str]:
    """A handler whose get_file ended in `outer`, caused by `inner`."""
    where = (*HANDLER, (f"{SITE}/telegram/_bot.py", "get_file"))
    return [HEADER, *link(inner, *LIBRARY), CAUSE, *link(outer, *where)]


def polling(outer: str, inner: str) -> list[str]:
    return [HEADER, *link(inner, *LIBRARY), CAUSE, *link(outer, *POLLING)]


def sending(outer: str, inner: str) -> list[str]:
    where = (*HANDLER, (f"{SITE}/telegram/_message.py", "reply_text"), (f"{SITE}/telegram/_bot.py", "send_message"))
    return [HEADER, *link(inner, *LIBRARY), CAUSE, *link(outer, *where)]


def starting(file: str, size: int = 5665533) -> list[str]:
    return [
        f"INFO:__main__:🔍 DEBUG: file_path=http://127.0.0.1:8081/file/bot<TOKEN>//var/lib/telegram-bot-api/<TOKEN>/videos/{file}",
        f"INFO:__main__:🔍 DEBUG: file_size={size}",
        f"INFO:__main__:📥 Copiando desde: {SERVER}/{file}",
    ]


def copy_failed(error: str) -> list[str]:
    """The ERROR line of a failed copy and the traceback that follows it."""
    kind = {13: "PermissionError", 2: "FileNotFoundError", 110: "TimeoutError"}.get(
        int(error[7:].split("]")[0]), "OSError"
    )
    where = (*HANDLER, ("/usr/lib/python3.11/shutil.py", "copy2"))
    return [f"ERROR:__main__:❌ Error al copiar: {error}", HEADER, *link(f"{kind}: {error}", *where)]


def entries(lines: Iterable[str], pid: int = 100, start: float = 1000.0, step: float = 0.005) -> list[JournalEntry]:
    return [JournalEntry(line, pid, start + n * step, f"{pid}:{n}") for n, line in enumerate(lines)]


def interleaved(order: Sequence[int], processes: Sequence[Sequence[str]]) -> list[JournalEntry]:
    """The lines of several processes in the order that `order` picks; what is left comes after."""
    left = [list(lines) for lines in processes]
    picked: list[JournalEntry] = []
    names = [0] * len(left)
    turns = [*(turn % len(left) for turn in order), *(n for n, lines in enumerate(left) for _ in lines)]
    for turn in turns:
        if left[turn]:
            line = left[turn].pop(0)
            picked.append(JournalEntry(line, 100 + turn, 1000.0 + len(picked) * 0.005, f"{turn}:{names[turn]}"))
            names[turn] += 1
    return picked


def manager(message: str, at: float, message_id: str = "") -> JournalEntry:
    fields = {"MESSAGE_ID": message_id} if message_id else {}
    return JournalEntry(message, 1, at, f"m:{at}", Origin.MANAGER, fields)
