"""Which values of a .env and of the configuration no text may show."""

from __future__ import annotations

from pathlib import Path

from tests.cases import each
from trafico_monitor.config.dotenv_file import secrets_of_env
from trafico_monitor.config.loader import load
from trafico_monitor.host.redact import redact

TOKEN = "1234567890:AAExampleExampleExampleExampleExamp"


@each(
    ("name", "value", "secrets"),
    [
        ("TELEGRAM_TOKEN", TOKEN, [TOKEN]),
        ("API_HASH", "0123456789abcdef", ["0123456789abcdef"]),
        ("supabase_key", "una clave con espacios", ["una clave con espacios"]),
        ("DB_PASSWORD", "a@b/c:d%41", ["a@b/c:d%41"]),
        ("DATABASE_URL", "postgres://bot:p%40ss@db/x", ["postgres://bot:p%40ss@db/x", "bot:p%40ss", "p%40ss", "p@ss"]),
        ("PRIVATE_KEY", "BEGIN\\nMIIEvQIBADANBgkqhkiG", ["BEGIN\\nMIIEvQIBADANBgkqhkiG", "MIIEvQIBADANBgkqhkiG"]),
        ("TELEGRAM_BOT_API_LOCAL_URL", "http://127.0.0.1:8081", []),
        ("MODELS_DIR", "/home/ana/modelos", []),
        ("KEY_FILE", "/home/ana/.ssh/id_ed25519", []),
        ("TOKEN_DIR", "../secretos", []),
        ("ADMIN_ID", "123456789", []),
        ("API_KEY", "", []),
    ],
)
def test_the_secrets_of_a_line(name: str, value: str, secrets: list[str]) -> None:
    assert list(secrets_of_env({name: value})) == secrets


def test_loading_makes_them_known(tmp_path: Path) -> None:
    (tmp_path / "project/src").mkdir(parents=True)
    (tmp_path / "project/src/.env").write_text(
        f"TELEGRAM_TOKEN={TOKEN}\nexport SUPABASE_KEY='clave muy larga'\nDB=postgres://u:larga-clave@h/db\nPASS=corta\n"
    )
    main = tmp_path / "config.toml"
    main.write_text(
        f'[project]\ndir = "{tmp_path}/project"\n[alerts]\nping_url = "https://hc.example.org/ping/0a1b2c3d4e5f6a7b"\n'
        '[channels.panel]\nkind = "webhook"\nurl = "https://panel.example.org/hook?auth=long-enough-1"\n'
        '[channels.mail]\nkind = "apprise"\nurl = "mailto://ana:clave-de-correo@example.org"\n'
    )
    load(main, {})
    told = redact("clave muy larga / larga-clave / 0a1b2c3d4e5f6a7b / long-enough-1 / clave-de-correo / corta")
    assert told == "<SECRET> / <SECRET> / <SECRET> / <SECRET> / <SECRET> / corta"
    assert redact(TOKEN) == "<TOKEN>" and redact(TOKEN.replace("AA", "AB")) == "<SECRET>"
