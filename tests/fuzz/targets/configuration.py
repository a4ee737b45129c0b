"""config.toml, conf.d, environment, credentials and the project's .env: a Config, or clear lines without secrets."""

from __future__ import annotations

from trafico_monitor.config import loader, telegram_endpoints
from trafico_monitor.config.schema import KEYS, VARIABLES, key_of
from trafico_monitor.errors import ConfigError

from ..feed import TOKEN, Feed, scratch

LONGEST = 1024
# Of every key that is secret: it must never be in what the operator is told.
PASSWORD = "hunter2-Passw0rd-hunter2"
VALUES = (
    '""', "true", "false", "0", "-1", "7", "1e400", "nan", "inf", "[]", "[1, 2, 4]", '["admin"]', '["dev", "dev"]',
    "{}", '"5GB"', '"1e9GB"', '"/"', '"/srv/x"', '"../x"', '"a/../b"', '"-rm.service"', '"x@y.service"',
    '"http://127.0.0.1:8081/bot"', '"http://[::1"', '"http://h:99999"', '"https://u:p@h/"',
    f'"https://u:{PASSWORD}@h/"', f'"{TOKEN}"', '"@canal"', '"-100123"', '"25:00"', '"22:30"', '"127.0.0.1:8787"',
    '"[::1]:0"', '"es"', '"telegram"', '"webhook"', '"apprise"', "1979-05-27", '"\\u0000"', '"\\u202e"',
)  # fmt: skip
SECRETS = (
    f'"slack://{PASSWORD}/x"', f'"https://hook.example/{PASSWORD}?a=b"', f'"{PASSWORD}"', f'["{PASSWORD}"]',
    f'"123:{PASSWORD}"',
)  # fmt: skip
NAMES = (
    *KEYS, "retry.max_attemps", "bogus.key", "channels.dev.kind", "channels.dev.url", "channels.admin.chat",
    "routes.r.to", "channels", "x",
)  # fmt: skip
ENVIRONMENT = ("true", "no", "quizá", TOKEN, "123", "http://localhost:1/bot", "\n", "x" * 5000, "")

_place = scratch()
(_place / "conf.d").mkdir()
(_place / "project/src").mkdir(parents=True)
(_place / "credentials").mkdir()


def fuzz(data: bytes) -> None:
    feed = Feed(data)
    main, drop_in, env = _place / "config.toml", _place / "conf.d/50-x.toml", _place / "project/src/.env"
    main.write_bytes(_toml(feed))
    drop_in.write_bytes(_toml(feed) if feed.chance() else b"")
    env.write_bytes(_env(feed))
    environ = {name: feed.pick(ENVIRONMENT) for name in VARIABLES if feed.chance(4)}
    if feed.chance(4):
        (_place / "credentials/alert-token").write_bytes(feed.take(80))
        environ["CREDENTIALS_DIRECTORY"] = str(_place / "credentials")
    environ["LANG"] = feed.pick(("es_ES.UTF-8", "en_US.UTF-8", ""))
    try:
        config = loader.load(main, environ)
    except ConfigError as error:
        lines = str(error).split("\n")
        assert all(line and line.isprintable() for line in lines), lines
        assert TOKEN not in str(error) and PASSWORD not in str(error), error
        return
    # Elsewhere a text may be any: who calls the bot's process by a password has shown it himself.
    kept = repr((config.telegram, config.channels, config.alerts))
    assert TOKEN not in kept and PASSWORD not in kept
    for channel in telegram_endpoints.channels(config):
        telegram_endpoints.independent(channel, config)
        # The bot's own token is used on one server, whatever the file says.
        if channel.token and channel.token == config.telegram.token and config.bot_api.local:
            assert not telegram_endpoints.same_server(
                channel.api_url, telegram_endpoints.PUBLIC
            ) or telegram_endpoints.same_server(config.bot_api.url, telegram_endpoints.PUBLIC)
    telegram_endpoints.control_socket(config), telegram_endpoints.alert_independent(config)


def _toml(feed: Feed) -> bytes:
    if feed.chance(4):
        return feed.take(200)
    lines = [f'project.dir = "{_place}/project"'] if feed.chance() else []
    for _ in range(feed.below(12)):
        name = feed.pick(NAMES).replace("*", feed.pick(("dev", "r", "admin", "Ñ", "")) or '""')
        key = key_of(name)
        secret = key is not None and key.secret and feed.chance()
        lines.append(f"{name} = {feed.pick(SECRETS if secret else VALUES)}")
    return "\n".join(lines).encode()


def _env(feed: Feed) -> bytes:
    if feed.chance():
        return feed.take(120)
    return "".join(f"{feed.pick(tuple(VARIABLES))}={feed.pick(ENVIRONMENT)}\n" for _ in range(feed.below(6))).encode()
