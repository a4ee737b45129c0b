"""The door of the configuration: what comes in, in which order, and what is refused how."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from tests.cases import each
from trafico_monitor.config import Config
from trafico_monitor.config.loader import load
from trafico_monitor.config.schema import KEYS, NAMED, SECTIONS
from trafico_monitor.errors import ConfigError

TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
OTHER = "9876543210:BBExampleExampleExampleExampleExampl"


def write(folder: Path, text: str, name: str = "config.toml") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def refusal(folder: Path, text: str) -> str:
    """The one line that a configuration is refused with."""
    with pytest.raises(ConfigError) as caught:
        load(write(folder, text), {})
    assert caught.value.exit_code == 78
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith(f"{folder / 'config.toml'}: ")
    return line


def test_late_attempts_have_a_key_of_their_own_and_1_0_0_s_file_keeps_its_meaning(tmp_path: Path) -> None:
    old = load(write(tmp_path, "[retry]\nmax_attempts = 4\nbackoff = [2, 9]\n"), environ={}).retry
    assert (old.max_attempts, old.backoff, old.late) == (4, (2.0, 9.0), (60.0, 300.0, 1800.0))
    assert load(write(tmp_path, "[retry]\nlate = []\n"), environ={}).retry.late == ()
    for wrong in ("[0]", "[86401]", "[1, 2, 3, 4, 5, 6, 7]", "60", '["60"]', "[nan]"):
        assert "retry.late" in refusal(tmp_path, f"[retry]\nlate = {wrong}")


def test_every_field_of_the_schema_can_be_written() -> None:
    found_out = {"sources", "missing", "explicit", "refused_state"}
    parts = {part.name for part in fields(Config)} - found_out
    assert parts == {name.partition(".")[0] for name in KEYS}
    made_of = {**NAMED, **{name: type(getattr(Config(), name)) for name in SECTIONS if name not in NAMED}}
    inner = {
        section: {part.name for part in fields(kind) if "key" in part.metadata} for section, kind in made_of.items()
    }
    assert inner == {
        section: {name.rpartition(".")[2] for name in KEYS if name.startswith(f"{section}.")} for section in made_of
    }


def test_the_shipped_configuration_is_the_defaults() -> None:
    shipped = Path(__file__).parents[3] / "packaging" / "config.toml"
    assert load(shipped, {}) == Config(sources=(str(shipped),))


def test_every_line_of_the_shipped_configuration_can_be_switched_on(tmp_path: Path) -> None:
    shipped = Path(__file__).parents[3] / "packaging" / "config.toml"
    lines = shipped.read_text().splitlines()
    keys = [line[1:] if line.startswith("#") and line[1:2].isalpha() else line for line in lines]
    loaded = load(write(tmp_path, "\n".join(keys)), {})
    assert loaded.explicit  # they were really switched on
    assert loaded == Config(sources=loaded.sources, explicit=loaded.explicit)


def test_a_file_that_was_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.toml"):
        load(tmp_path / "absent.toml", {})


def test_without_any_file_the_defaults_hold(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("trafico_monitor.config.loader.DEFAULT_PATH", tmp_path / "config.toml")
    assert load(None, {}) == Config()


def test_drop_ins_win_over_the_file_in_the_order_of_their_names(tmp_path: Path) -> None:
    main = write(tmp_path, "[retry]\nmax_attempts = 4\nbackoff = [9]\n[checks]\ninterval = 7\n")
    write(tmp_path, "[retry]\nmax_attempts = 5\nbackoff = [5, 6.5]\n", "conf.d/20-b.toml")
    write(tmp_path, "[retry]\nmax_attempts = 6\n", "conf.d/10-a.toml")
    write(tmp_path, "nonsense", "conf.d/30-c.toml.bak")
    config = load(main, {})
    assert (config.retry.max_attempts, config.retry.backoff, config.checks.interval) == (5, (5.0, 6.5), 7.0)
    assert [Path(source).name for source in config.sources] == ["config.toml", "10-a.toml", "20-b.toml"]


def test_credentials_win_over_files_and_the_environment_over_both(tmp_path: Path) -> None:
    secrets = tmp_path / "credentials"
    write(secrets, f"{TOKEN}\n", "telegram-token")
    write(secrets, f"{OTHER}\n", "alert-token")
    write(secrets, "", "admin-id")  # SetCredential= without a value: as if it were not there
    main = write(tmp_path, f'[telegram]\ntoken = "{OTHER}"\nadmin_id = 7\n')
    given = {"CREDENTIALS_DIRECTORY": str(secrets)}
    telegram = load(main, given).telegram
    assert (telegram.token, telegram.alert_token, telegram.admin_id) == (TOKEN, OTHER, "7")
    assert load(main, given | {"TELEGRAM_TOKEN": OTHER, "ADMIN_ID": "-100123"}).telegram.token == OTHER


def test_the_missions_variables(tmp_path: Path) -> None:
    given = {"USE_LOCAL_BOT_API": "False", "TELEGRAM_BOT_API_LOCAL_URL": "http://localhost:8081/"}
    config = load(write(tmp_path, ""), given)
    assert (config.bot_api.local, config.bot_api.url) == (False, "http://localhost:8081")


@pytest.mark.parametrize(
    ("text", "key", "near"),
    [
        ("[retry]\nmax_atempts = 3", "retry.max_atempts", "retry.max_attempts"),
        ("[projct]\ndir = '/x'", "projct", "project"),
        ("[checks]\nbackoff = [1]", "checks.backoff", "retry.backoff"),
        ("lenguage = 'es'", "lenguage", "language"),
        ("token = 'x'", "token", "telegram.token"),
    ],
)
def test_an_unknown_key_is_refused_and_the_nearest_named(tmp_path: Path, text: str, key: str, near: str) -> None:
    line = refusal(tmp_path, text)
    assert f": {key}: " in line
    assert f"{near}?" in line


@each(
    ("text", "key", "found"),
    [
        ("language = 'fr'", "language", '"fr"'),
        ("project = 3", "project", "3"),
        ("[project]\ndir = 'relative'", "project.dir", '"relative"'),
        ("[project]\ndir = '/'", "project.dir", '"/"'),
        ("[project]\nmodels_dir = '../../etc'", "project.models_dir", '"../../etc"'),
        ("[project]\nmodels_dir = ''", "project.models_dir", '""'),
        ("[project]\nowner = 'a b'", "project.owner", '"a b"'),
        ("[bot]\nunit = 'x@.service'", "bot.unit", '"x@.service"'),
        ("[bot]\nunit = '-x.service'", "bot.unit", '"-x.service"'),
        ("[retry]\nmax_attempts = true", "retry.max_attempts", "true"),
        ("[retry]\nmax_attempts = 0", "retry.max_attempts", "0"),
        ("[retry]\nmax_attempts = '3'", "retry.max_attempts", '"3"'),
        ("[retry]\nbackoff = []", "retry.backoff", "[]"),
        ("[retry]\nbackoff = [1, -1]", "retry.backoff", "[1, -1]"),
        ("[checks]\ninterval = 0", "checks.interval", "0"),
        ("[checks]\ninterval = nan", "checks.interval", "NaN"),
        ("[checks]\ndisk_warning = '5 tons'", "checks.disk_warning", '"5 tons"'),
        ("[checks]\ndisk_warning = -1", "checks.disk_warning", "-1"),
        ("[bot_api]\nlocal = 'false'", "bot_api.local", '"false"'),
        ("[bot_api]\nurl = 'localhost:8081'", "bot_api.url", '"localhost:8081"'),
        ("[bot_api]\nurl = 'http://'", "bot_api.url", '"http://"'),
        ("[bot_api]\nurl = 'http://h:99999'", "bot_api.url", '"http://h:99999"'),
        ("[telegram]\nadmin_id = '@victor'", "telegram.admin_id", '"@victor"'),
        ("[web]\nlisten = '8787'", "web.listen", '"8787"'),
        ("[paths]\nstate = ''", "paths.state", '""'),
    ],
)
def test_an_impossible_value_is_one_line_with_file_key_and_what_was_found(
    tmp_path: Path, text: str, key: str, found: str
) -> None:
    line = refusal(tmp_path, text)
    assert f": {key}: se espera " in line
    assert line.endswith(f"hay {found}")


def test_critical_must_not_be_above_warning(tmp_path: Path) -> None:
    assert "bot.process" in refusal(tmp_path, "[bot]\nunit = ''\nprocess = ''")
    line = refusal(tmp_path, "[checks]\ndisk_warning = '1GB'\ndisk_critical = '2GB'")
    assert "checks.disk_critical" in line and "1000000000" in line
    assert "checks.disk_critical" in refusal(tmp_path, "[checks]\ndisk_warning = '1GB'")


def test_a_secret_is_never_shown_wherever_it_was_put(tmp_path: Path) -> None:
    texts = [
        "[telegram]\ntoken = 'hush-that-is-none'",
        "[telegram]\nalert_token = ['hush-that-is-none']",
        f"[telegram]\nadmin_id = '{TOKEN}'",
        f"[bot]\nunit = '{TOKEN} x'",
        "[bot_api]\nurl = 'http://user:hush-that-is-none@host'",
        f"'{TOKEN}' = 1",
    ]
    for text in texts:
        line = refusal(tmp_path, text)
        assert "hush" not in line and "Example" not in line
    config = load(write(tmp_path, f"[telegram]\ntoken = '{TOKEN}'\nalert_token = '{OTHER}'"), {})
    assert "Example" not in repr(config)


def test_a_broken_file_says_where(tmp_path: Path) -> None:
    assert "line 2" in refusal(tmp_path, "[retry]\nmax_attempts = = 3")
    file = tmp_path / "config.toml"
    file.write_bytes(b"language = '\xff'")
    with pytest.raises(ConfigError, match="UTF-8"):
        load(file, {})


def test_control_characters_do_not_reach_the_terminal(tmp_path: Path) -> None:
    line = refusal(tmp_path, '"a\\u001b[31mb\\nc" = 1')
    assert line.isprintable()


def test_all_mistakes_come_at_once_one_line_each(tmp_path: Path) -> None:
    main = write(tmp_path, "[retry]\nmax_attempts = 0\n[checks]\ninterval = 'x'")
    write(tmp_path, "[web]\nlisten = 1", "conf.d/a.toml")
    with pytest.raises(ConfigError) as caught:
        load(main, {"ADMIN_ID": "me"})
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[1] for line in lines] == [
        "retry.max_attempts",
        "checks.interval",
        "web.listen",
        "telegram.admin_id",
    ]
    assert lines[-1].startswith("$ADMIN_ID: ")


def test_the_line_is_in_the_configurations_language(tmp_path: Path) -> None:
    assert "expected" in refusal(tmp_path, "language = 'en'\n[retry]\nmax_attempts = 0")


def test_the_projects_env_fills_only_what_nobody_has_set(tmp_path: Path) -> None:
    write(
        tmp_path,
        f"export TELEGRAM_TOKEN='{TOKEN}'  # the bot's\nADMIN_ID=42\n"
        "USE_LOCAL_BOT_API=false\nTELEGRAM_BOT_API_LOCAL_URL=http://env:1\nAPI_HASH=whatever\n",
        "project/src/.env",
    )
    main = write(
        tmp_path, f"[project]\ndir = '{tmp_path}/project'\n[bot_api]\nlocal = true\n[telegram]\nadmin_id = ''"
    )
    config = load(main, {"TELEGRAM_BOT_API_LOCAL_URL": "http://environment:2"})
    assert config.telegram.token == TOKEN
    assert config.telegram.admin_id == "42"
    assert config.bot_api.local is True
    assert config.bot_api.url == "http://environment:2"
    assert config.missing == ()


def test_a_mistake_in_the_bots_own_file_does_not_stop_the_monitor(tmp_path: Path) -> None:
    write(tmp_path, "TELEGRAM_TOKEN=tu_token_aqui\nADMIN_ID=42\n= =\n", "project/src/.env")
    config = load(write(tmp_path, f"[project]\ndir = '{tmp_path}/project'"), {})
    assert (config.telegram.token, config.telegram.admin_id) == ("", "42")
    assert config.missing == ("env_invalid",)


def test_a_pipe_in_the_place_of_the_env_does_not_hang(tmp_path: Path) -> None:
    import os

    (tmp_path / "project" / "src").mkdir(parents=True)
    os.mkfifo(tmp_path / "project" / "src" / ".env")
    config = load(write(tmp_path, f"[project]\ndir = '{tmp_path}/project'"), {})
    assert config.missing == ("env_unreadable",)
