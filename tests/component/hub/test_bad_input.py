"""A machine whose fleet's database cannot be used, for each reason: one sentence, nothing taken, nothing lost."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.component.service.running import RunningService
from tests.component.service.test_dashboard import quiet
from tests.journal_fixtures import wait_until
from trafico_monitor.fleet import authority
from trafico_monitor.fleet.invitation import Invitation

from .conftest import Debian

pytestmark = pytest.mark.slow

SECONDS = 90.0
DAY = 86400.0


class Member:
    """A running service whose part in the fleet is exchanged while it runs."""

    def __init__(self, hub: Debian, home: Path) -> None:
        self.hub, self.home = hub, home
        self.made = hub.invite("m01")
        (home / "conf.d").mkdir()
        self.use(self.made)
        self.service = RunningService(home, directory=quiet(home))

    def use(
        self, made: Invitation, *, url: str = "", name: str = "m01", ca: str = "", certificate: bool = True
    ) -> None:
        """Write what `fleet join` writes, with these changes."""
        self._write("machine.crt", made.certificate)
        self._write("ca.crt", ca or made.ca)
        self._write("credentials/fleet-key", made.key)
        line = f'certificate = "{self.home}/machine.crt"\n' if certificate else ""
        content = f'[fleet]\nurl = "{url or made.url}"\nname = "{name}"\nca = "{self.home}/ca.crt"\nevery = 1\n{line}'
        self._write("conf.d/fleet.toml", content)

    def _write(self, name: str, content: str) -> None:
        path = self.home / name
        path.parent.mkdir(exist_ok=True)
        path.touch(0o600)
        path.write_text(content)

    def reload(self) -> None:
        self.service.process.send_signal(signal.SIGHUP)

    def says(self, code: str, *words: str) -> None:
        """Wait until both commands give the reason."""

        def said() -> bool:
            return bool(self.service.status().get("fleet", {}).get("code") == code)

        wait_until(said, f"{code}: {self.service.status()['fleet']}", SECONDS)
        for command in (("fleet", "status"), ("status",)):
            shown = " ".join(self.service.command(*command).split())
            assert all(word in shown for word in words), f"{command}: {shown}"

    def rows(self) -> list[list[object]]:
        """What the fleet has, of whatever machine."""
        order = "SELECT coalesce(json_agg(json_build_array(seq, text) ORDER BY seq, at), '[]') FROM trafico.records"
        found: list[list[object]] = json.loads(self.hub.sql(order))
        return found

    def has_everything(self) -> bool:
        return self.rows() == self.stored()

    def stored(self) -> list[list[object]]:
        with sqlite3.connect(f"file:{self.home}/state/monitor.db?mode=ro", uri=True) as database:
            sql = "SELECT seq, json_extract(body, '$.text') FROM records ORDER BY seq"
            here = [list(row) for row in database.execute(sql)]
        database.close()
        return here

    def adds_nothing(self, code: str) -> None:
        """A further record is stored and, tried again, refused for the same reason."""
        before, stored = self.rows(), len(self.stored())
        self.reload()  # a reload is a record
        wait_until(lambda: len(self.stored()) > stored, "one more is stored", SECONDS)
        since = time.time()
        wait_until(lambda: self._refused(code, since), "refused again", SECONDS)
        assert self.rows() == before

    def _refused(self, code: str, since: float) -> bool:
        said = self.service.status()
        return bool(said["at"] > since and said.get("fleet", {}).get("code") == code)

    def heal(self) -> None:
        """As invited again; then nothing is missing, and nothing is double."""
        self.use(self.made)
        self.reload()
        wait_until(lambda: self.service.status().get("fleet", {}).get("code") == "connected", "connected", SECONDS)
        wait_until(self.has_everything, "every record", SECONDS)


@pytest.fixture(scope="module")
def member(debian: Debian) -> Iterator[Member]:
    debian.set_up()
    home = Path(mkdtemp(prefix="member-"))
    home.chmod(0o755)
    before = {name: os.environ.get(name) for name in ("CREDENTIALS_DIRECTORY", "LC_ALL")}
    os.environ |= {"CREDENTIALS_DIRECTORY": str(home / "credentials"), "LC_ALL": "es_ES.UTF-8"}
    try:
        made = Member(debian, home)
        with made.service:
            wait_until(made.has_everything, "the first records", SECONDS)
            yield made
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
        shutil.rmtree(home)


@pytest.fixture(scope="module")
def another(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority that is not the fleet's."""
    folder = tmp_path_factory.mktemp("other") / "authority"
    asyncio.run(authority.create(folder, now=time.time()))
    return folder


def issued(member: Member, name: str, folder: Path | None = None, *, until: float = 20 * DAY) -> Invitation:
    """The invitation with another certificate."""
    now = time.time()
    where = folder or member.hub.folder / "etc/trafico-monitor/authority"
    new = asyncio.run(authority.issue(name, where, until=now + until, now=now))
    made = member.made
    return Invitation(made.url, made.name, ca=made.ca, certificate=new.certificate, key=new.key)


Refused = Callable[[Member, Path], None]
REFUSED: dict[str, tuple[Refused, str, str]] = {
    "no certificate": (
        lambda member, other: member.use(member.made, certificate=False),
        "not_admitted",
        "no admite a «m01»",
    ),
    "a foreign authority's": (
        lambda member, other: member.use(issued(member, "m01", other)),
        "foreign_certificate",
        "no reconoce el certificado",
    ),
    "an unknown name": (
        lambda member, other: member.use(issued(member, "m77"), name="m77"),
        "not_admitted",
        "no admite a «m77»",
    ),
    "another machine's role": (
        lambda member, other: member.use(member.hub.invite("m02"), name="m01"),
        "not_admitted",
        "no admite a «m01»",
    ),
    "an expired one": (
        lambda member, other: member.use(issued(member, "m01", until=-60.0)),
        "expired",
        "ha caducado",
    ),
    "a server of another authority": (
        lambda member, other: member.use(member.made, ca=(other / "ca.crt").read_text()),
        "wrong_ca",
        "no demuestra quién es",
    ),
    "a wrong name of the host": (
        lambda member, other: member.use(member.made, url="postgresql://nowhere.invalid/trafico"),
        "unknown_host",
        "No se encuentra el equipo",
    ),
    "a wrong port": (
        lambda member, other: member.use(member.made, url="postgresql://127.0.0.1:1/trafico"),
        "unreachable",
        "No hay respuesta de 127.0.0.1:1/trafico",
    ),
    "a wrong database": (
        lambda member, other: member.use(member.made, url=member.made.url.replace("/trafico", "/otra")),
        "not_admitted",
        "no admite a «m01»",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_who_is_not_admitted_adds_no_row_and_is_told_why(member: Member, another: Path, case: str) -> None:
    change, code, words = REFUSED[case]
    change(member, another)
    member.reload()
    member.says(code, words)
    member.adds_nothing(code)
    member.heal()


def test_a_revoked_machine_adds_no_row_until_it_is_invited_again(member: Member) -> None:
    assert member.hub.command("hub", "revoke", "m01").returncode == 0
    wait_until(lambda: member.service.status().get("fleet", {}).get("code") != "connected", "cut off", SECONDS)
    before = member.rows()
    member.reload()  # a reload is a record
    # As the server has read its list of revoked certificates already, or not yet.
    reasons = ("not_admitted", "foreign_certificate")
    wait_until(lambda: member.service.status().get("fleet", {}).get("code") in reasons, "refused", SECONDS)
    said = " ".join(member.service.command("fleet", "status").split())
    assert "no admite a «m01»" in said or "no reconoce el certificado" in said, said
    assert member.rows() == before
    member.made = member.hub.invite("m01")
    member.heal()


@pytest.mark.parametrize(
    ("step", "code", "words"), [(1, "schema_newer", "versión más nueva"), (-1, "schema_older", "más antigua")]
)
def test_a_schema_of_another_version_waits(member: Member, step: int, code: str, words: str) -> None:
    member.hub.sql(f"UPDATE trafico.schema_version SET version = version + {step}")
    member.reload()
    member.says(code, words)
    member.adds_nothing(code)
    member.hub.sql(f"UPDATE trafico.schema_version SET version = version - {step}")
    member.heal()


def test_a_read_only_database_waits(member: Member) -> None:
    ordered = ("psql", "-p", str(member.hub.port), "-d", "trafico", "-XAtq")
    as_postgres = ("runuser", "-u", "postgres", "--", *ordered)
    member.hub.run(
        *as_postgres, "-c", "ALTER SYSTEM SET default_transaction_read_only = on", "-c", "SELECT pg_reload_conf()"
    )
    member.reload()
    member.says("read_only", "es de solo lectura")
    member.adds_nothing("read_only")
    mended = ("ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")
    member.hub.run(
        *as_postgres, "-c", "SET default_transaction_read_only = off", *(w for one in mended for w in ("-c", one))
    )
    member.heal()


def test_check_says_whether_the_machine_is_admitted_and_until_when(member: Member, another: Path) -> None:
    def check() -> str:
        return " ".join(member.service.command("check").split())

    said = check()
    assert "admite a esta máquina («m01»)" in said and "certificado de esta máquina es válido hasta" in said
    member.use(issued(member, "m01", until=13.9 * DAY))
    said = check()
    assert "certificado de esta máquina caduca el" in said and "hub invite m01" in said
    member.use(member.made, ca=(another / "ca.crt").read_text())
    assert "no demuestra quién es" in check()
    member.use(issued(member, "m01", until=-60.0))
    assert "ha caducado el" in check()
    member.heal()
