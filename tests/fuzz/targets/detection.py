"""Lines of a bot in any order, from any process, through restarts: findings, never an error, nothing invented."""

from __future__ import annotations

import json

from tests.unit.detection.test_properties import RULES
from trafico_monitor.detection.detector import Detector
from trafico_monitor.host.redact import redact
from trafico_monitor.incident.tracker import Tracker
from trafico_monitor.model.journal_entry import JournalEntry, Origin

from ..feed import SECRET, TROUBLE, Feed

LONGEST = 2048
WORDS = (
    "INFO:__main__:", "ERROR:__main__:", "WARNING:__main__:", "📥 Copiando desde: ",
    "/home/victor/.telegram-bot-api/<TOKEN>/videos/file_1.mp4", "📥 Video recibido de victor",
    "✅ Video recibido: 20251225_143020_a3f2b1.mp4", "❌ Error al copiar archivo: ", "[Errno 13] Permission denied: '",
    "[Errno 2] No such file or directory: '", "[Errno 28] No space left on device",
    "Traceback (most recent call last):", '  File "x.py", line 1, in f', "    raise X",
    "telegram.error.TimedOut: Timed out", "httpx.ConnectError: All connection attempts failed", "",
    "The above exception was the direct cause of the following exception:",
    "✅ Archivo copiado exitosamente después de fix: 5665533 bytes",
    "INFO:httpx:HTTP Request: POST http://h/bot<TOKEN>/getUpdates", "'", "modelos/victor/20251225_143020_a3f2b1.mp4",
    "timeout", "corrupt", "file_size=5665533", "⏬ Descargando: 250 MB", " (5 de 9 bytes)", "❌",
)  # fmt: skip
DETECTOR = Detector(RULES)  # 25 ms to make; nothing of a case is left by restore({})
EVENTS = ("inicio", "fin", "error", "x")


def fuzz(data: bytes) -> None:
    feed = Feed(data)
    detector, tracker, at = DETECTOR, Tracker(), 1_766_700_000.0
    detector.restore({})
    said: list[str] = []
    for number in range(1 + feed.below(30)):
        at += feed.pick((0.0, 0.001, 0.1, 1.0, 60.0, 4000.0, -5.0))
        entry = _entry(feed, at, number)
        said += [entry.message, *entry.fields.values()]
        for finding in detector.feed(entry):
            tracker.observe(finding)
        if feed.chance(8):
            memory = json.loads(json.dumps([detector.snapshot(), tracker.snapshot()]))
            detector.restore({})
            detector.restore(memory[0])
            fresh = Tracker()
            fresh.restore(tracker.open_incidents(), memory[1])
            tracker = fresh
    for finding in detector.settle(float("inf")):
        tracker.observe(finding)
    everything = "\n".join(said)
    for incident in tracker.open_incidents():
        for known in (incident.download.modelo, incident.download.video):
            assert known is None or known in everything, (known, said)  # never invented
        assert SECRET not in repr(incident)


def _entry(feed: Feed, at: float, number: int) -> JournalEntry:
    line = "".join(
        feed.pick(WORDS) if feed.chance(3) or feed.chance() else feed.pick(TROUBLE[:40]) for _ in range(feed.below(5))
    )
    fields = {}
    if feed.chance(6):
        names = ("EVENTO", "MODELO", "VIDEO", "FILE_ID", "FILE_SIZE", "DESTINO")
        fields = {
            f"TRAFICO_{name}": feed.pick(EVENTS) if name == "EVENTO" else feed.text(2, WORDS)
            for name in names
            if feed.chance()
        }
    origin = feed.pick((Origin.BOT, Origin.BOT, Origin.BOT, Origin.MANAGER, Origin.JOURNALD))
    # As the door hands them on.
    safe = {name: redact(value) for name, value in fields.items()}
    return JournalEntry(redact(line), feed.pick((7, 8, 1, 0)), at, f"c{number}", origin, safe)
