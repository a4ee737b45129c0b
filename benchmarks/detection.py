"""Lines per second of the detection engine, compared with six `re.search` calls per line.

Run from the repository: `python3 benchmarks/detection.py [--json] [--lines N]`. Both sides process the same lines in
turn, in CPU time, so the ratio is valid on a busy machine; the best of several rounds counts.
"""

from __future__ import annotations

import argparse
import gc
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from trafico_monitor.detection.detector import Detector  # noqa: E402
from trafico_monitor.detection.ruleset.loader import load  # noqa: E402
from trafico_monitor.model.journal_entry import JournalEntry  # noqa: E402

ROUNDS = 5
# The searches of an earlier monitor of this bot, line by line.
SIX = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"timeout|timed out|connection.*timeout",
        r"permission denied|chmod|chown|sudo.*error",
        r"corrupt|invalid.*file|broken.*video|ffmpeg.*error",
        r"no such file|directory.*not found|path.*not.*exist",
        r"no space left|disk.*full|quota.*exceeded",
        r"connection refused|bot api.*down|127\.0\.0\.1:8081.*failed",
    )
)
POLL = 'INFO:httpx:HTTP Request: POST http://127.0.0.1:8081/bot<TOKEN>/{} "HTTP/1.1 200 OK"'
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
WORDS = ("luna", "mar", "sol", "playa", "verano", "noche", "calle", "casa", "perro", "gato", "rojo", "azul", "verde")
# Lines that look like failures but are none: the rules must reject them.
LOOKALIKES = (
    "ERROR:database.contenidos_prd:❌ Error creando contenido 'modelos/luna/20260101_101010_{n:06x}.mp4': timed out",
    "ERROR:caption:⚠️ Error llamando a Gemini (intento {n}): 504 Deadline Exceeded",
    "INFO:rss:Monitoring tasks summary: updated({n}), skipped(0), timeout(0)",
    "2026-01-01 10:10:10,{n} - telegram.ext.Updater - ERROR - Error while getting Updates: Timed out",
)


def unheard_of(number: int) -> str:
    """A line of the bot unlike any line before it, even in its words."""
    letters = "".join(chr(97 + number // 26**place % 26) for place in range(4))
    words = " ".join(WORDS[(number // (place + 1) + place) % len(WORDS)] for place in range(8))
    return f"INFO:__main__:Mensaje de {letters}: {words}"


def unheard_of_word_by_word(number: int) -> str:
    """A line in which every word is new."""
    return " ".join(
        "".join(chr(97 + (number * 31 + place * 7919) // 26**n % 26) for n in range(6)) for place in range(9)
    )


def streams(lines: int) -> dict[str, list[str]]:
    """Returns name of the kind → its lines."""
    polls = [POLL.format(METHODS[n % len(METHODS)]) for n in range(lines)]
    unlike = [OTHERS[n % len(OTHERS)].format(n=n * 7919 % 999983) for n in range(lines)]
    alike = [OTHERS[n % len(OTHERS)].format(n=n % 7) for n in range(lines)]
    return {
        "the bot's journal (90 % requests)": [(unlike if n % 10 == 0 else polls)[n] for n in range(lines)],
        "requests answered 200": polls,
        "other lines, repeating": alike,
        "other lines, most of them new": unlike,
        "other lines, words never seen so": [unheard_of(n) for n in range(lines)],
        "other lines, every word new": [unheard_of_word_by_word(n) for n in range(lines)],
        "worst: look-alikes of failures": [LOOKALIKES[n % 4].format(n=n) for n in range(lines)],
    }


def engine(entries: list[JournalEntry]) -> Callable[[], None]:
    rules = load({file.name: file.read_text() for file in (ROOT / "trafico_monitor/detection/rules").glob("*.toml")})
    # One per round, created before the measurement: nothing is cached from the last one.
    detectors = iter([Detector(rules) for _ in range(ROUNDS)])

    def run() -> None:
        feed = next(detectors).feed
        for entry in entries:
            feed(entry)

    return run


def six_searches(entries: list[JournalEntry]) -> Callable[[], None]:
    def run() -> None:
        for entry in entries:
            message = entry.message
            for pattern in SIX:
                pattern.search(message)

    return run


def measured(lines: list[str]) -> tuple[float, float]:
    """Returns seconds per line of the engine and of the six searches: the best of the rounds."""
    entries = [JournalEntry(line, 7, 1000.0 + n * 0.01, f"c{n}") for n, line in enumerate(lines)]
    sides = [engine(entries), six_searches(entries)]
    best = [float("inf")] * 2
    for _ in range(ROUNDS):
        for side, run in enumerate(sides):
            gc.collect()
            began = time.thread_time()
            run()
            best[side] = min(best[side], time.thread_time() - began)
    return best[0] / len(lines), best[1] / len(lines)


def results(lines: int) -> Iterator[dict[str, object]]:
    for name, texts in streams(lines).items():
        ours, theirs = measured(texts)
        yield {
            "lines": name,
            "per_second": round(1 / ours),
            "six_searches_per_second": round(1 / theirs),
            "ratio": round(theirs / ours, 1),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--lines", type=int, default=20_000, metavar="N", help="lines of each kind")
    arguments = parser.parse_args()
    if not arguments.json:
        print(f"{'lines':36}{'engine/s':>12}{'six searches/s':>16}{'ratio':>8}")
    for row in results(arguments.lines):
        if arguments.json:
            print(json.dumps(row))
        else:
            print(f"{row['lines']:36}{row['per_second']:>12,}{row['six_searches_per_second']:>16,}{row['ratio']:>8}")


if __name__ == "__main__":
    main()
