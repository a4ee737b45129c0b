"""Channels, routes and alerts at the door of the configuration."""

from __future__ import annotations

from pathlib import Path

from tests.cases import each
from tests.unit.config.test_load import TOKEN, refusal, write
from trafico_monitor.config.loader import load
from trafico_monitor.config.schema import Alerts, Channel, ChannelKind, Route

HOOK = "[channels.panel]\nkind = 'webhook'\nurl = 'https://panel.example/hook?key=hush'\n"
DEV = "[channels.dev]\nchat = 42\n"


def test_tables_with_names_become_channels_and_routes_and_drop_ins_change_single_keys(tmp_path: Path) -> None:
    main = write(
        tmp_path,
        DEV + HOOK + "[routes.night]\nto = ['dev', 'panel']\nseverity = 'critical'\ntypes = ['corrupto']\n"
        "modelos = ['victor']\n[routes.all]\nto = ['admin']\n[alerts]\nescalate_to = ['dev']\nremind_every = 0\n",
    )
    write(tmp_path, f"[channels.dev]\ntoken = '{TOKEN}'\n[routes.all]\nto = ['panel']\n", "conf.d/a.toml")
    config = load(main, {})
    assert config.channels == (
        Channel("dev", ChannelKind.TELEGRAM, chat="42", token=TOKEN),
        Channel("panel", ChannelKind.WEBHOOK, url="https://panel.example/hook?key=hush"),
    )
    assert config.routes == (
        Route("night", ("dev", "panel"), "critical", ("corrupto",), ("victor",)),
        Route("all", ("panel",)),
    )
    assert config.alerts == Alerts(remind_every=0.0, escalate_to=("dev",))
    assert "Example" not in repr(config) and "hush" not in repr(config)


@each(
    ("text", "key", "said"),
    [
        ("[channels.dev]\nchat = 'nobody'", "channels.dev.chat", "chat de Telegram"),
        ("[channels.dev]\nkind = 'pigeon'", "channels.dev.kind", '"telegram", "apprise", "webhook"'),
        ("[channels.dev]\nkind = 'telegram'", "channels.dev.chat", "un canal de tipo telegram lo necesita"),
        ("[channels.dev]\nkind = 'apprise'", "channels.dev.url", "un canal de tipo apprise lo necesita"),
        ("[channels.dev]\nkind = 'webhook'", "channels.dev.url", "un canal de tipo webhook lo necesita"),
        ("[channels.dev]\nkind = 'webhook'\nurl = 'ftp://hush@x'", "channels.dev.url", "hay ***"),
        ("[channels.dev]\nkind = 'apprise'\nurl = 'hush'", "channels.dev.url", "hay ***"),
        ("[channels.dev]\nchat = 4\ntoken = 'hush'", "channels.dev.token", "hay ***"),
        ("[channels.dev]\nchat = 4\nchatt = 5", "channels.dev.chatt", "channels.dev.chat?"),
        ("[channels]\nurl = 'https://hush'", "channels.url", "una tabla con nombre"),
        ("channels = ['hush']", "channels", "una tabla con nombre"),
        ("[channels.'Dev Team']\nchat = 4", "channels", "un nombre en minúsculas"),
        ("[channels.admin]\nchat = 4", "channels.admin", "[telegram]"),
        ("[routes.a]\nto = ['nobody']", "routes.a.to", "(admin); hay nobody"),
        ("[routes.a]\nto = []", "routes.a.to", "una lista de nombres de canales"),
        ("[routes.a]\nseverity = 'info'", "routes.a.to", "una lista de nombres de canales"),
        ("[routes.a]\nto = ['admin']\nseverity = 'high'", "routes.a.severity", '"info", "recoverable", "critical"'),
        ("[routes.a]\nto = ['admin']\ntypes = ['flood']", "routes.a.types", '"corrupto"'),
        ("[routes.a]\nto = 'admin'", "routes.a.to", "una lista de nombres de canales"),
        ("[alerts]\nescalate_to = ['boss']", "alerts.escalate_to", "(admin); hay boss"),
        ("[alerts]\nfallback = 'boss'", "alerts.fallback", "(admin); hay boss"),
        ("[alerts]\nescalate_after = [900, 900]", "alerts.escalate_after", "cada uno mayor que el anterior"),
        (DEV + "[alerts]\nescalate_to = ['dev', 'admin']\nescalate_after = [9]", "alerts.escalate_after", "hay 1"),
        ("[alerts]\nquiet_from = '22:30'", "alerts.quiet_until", "alerts.quiet_from"),
        ("[alerts]\nquiet_from = '24:00'\nquiet_until = '08:00'", "alerts.quiet_from", "una hora local"),
        ("[alerts]\nquiet_from = '08:00'\nquiet_until = '08:00'", "alerts.quiet_until", "hay 08:00"),
        ("[alerts]\nremind_every = -1", "alerts.remind_every", "para nunca"),
        ("[alerts]\nping_url = 'hush'", "alerts.ping_url", "hay ***"),
        ("[alerts]\nremind_evry = 9", "alerts.remind_evry", "alerts.remind_every?"),
    ],
)
def test_each_mistake_is_one_line_without_a_secret(tmp_path: Path, text: str, key: str, said: str) -> None:
    line = refusal(tmp_path, text)
    assert f": {key}: " in line and said in line
    assert "hush" not in line


def test_a_bad_channel_is_not_also_an_unknown_one(tmp_path: Path) -> None:
    assert "channels.dev.chat" in refusal(tmp_path, "[channels.dev]\nchat = 'x'\n[routes.a]\nto = ['dev']")


def test_zero_is_never_where_the_shipped_file_says_so(tmp_path: Path) -> None:
    main = write(tmp_path, "[checks]\nunit_silence = 0\n[alerts]\nremind_every = 0\nmaintenance = 0")
    config = load(main, {})
    assert (config.checks.unit_silence, config.alerts.remind_every, config.alerts.maintenance) == (0, 0, 0)
