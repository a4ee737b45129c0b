"""A loud bot: prints what bot_central prints while it serves many people, and fails now and then.

Arguments: lines, failures, lines a second, number of the first video, kind of failure. The failures
are spread evenly over the lines; each names a video of its own whose source lies in the Bot API
directory.
Standard library only: it runs inside the booted machine as the bot's user.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
CONTAINER = "/var/lib/telegram-bot-api"
HOST = "/home/victor/.telegram-bot-api"
MODELOS = ("luna", "yic", "nadia", "sol")
POLL = f'INFO:httpx:HTTP Request: POST http://127.0.0.1:8081/bot{TOKEN}/getUpdates "HTTP/1.1 200 OK"'
READY = "INFO:__main__:todo dicho"
# A timeout or a missing folder, by turns; a full disk, which is told at once; as the first, among what
# a bot prints in days.
MIXED, FULL, DAYS = "mixed", "full", "days"


def video_name(number: int) -> str:
    return f"caos_{number:05}.mp4"


def modelo_of(number: int) -> str:
    return MODELOS[number % len(MODELOS)]


def failure(number: int, kind: str = MIXED) -> list[str]:
    """The lines of one download that fails."""
    modelo, video = modelo_of(number), video_name(number)
    begun = [
        f"INFO:__main__:📥 Video recibido de {modelo}",
        f"INFO:__main__:✅ Video recibido: {video}",
        "INFO:__main__:⏬ Descargando: 1 MB",
        f"INFO:__main__:🔍 DEBUG: file_path={CONTAINER}/{TOKEN}/videos/file_{number}.mp4",
        f"INFO:__main__:📥 Copiando desde: {HOST}/{TOKEN}/videos/file_{number}.mp4",
    ]
    place = f"/home/victor/100-trafico/100trafico/modelos/{modelo}/{video}"
    if kind == FULL:
        return [*begun, f"ERROR:__main__:❌ Error al copiar archivo: [Errno 28] No space left on device: '{place}'"]
    if number % 2:
        return [*begun, f"ERROR:__main__:❌ Error al copiar: [Errno 2] No such file or directory: '{place}'"]
    return [
        *begun,
        "ERROR:telegram.ext.Application:No error handlers are registered, logging exception.",
        "Traceback (most recent call last):",
        '  File "/home/victor/100-trafico/100trafico/src/project/bot_central.py", line 162, in descargar',
        "    await file.download_to_drive(ruta)",
        "telegram.error.TimedOut: Timed out",
    ]


def live_for_days(lines: int, failures: int, pace: float, first: int) -> None:
    """The failures among everything else that a bot and its sibling print, in whole blocks."""
    import days

    sibling = subprocess.Popen([sys.executable, "-u", str(Path(__file__).with_name("poster_prd.py"))])
    begun, blocks, told = time.monotonic(), lines // days.LINES, 0
    for number in range(blocks):
        said = days.block(number)
        while told < (number + 1) * failures // blocks:
            # Between whole lines of requests: a real bot's lines of one download are not torn apart either.
            said += failure(first + told)
            told += 1
        write_whole("\n".join(said) + "\n")
        time.sleep(max(0.0, begun + (number + 1) * days.LINES / pace - time.monotonic()))
    sibling.terminate()
    sibling.wait(10)
    print(READY, flush=True)
    time.sleep(86400)


def write_whole(text: str) -> None:
    """Unbuffered, Python leaves out what one system call does not take."""
    data = memoryview(text.encode())
    while data:
        data = data[os.write(1, data) :]


def main() -> None:
    lines, failures, pace, first = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    kind = sys.argv[5]
    if kind == DAYS:
        live_for_days(lines, failures, pace, first)
    begun, said, told = time.monotonic(), 0, 0
    while said < lines:
        due = said * failures // lines
        block = failure(first + told, kind) if told < due or (said == 0 and failures) else [POLL]
        told += len(block) > 1
        print("\n".join(block), flush=True)
        said += len(block)
        time.sleep(max(0.0, begun + said / pace - time.monotonic()))
    for number in range(first + told, first + failures):
        print("\n".join(failure(number, kind)), flush=True)
    print(READY, flush=True)
    time.sleep(86400)  # a bot that has nothing to do polls for ever; the unit is stopped by the test


if __name__ == "__main__":
    main()
