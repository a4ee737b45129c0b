"""`hub invite` and `hub revoke` on a real server, by its administrator on the unix socket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.postgresql import Cluster
from trafico_monitor.cli.commands import hub
from trafico_monitor.cli.main import main
from trafico_monitor.fleet import authority, membership
from trafico_monitor.fleet.database import Endpoint, connect, transaction
from trafico_monitor.fleet.invitation import Invitation, check, parse
from trafico_monitor.messages import text

PUBLIC = "postgresql://hub.example:5432/trafico"


class Hub:
    """The hub's machine, by its commands."""

    def __init__(self, owner: Endpoint, capsys: pytest.CaptureFixture[str]) -> None:
        self.owner, self._capsys = owner, capsys

    async def command(self, *words: str) -> tuple[int, str, str]:
        """Exit status, output and error output of `trafico-monitor hub …`."""
        status = await asyncio.to_thread(main, ["hub", *words])
        said = self._capsys.readouterr()
        return status, said.out, said.err

    async def invited(self, *words: str) -> Invitation:
        status, out, err = await self.command("invite", *words)
        assert status == 0, err
        return parse(out.encode())

    async def rows(self, sql: str) -> list[Any]:
        connection = await connect(self.owner)
        try:
            async with transaction(connection, self.owner) as cursor:
                await cursor.execute(sql)
                return await cursor.fetchall() if cursor.description else []
        finally:
            await connection.close()


@pytest.fixture
async def here(
    server: Cluster,
    owner: Endpoint,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> AsyncIterator[Hub]:
    (tmp_path / "hub.toml").write_text(f'[hub]\nurl = "{server.url}"\npublic_url = "{PUBLIC}"\n')
    monkeypatch.setattr(hub, "CONFIG", tmp_path / "hub.toml")
    monkeypatch.setattr(authority, "FOLDER", tmp_path / "authority")
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    await authority.create(tmp_path / "authority", now=time.time())
    made = Hub(owner, capsys)
    yield made
    await made.rows("DROP ROLE IF EXISTS m07, somebody")


async def test_an_invitation_is_a_role_a_row_and_a_file(here: Hub) -> None:
    made = await here.invited("m07", "--days", "20")
    assert (made.url, made.name, made.password) == (PUBLIC, "m07", "")
    end = await check(made, time.time())
    assert end == pytest.approx(time.time() + 20 * 86400, abs=120)
    [(login, superuser, until, member)] = await here.rows(
        "SELECT rolcanlogin, rolsuper, extract(epoch FROM certificate_until),"
        " pg_has_role('m07', 'trafico_machine', 'USAGE')"
        " FROM pg_roles JOIN trafico.machines ON machine = rolname WHERE rolname = 'm07'"
    )
    assert (login, superuser, member) == (True, False, True)
    assert float(until) == pytest.approx(end, abs=1)


async def test_a_second_invitation_renews_and_says_so(here: Hub) -> None:
    first = await here.invited("m07")
    status, out, err = await here.command("invite", "m07")
    second = parse(out.encode())
    assert status == 0 and "already invited" in err and "needs another name" in err
    assert second.certificate != first.certificate
    assert await here.rows("SELECT count(*) FROM trafico.machines WHERE machine = 'm07'") == [(1,)]


async def test_revoked_and_invited_again(here: Hub) -> None:
    await here.invited("m07")
    assert (await here.command("revoke", "m07"))[0] == 0
    row = (
        "SELECT rolcanlogin, revoked_at IS NULL FROM pg_roles JOIN trafico.machines ON machine = rolname"
        " WHERE rolname = 'm07'"
    )
    assert await here.rows(row) == [(False, False)]
    assert "already revoked" in (await here.command("revoke", "m07"))[1]
    await here.invited("m07")
    assert await here.rows(row) == [(True, True)]
    # Its first certificate stays revoked.
    states = [line[0] for line in (authority.FOLDER / "index.txt").read_text().splitlines() if line.endswith("=m07")]
    assert states == ["R", "V"]


async def test_revoking_ends_the_connections(here: Hub) -> None:
    await here.invited("m07")
    machine = await connect(Endpoint(here.owner.url, "m07"))
    assert (await here.command("revoke", "m07"))[0] == 0
    async with asyncio.timeout(20):
        with pytest.raises(Exception, match="terminating connection"):
            await machine.execute("SELECT 1")
    await machine.close()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("postgres", "role_taken"),
        ("trafico_hub", "role_taken"),
        ("trafico_machine", "role_taken"),
        ("somebody", "role_taken"),
        ("pg_read_all_data", "role_taken"),
        ("pg_new", "role_taken"),
        ("public", "role_taken"),
        ("none", "role_taken"),
        ("M1", "bad_name"),
        ("a" * 41, "bad_name"),
        ("a'; DROP SCHEMA trafico CASCADE; --", "bad_name"),
        ("m1\nx", "bad_name"),
        ("", "bad_name"),
    ],
)
async def test_names_that_are_not_for_machines(here: Hub, name: str, code: str) -> None:
    await here.rows("CREATE ROLE somebody LOGIN")
    before = await here.rows("SELECT rolname, rolcanlogin, rolsuper FROM pg_roles ORDER BY 1")
    status, out, err = await here.command("invite", name)
    expected = text(f"fleet.error.{code}", "en", user=name)
    assert (status, out) == (69, "") and " ".join(expected.split()) in " ".join(err.split())
    status, _, err = await here.command("revoke", name)
    assert status == 69 and err
    assert await here.rows("SELECT rolname, rolcanlogin, rolsuper FROM pg_roles ORDER BY 1") == before
    assert await here.rows("SELECT machine FROM trafico.machines ORDER BY 1") == [("m01",), ("m02",)]


async def test_before_setup_and_without_an_authority(here: Hub) -> None:
    (authority.FOLDER / "ca.crt").unlink()
    assert "hub setup" in (await here.command("invite", "m07"))[2]
    assert await here.rows("SELECT count(*) FROM trafico.machines WHERE machine = 'm07'") == [(0,)]
    hub.CONFIG.write_text("")
    assert "hub setup" in (await here.command("invite", "m07"))[2]


@pytest.mark.parametrize(
    ("url", "name", "expected"),
    [
        ("postgresql://postgres@h:6543/postgres?sslmode=require", "m1", "postgresql://h:6543/postgres"),
        (
            "postgresql://postgres.ab12@pool.example:6543/postgres",
            "m1",
            "postgresql://m1.ab12@pool.example:6543/postgres",
        ),
        (
            "postgresql://trafico_hub@/t?host=/run/postgresql&port=5433",
            "m1",
            "postgresql:///t?host=/run/postgresql&port=5433",
        ),
    ],
)
def test_the_address_that_a_machine_is_given(url: str, name: str, expected: str) -> None:
    assert membership.addressed(url, name) == expected
