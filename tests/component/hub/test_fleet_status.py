"""`fleet status`: a sentence for each state, and the certificate's end told 14 days before."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from trafico_monitor.cli.fleet_words import certificate_text
from trafico_monitor.cli.main import main
from trafico_monitor.setup import fleet_plan

from .conftest import Debian

DAY = 86400.0


@pytest.fixture(scope="module")
def hub(debian: Debian) -> Debian:
    debian.set_up()
    return debian


@pytest.fixture
def joined(hub: Debian, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """A machine that has joined, and whose monitor is not running: its configuration."""
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    monkeypatch.setattr(fleet_plan, "CREDENTIALS", str(tmp_path))

    def join(name: str, *options: str, url: str = "") -> Path:
        made = hub.invite(name, *options)
        (tmp_path / "machine.crt").write_text(made.certificate)
        (tmp_path / "ca.crt").write_text(made.ca)
        (tmp_path / "fleet-key").touch(0o600)
        (tmp_path / "fleet-key").write_text(made.key)
        state = tmp_path / "state"
        (tmp_path / "config.toml").write_text(
            f'[paths]\nstate = "{state}"\n[fleet]\nurl = "{url or made.url}"\nname = "{name}"\n'
            f'certificate = "{tmp_path}/machine.crt"\nca = "{tmp_path}/ca.crt"\n'
        )
        return tmp_path / "config.toml"

    return join


Shown = Callable[[Path, bool], tuple[int, str]]


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str]) -> Shown:
    def show(config: Path, as_json: bool = False) -> tuple[int, str]:
        status = main(["fleet", "status", "--config", str(config), *(["--json"] if as_json else [])])
        return status, capsys.readouterr().out

    return show


def test_admitted_revoked_and_unreachable(joined: Callable[..., Path], shown: Shown, hub: Debian) -> None:
    config = joined("m11")
    status, said = shown(config, False)
    assert "monitor is not running" in said and "connected" in said and "valid until" in said
    hub.command("hub", "revoke", "m11")
    status, said = shown(config, False)
    assert status == 1
    # As the server has read its list of revoked certificates already, or not yet.
    assert "does not admit “m11”" in said or "ask for a new invitation" in said
    status, said = shown(joined("m11", url="postgresql://127.0.0.1:1/trafico"), True)
    found = json.loads(said)
    assert status == 1 and (found["code"], found["joined"], found["running"]) == ("unreachable", True, False)
    assert found["certificate_until"] == pytest.approx(time.time() + 730 * DAY, abs=3600)


def test_a_schema_of_another_version(joined: Callable[..., Path], shown: Shown, hub: Debian) -> None:
    config = joined("m12")
    hub.sql("INSERT INTO trafico.schema_version (version, package) VALUES (99, 'x')")
    newer = shown(config, False)[1]
    hub.sql("DELETE FROM trafico.schema_version WHERE version = 99")
    assert "upgrade this machine's package" in newer
    hub.sql("UPDATE trafico.schema_version SET version = version - 1")
    older = shown(config, False)[1]
    hub.sql("UPDATE trafico.schema_version SET version = version + 1")
    assert "hub setup" in older


def test_no_fleet(tmp_path: Path, shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    asyncio.run(_make_store(tmp_path / "state"))
    (tmp_path / "config.toml").write_text(f'[paths]\nstate = "{tmp_path / "state"}"\n')
    assert shown(tmp_path / "config.toml", True) == (0, '{"joined": false}\n')
    assert "fleet join" in shown(tmp_path / "config.toml", False)[1]


async def _make_store(folder: Path) -> None:
    from trafico_monitor.store.database import Database

    folder.mkdir()
    await (await Database.open(folder / "monitor.db")).close()


def test_the_end_of_a_certificate_is_told_fourteen_days_before() -> None:
    def told(days: float) -> str:
        return certificate_text(days * DAY, 0.0, "m01", "en")

    assert told(14.5).startswith("valid until")
    assert "expires in 14 days" in told(13.9) and "hub invite m01" in told(13.9)
    assert "expired since" in told(-1)
