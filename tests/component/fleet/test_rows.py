"""What the rows of the fleet's database hold: no secret, and without names no word of the bot's lines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.component.fleet.sending import ask, until
from tests.component.fleet.test_service import all_sent, fleet, local
from tests.component.service.running import RunningService
from tests.journal_fixtures import BotProcess, PrivateJournald, private_journald
from tests.postgresql import Cluster
from tests.unit.host.secrets import SECRETS
from trafico_monitor.fleet.database import Endpoint

pytestmark = pytest.mark.slow

TOKEN = "7654321098:AAExampleExampleExampleExampleExamp"
MODELO, VIDEO, OTHER = "lunaluna", "nochesecreta", "marmarmar"


@pytest.fixture(scope="module")
def journald() -> Iterator[PrivateJournald]:
    with private_journald(f"rows{os.getpid()}") as running:
        yield running


async def rows_of_every_table(owner: Endpoint) -> str:
    """Every column of every table of the schema."""
    tables = await ask(owner, "SELECT tablename FROM pg_tables WHERE schemaname = 'trafico'")
    assert {"records", "incidents", "heartbeats", "positions", "machines"} <= {name for (name,) in tables}
    rows = [row for (name,) in tables for row in await ask(owner, f"SELECT to_jsonb(t)::text FROM trafico.{name} t")]
    return "\n".join(text for (text,) in rows)


def say_everything(bot: BotProcess, home: Path) -> None:
    """Lines of every kind with the modelo's and the video's name, and with every secret."""
    models = home / "project/modelos"
    place = f"{models}/{MODELO}/{VIDEO}.mp4"
    bot.say(
        f"INFO:__main__:📥 Video recibido de {MODELO}",
        f"INFO:__main__:✅ Video recibido: {VIDEO}.mp4",
        f"ERROR:__main__:❌ Error: [Errno 2] No such file or directory: '{place}'",
        f"INFO:__main__:📥 Video recibido de {OTHER}",
        f"INFO:__main__:✅ Video recibido: {VIDEO}-{TOKEN}.mp4",
        f"ERROR:__main__:❌ Error al copiar archivo: [Errno 28] No space left on device: '{place}'",
        f"ERROR:__main__:❌ Error: Timed out https://api.telegram.org/bot{TOKEN}/getFile {place}",
        f"ERROR:__main__:❌ Error: [Errno 13] Permission denied: '{models}/{OTHER}/{VIDEO}.mp4'",
        f"ERROR:__main__:❌ Error: moov atom not found: {place}",
        "ERROR:__main__:❌ Error procesando",
        "Traceback (most recent call last):",
        f'  File "/srv/bot/bot_central.py", line 7, in {MODELO}',
        f"    guardar('{VIDEO}', token='{TOKEN}')",
        f"KeyError: '{OTHER} {VIDEO} {TOKEN}'",
        f"CRITICAL:{MODELO}:{VIDEO} {OTHER}",
    )
    for line, _ in SECRETS.values():
        bot.say(*f"ERROR:__main__:❌ Error: Timed out {line}".split("\n"))


@pytest.mark.parametrize("names", [True, False])
async def test_no_row_has_a_secret_and_without_names_none_has_a_word_of_the_lines(
    journald: PrivateJournald, server: Cluster, owner: Endpoint, tmp_path: Path, names: bool
) -> None:
    checks = fleet(server, f"names = {str(names).lower()}")
    with RunningService(tmp_path, journald.name, checks=checks):
        with BotProcess(journald) as bot:
            say_everything(bot, tmp_path)
        await until(lambda: "No se pudo resolver" in str(local(tmp_path)), "they are recorded")
        # The texts differ without names.
        numbers = "SELECT array_agg(seq ORDER BY seq) FROM trafico.records"
        await until(lambda: _same(owner, numbers, tmp_path), "they arrive")
        if names:
            await all_sent(tmp_path, owner)
    found, here = await rows_of_every_table(owner), str(local(tmp_path))
    secrets = {TOKEN, TOKEN.partition(":")[2], *(secret for _, secret in SECRETS.values())}
    assert [one for one in secrets if one in found] == []
    words = (MODELO, VIDEO, OTHER, "KeyError", "moov atom")
    assert all(word in here for word in words[:3])
    assert [word for word in words[:3] if word in found] == (list(words[:3]) if names else [])
    assert names or [word for word in words if word in found] == []
    assert "disco_lleno" in found and "ruta_inexistente" in found


async def _same(owner: Endpoint, numbers: str, home: Path) -> bool:
    return await ask(owner, numbers) == [([seq for seq, _ in local(home)],)]
