"""What the door has made shorter is put together again as it was written."""

from __future__ import annotations

import pytest

from tests.cases import each
from tests.unit.detection import episodes as e
from tests.unit.detection.log_writers import rich_table
from tests.unit.detection.test_detector import rules  # noqa: F401
from trafico_monitor.detection.ruleset.engine import RuleSet
from trafico_monitor.host.redact import remember
from trafico_monitor.host.torn import LineRedactor
from trafico_monitor.journal.parser import bot_entry
from trafico_monitor.model.journal_entry import JournalEntry
from trafico_monitor.pipeline.dry_run import simulate

TOKEN = "1234567890:AAExampleForTests-NobodysToken-0009"  # made up: the form of a token, of no bot
VIDEO = "20260101_101010_abcdef.mp4"
SOURCE = f"/home/ana/.telegram-bot-api/{TOKEN}/videos/file_16.mp4"
SAID = (
    ("INFO", f"📥 Copiando desde: {SOURCE}"),
    ("ERROR", f"❌ Error al copiar: [Errno 28] No space left on device: '{SOURCE}' -> '{e.MODELS}/yic/{VIDEO}'"),
    ("INFO", f"HTTP Request: POST http://127.0.0.1:8081/bot{TOKEN}/getUpdates"),
    ("INFO", "⏳ Esperando videos…"),
)


def entries(width: int, token: str = TOKEN, **options: object) -> list[JournalEntry]:
    write = rich_table(width, **options)
    said = [(level, text.replace(TOKEN, token)) for level, text in SAID]
    lines = [line for level, text in said for line in write(level, "__main__", text, None).split("\n")]
    door = LineRedactor()
    return [
        bot_entry(line.encode(), 7, 1000 + number * 0.005, f"c{number}", door=door.line)
        for number, line in enumerate(lines)
    ]


@pytest.mark.slow
@each("known", [False, True])
@each("options", [{}, {"show_path": False}, {"show_time": False}])
@each("width", [*range(70, 131), 160, 200, 300])
def test_a_place_with_a_token_in_wrapped_rows(
    rules: RuleSet,  # noqa: F811
    width: int,
    options: dict[str, object],
    known: bool,
) -> None:
    if known:
        remember([], TOKEN)
    said = entries(width, **options)
    assert TOKEN[15:30] not in "".join(entry.message for entry in said)
    [found] = simulate(said, rules)
    plain = "x" * len(TOKEN)  # nothing to redact
    [expected] = simulate(entries(width, plain, **options), rules)
    one, other = found.incident, expected.incident
    assert (one.error_type, one.download.video, one.download.destination) == (
        other.error_type,
        other.download.video,
        other.download.destination,
    )
    assert other.download.source == SOURCE.replace(TOKEN, plain)
    folder, _, below = str(one.download.source).partition("<TOKEN>")
    assert below == "/videos/file_16.mp4"
    if known:  # of another's number the first digits may stay
        assert folder == "/home/ana/.telegram-bot-api/"
