"""A machine signs in by a certificate of the fleet's authority with its own name, and by nothing else: real TLS."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from trafico_monitor.config.schema import Fleet
from trafico_monitor.errors import FleetError
from trafico_monitor.fleet import authority
from trafico_monitor.fleet.database import Endpoint, check_schema, connect, transaction
from trafico_monitor.fleet.invitation import Invitation
from trafico_monitor.messages import LANGUAGES, catalogue

from .conftest import Debian

ADD = (
    "INSERT INTO trafico.records (base, seq, at, event, text, body) VALUES"
    " (gen_random_uuid(), 1, now(), 'incident_detected', 'x', '{}')"
)


@pytest.fixture(scope="module")
def hub(debian: Debian) -> Debian:
    debian.set_up()
    return debian


@pytest.fixture(autouse=True)
def empty(hub: Debian) -> Iterator[None]:
    hub.sql("DELETE FROM trafico.records")
    yield


class Machine:
    """A machine's side, with its files in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def endpoint(self, made: Invitation) -> Endpoint:
        for name in ("ca", "certificate", "key"):
            (self._folder / name).unlink(missing_ok=True)
            (self._folder / name).touch(0o600)
            (self._folder / name).write_text(getattr(made, name))
        certificate, key = (str(self._folder / name) if made.key else "" for name in ("certificate", "key"))
        return Endpoint.of_machine(Fleet(made.url, made.name, certificate, str(self._folder / "ca")), key=key)

    async def send(self, made: Invitation) -> str:
        """Send a record: "" or the code of the reason why not."""
        endpoint = self.endpoint(made)
        try:
            connection = await connect(endpoint)
            try:
                async with transaction(connection, endpoint) as cursor:
                    await check_schema(cursor)
                    await cursor.execute(ADD)
            finally:
                await connection.close()
        except FleetError as error:
            assert all(f"fleet.error.{error.code}" in catalogue(language) for language in LANGUAGES)
            return error.code
        return ""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def rows(hub: Debian) -> str:
    return hub.sql("SELECT machine, count(*) FROM trafico.records GROUP BY 1")


async def test_an_invited_machine_sends_encrypted_as_itself(hub: Debian, machine: Machine) -> None:
    made = hub.invite("m01")
    assert await machine.send(made) == "" and rows(hub) == "m01|1"
    connection = await connect(machine.endpoint(made))
    row = await (
        await connection.execute("SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    ).fetchone()
    await connection.close()
    assert row is not None and row[0] is True and row[1] in ("TLSv1.2", "TLSv1.3")


async def test_who_is_not_admitted(hub: Debian, machine: Machine, tmp_path: Path) -> None:
    first, second, now = hub.invite("m01"), hub.invite("m02"), time.time()
    folder = tmp_path / "authority"
    await authority.create(folder, now=now)
    foreign = await authority.issue("m01", folder, until=now + 1e6, now=now)
    unknown = await authority.issue("m99", hub.folder / "etc/trafico-monitor/authority", until=now + 1e6, now=now)
    over = await authority.issue("m01", hub.folder / "etc/trafico-monitor/authority", until=now - 60, now=now)
    cases = {
        "no certificate": (replace(first, certificate="", key=""), "not_admitted"),
        "foreign authority": (replace(first, certificate=foreign.certificate, key=foreign.key), "foreign_certificate"),
        "unknown name": (replace(first, name="m99", certificate=unknown.certificate, key=unknown.key), "not_admitted"),
        "another's role": (replace(first, name="m02"), "not_admitted"),
        "the hub's role": (replace(first, name="trafico_hub"), "not_admitted"),
        "the administrator's role": (replace(first, name="postgres"), "not_admitted"),
        "expired": (replace(first, certificate=over.certificate, key=over.key), "expired"),
        "another's key": (replace(first, key=second.key), "no_key"),
        "wrong authority": (replace(first, ca=(folder / "ca.crt").read_text()), "wrong_ca"),
        "another host": (replace(first, url=first.url.replace("127.0.0.1", "localhost")), "wrong_host_name"),
        "no such database": (replace(first, url=first.url + "x"), "not_admitted"),
        "nobody there": (replace(first, url="postgresql://127.0.0.1:1/trafico"), "unreachable"),
        "unknown host": (replace(first, url="postgresql://none.invalid/trafico"), "unknown_host"),
    }
    found = {name: await machine.send(made) for name, (made, _) in cases.items()}
    assert found == {name: code for name, (_, code) in cases.items()}
    assert rows(hub) == ""


async def test_a_revoked_machine_stays_out_with_its_old_certificate(hub: Debian, machine: Machine) -> None:
    first = hub.invite("m05")
    assert await machine.send(first) == ""
    assert hub.command("hub", "revoke", "m05").returncode == 0
    assert await machine.send(first) != ""
    second = hub.invite("m05")
    # The server reads its list of revoked certificates again when it is told to, which is not at once.
    async with asyncio.timeout(30):
        while (code := await machine.send(first)) == "":
            await asyncio.sleep(0.1)
    assert code == "foreign_certificate"
    hub.sql("DELETE FROM trafico.records")
    assert await machine.send(second) == "" and rows(hub) == "m05|1"


async def test_no_machine_gets_in_without_encryption_or_elsewhere(hub: Debian) -> None:
    hub.invite("m01")
    for place in (f"-h 127.0.0.1 -p {hub.port} -d trafico", f"-p {hub.port} -d trafico", f"-p {hub.port} -d postgres"):
        done = hub.run("runuser", "-u", "postgres", "--", "env", "PGSSLMODE=disable", "sh", "-c",
                       f"psql {place} -U m01 -XAtqw -c 'SELECT 1'")  # fmt: skip
        assert done.returncode == 2 and "rejects connection" in done.stderr, done.stderr
