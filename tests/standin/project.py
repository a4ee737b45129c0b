"""Lays out the user's project as it is on their machine, with the stand-in programs in it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parent / "project"
FIRST_USER_ID = 1001  # Telegram user of the first modelo; the next one's is one higher


def lay_out(target: Path, *, token: str, admin_id: str, url: str, models: Sequence[str]) -> None:
    """Put main.py, src/project/*.py, src/.env and modelos/<modelo>/config.json under `target`.

    What is there already is overwritten; videos are left alone. `url` is the Bot API server's.
    """
    shutil.copytree(TEMPLATE, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    env_file = target / "src" / ".env"
    env_file.write_text(
        "# Credenciales de Telegram\n"
        f"TELEGRAM_TOKEN={token}\n"
        f"ADMIN_ID={admin_id}\n"
        "API_ID=12345\n"
        "API_HASH=0123456789abcdef0123456789abcdef\n"
        "\n"
        "# Servidor local de Telegram\n"
        "USE_LOCAL_BOT_API=true\n"
        f"TELEGRAM_BOT_API_LOCAL_URL={url}\n",
        encoding="utf-8",
    )
    env_file.chmod(0o640)
    for number, modelo in enumerate(models):
        folder = target / "modelos" / modelo
        folder.mkdir(parents=True, exist_ok=True)
        config = {"nombre": modelo, "telegram_user_id": str(FIRST_USER_ID + number)}
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def user_id_of(target: Path, modelo: str) -> int:
    """The Telegram user whose videos the bot files under `modelo`."""
    config = json.loads((target / "modelos" / modelo / "config.json").read_text(encoding="utf-8"))
    return int(config["telegram_user_id"])
