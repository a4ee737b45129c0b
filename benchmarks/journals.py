"""Journals for the benchmarks: weeks of a bot's output, generated in a minute with systemd-journal-remote."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

JOURNAL_REMOTE = "/lib/systemd/systemd-journal-remote"
UNIT = "trafico-main.service"
PROCESS = "bot_central.py"
TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
POLL = f'INFO:httpx:HTTP Request: POST http://127.0.0.1:8081/bot{TOKEN}/{{}} "HTTP/1.1 200 OK"'
METHODS = ("getUpdates", "getUpdates", "getUpdates", "sendMessage", "editMessageText", "answerCallbackQuery")
# The bot's other lines; {n} differs from line to line.
OTHERS = (
    "INFO:telegram.ext.Application:Application started",
    "🔍 Cargando mapeo de modelos desde /home/ana/trafico/modelos...",
    "✅ Mapeo cargado: {n} modelos encontrados",
    "📊 Modelos mapeados: {n} modelos",
    "INFO:caption:🏷️ Tags generados (5): [sol, playa, luna{n}, mar, verano]",
    "💤 No hay publicaciones programadas. Esperando...",
    "INFO:database.contenidos_prd:✅ Contenido creado: modelos/luna/20260101_101010_{n:06x}.mp4 (ID: {n})",
    'INFO:httpx:HTTP Request: GET https://abcdefgh.supabase.co/rest/v1/modelos?select=id&id=eq.{n} "HTTP/2 200 OK"',
    "DEBUG:__main__:Usuario {n} eligió la plataforma y el horario; se guarda la respuesta y se pasa al paso siguiente",
    "INFO:apscheduler.executors.default:Running job \"sync (trigger: interval[0:01:00], next run at: {n})\"",
)  # fmt: skip
_FOLDER = "/home/ana/trafico/modelos/luna/20260101_101010_{n:06x}.mp4"
_SERVED = f"/home/ana/.telegram-bot-api/{TOKEN}/videos/file_{{n}}.mp4"
# One line, one failure, of each type that a line alone tells.
ERRORS = (
    f"ERROR:__main__:❌ Error al copiar archivo: [Errno 13] Permission denied: '{_SERVED}'",
    f"ERROR:__main__:❌ Error al copiar archivo: [Errno 28] No space left on device: '{_FOLDER}'",
    f"ERROR:__main__:❌ Error al copiar: [Errno 2] No such file or directory: '{_FOLDER}'",
    f"ERROR:__main__:❌ Error descargando {_FOLDER}: Timed out",
    f"ERROR:__main__:❌ Archivo corrupto: {_FOLDER}: moov atom not found",
)
_FIELDS = {
    "__REALTIME_TIMESTAMP": "{at}",
    "__MONOTONIC_TIMESTAMP": "{monotonic}",
    "_BOOT_ID": "b" * 32,
    "_MACHINE_ID": "c" * 32,
    "_HOSTNAME": "estudio",
    "_TRANSPORT": "stdout",
    "PRIORITY": "6",
    "SYSLOG_FACILITY": "3",
    "SYSLOG_IDENTIFIER": "python",
    "_UID": "1000",
    "_GID": "1000",
    "_COMM": "python",
    "_EXE": "/usr/bin/python3.11",
    "_PID": "1301",
    "_CMDLINE": f"/home/ana/trafico/.venv/bin/python /home/ana/trafico/src/project/{PROCESS}",
    "_CAP_EFFECTIVE": "0",
    "_SYSTEMD_CGROUP": f"/system.slice/{UNIT}",
    "_SYSTEMD_UNIT": UNIT,
    "_SYSTEMD_SLICE": "system.slice",
    "_SYSTEMD_INVOCATION_ID": "d" * 32,
    "_STREAM_ID": "e" * 32,
    "MESSAGE": "{line}",
}  # what journald keeps of a service's line
_ENTRY = "".join(f"{name}={value}\n" for name, value in _FIELDS.items()) + "\n"
BEGIN = 1_767_261_600.0  # 2026-01-01 10:00 UTC
APART = 0.5  # seconds: a million lines are about six days


def lines(count: int, errors: float) -> Iterator[str]:
    """Returns `count` lines, of which a share `errors` are failures, each of another video; nine in ten of the
    others are requests."""
    every = round(1 / errors) if errors else count + 1
    for n in range(count):
        if n % every == every - 1:
            yield ERRORS[n // every % len(ERRORS)].format(n=n)
        elif n % 10 == 5:
            yield OTHERS[n // 10 % len(OTHERS)].format(n=n * 7919 % 999983)
        else:
            yield POLL.format(METHODS[n % len(METHODS)])


def printed(count: int, errors: float) -> Iterator[str]:
    """As `lines`, but with failures as a bot prints them: each an ERROR record with its traceback, 15 to 60 lines
    that count towards the share."""
    said, failed, number = 0, 0, 0
    while said < count:
        story = list(_failure(number, 15 + number * 7 % 46)) if failed <= said * errors else []
        if not story:
            other = OTHERS[said // 10 % len(OTHERS)].format(n=said * 7919 % 999983)
            story = [other if said % 10 == 5 else POLL.format(METHODS[said % len(METHODS)])]
        else:
            failed, number = failed + len(story), number + 1
        yield from story[: count - said]
        said += len(story)


def _failure(number: int, length: int) -> Iterator[str]:
    """Returns one failure of `length` lines: the record, the library's exception, the bot's own one."""
    file = f"/home/ana/trafico/modelos/luna/20260101_101010_{number:06x}.mp4"
    site = "/home/ana/trafico/.venv/lib/python3.11/site-packages"
    yield f"ERROR:__main__:❌ Error descargando {file}: Timed out"
    yield "Traceback (most recent call last):"
    for n in range((length - 10) // 2):
        yield f'  File "{site}/httpcore/_async/connection_pool.py", line {n + 200}, in handle_async_request'
        yield "    response = await connection.handle_async_request(request)"
    yield "httpcore.ReadTimeout"
    yield ""
    yield "The above exception was the direct cause of the following exception:"
    yield ""
    yield "Traceback (most recent call last):"
    yield f'  File "{site}/telegram/_bot.py", line 4000, in get_file'
    yield "    result = await self._post("
    yield "telegram.error.TimedOut: Timed out"


Writing = Callable[[int, float], Iterator[str]]


def made(folder: Path, count: int, errors: float, write: Writing = lines) -> Path:
    """Returns a directory with a journal of such lines; cached in `folder` for the next run."""
    sample = "".join(write(2000, errors)) if write is not lines else "".join(lines(200, errors))
    name = hashlib.sha256(f"{count} {errors} {sample} {_ENTRY}".encode()).hexdigest()[:12]
    place = folder / f"journal-{count}-{name}"
    if not place.exists():
        making = folder / f".{place.name}"
        making.mkdir(parents=True, exist_ok=True)
        _write(making / "bench.journal", write(count, errors))
        making.rename(place)
    return place


def _write(file: Path, said: Iterator[str]) -> None:
    file.unlink(missing_ok=True)
    with subprocess.Popen(
        [JOURNAL_REMOTE, "-o", str(file), "--split-mode=none", "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as writer:
        assert writer.stdin is not None
        for n, line in enumerate(said):
            at = round((BEGIN + n * APART) * 1e6)
            writer.stdin.write(_ENTRY.format(at=at, monotonic=1_000_000 + n, line=line).encode())
        _, said = writer.communicate()
    if writer.returncode:
        raise RuntimeError(said.decode("utf-8", "replace"))
