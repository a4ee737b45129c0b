"""A database elsewhere: an administrator who is no superuser, TLS, passwords; directly and by a pooler in transaction
mode, which gives each transaction another server process."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.component.fleet.sending import Machine, ask, expected, until
from trafico_monitor.config.loader import load_hub
from trafico_monitor.config.schema import Fleet
from trafico_monitor.errors import FleetError
from trafico_monitor.fleet import authority
from trafico_monitor.fleet.database import Endpoint, connect
from trafico_monitor.fleet.invitation import Invitation, parse

from .conftest import SECONDS, Debian

YEAR = 365 * authority.DAY
ADMINISTRATOR = {"PGPASSWORD": "boss-pw"}
POOLER = """[databases]
managed = host=127.0.0.1 port={server} auth_user=pooler
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
pool_mode = transaction
default_pool_size = 2
auth_type = scram-sha-256
auth_file = {folder}/users
auth_query = SELECT usename, passwd FROM pg_shadow WHERE usename = $1
server_tls_sslmode = require
client_tls_sslmode = require
client_tls_cert_file = {folder}/server.crt
client_tls_key_file = {folder}/server.key
"""


@dataclass(frozen=True, slots=True)
class Managed:
    """`ports` are the server's and the pooler's; `folder` has what belongs to the provider."""

    debian: Debian
    folder: Path
    ports: tuple[int, int]

    def url(self, pooled: bool) -> str:
        return f"postgresql://boss@127.0.0.1:{self.ports[pooled]}/managed"

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.debian.command("hub", *words, environment=ADMINISTRATOR)

    def set_up(self, pooled: bool) -> str:
        """What `hub setup --url` printed."""
        done = self.command("setup", "--url", self.url(pooled), "--ca", f"{self.folder}/ca.crt", "--yes")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def provider(debian: Debian, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate for the server's address."""
    folder = tmp_path_factory.mktemp("provider")
    asyncio.run(_certify(folder))
    return folder


async def _certify(folder: Path) -> None:
    now = time.time()
    await authority.create(folder / "authority", now=now)
    issued = await authority.issue_server(("127.0.0.1",), folder / "authority", until=now + YEAR, now=now)
    pem = (folder / "authority/ca.crt").read_text()
    (folder / "ca.crt").write_text("subject: the provider\r\n" + pem.replace("\n", "\r\n"))
    (folder / "server.crt").write_text(issued.certificate)
    (folder / "server.key").touch(0o600)
    (folder / "server.key").write_text(issued.key)


@pytest.fixture(scope="module")
def managed(debian: Debian, provider: Path) -> Iterator[Managed]:
    own = debian.cluster / "provider"
    own.mkdir()
    for path in (own, provider):
        path.chmod(0o755)
    for name in ("server.crt", "server.key"):
        shutil.copy2(provider / name, own / name)
    for path in (*own.iterdir(), *provider.iterdir()):
        if path.is_file():
            shutil.chown(path, "postgres", "postgres")
    here = "/etc/postgresql" / own.relative_to(debian.folder / "etc/postgresql")
    (debian.cluster / "conf.d/provider.conf").write_text(
        f"ssl = on\nssl_cert_file = '{here}/server.crt'\nssl_key_file = '{here}/server.key'\n"
    )
    for statement in (
        "CREATE ROLE boss LOGIN CREATEROLE PASSWORD 'boss-pw'",
        "CREATE DATABASE managed OWNER boss",
        "CREATE ROLE pooler LOGIN SUPERUSER PASSWORD 'pooler-pw'",
        "SELECT pg_reload_conf()",
    ):
        debian.sql(statement, "postgres")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = Path(mkdtemp(prefix="pooler-"))
    for name in ("server.crt", "server.key"):
        shutil.copy2(provider / name, settings / name)
    (settings / "users").write_text('"pooler" "pooler-pw"\n')
    (settings / "pooler.ini").write_text(POOLER.format(server=debian.port, port=port, folder=settings))
    subprocess.run(["chown", "-R", "postgres:postgres", str(settings)], check=True, timeout=SECONDS)
    argv = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--", "pgbouncer", "pooler.ini"]
    with subprocess.Popen(argv, cwd=settings, stderr=subprocess.DEVNULL) as pooler:
        try:
            yield Managed(debian, provider, (debian.port, port))
        finally:
            pooler.terminate()
            pooler.wait(SECONDS)
            shutil.rmtree(settings)


@pytest.mark.parametrize("pooled", [False, True], ids=["direct", "pooled"])
async def test_it_is_prepared_and_machines_send_by_a_password(managed: Managed, tmp_path: Path, pooled: bool) -> None:
    debian = managed.debian
    password = debian.folder / "etc/trafico-monitor/hub-credentials/hub-password"
    ca = str(managed.folder / "ca.crt")
    boss = Endpoint(managed.url(pooled), "boss", "boss-pw", ca=ca)
    async with asyncio.timeout(SECONDS):
        while await refusal(boss):
            await asyncio.sleep(0.1)
    managed.set_up(pooled)
    assert password.stat().st_mode & 0o777 == 0o600
    assert "Nothing to change" in managed.set_up(pooled)  # the hub's password is still good

    name = f"m{secrets.token_hex(3)}"
    made = invited(managed, name)
    assert (made.certificate, made.key) == ("", "") and made.ca == (managed.folder / "authority/ca.crt").read_text()
    endpoint = Endpoint.of_machine(Fleet(made.url, name, ca=ca), password=made.password)
    machine = Machine(tmp_path / "machine", endpoint)
    machine.folder.mkdir()
    async with machine.on():
        await machine.write_at_once(700)
        await machine.sent()
        hub = load_hub(debian.folder / "etc/trafico-monitor/hub.d/10-setup.toml").hub
        reads = Endpoint(hub.url, "trafico_hub", password.read_text().strip(), ca=f"{debian.folder}{hub.ca}")
        rows = await ask(reads, "SELECT text FROM trafico.records WHERE machine = %s ORDER BY seq", name)
        assert [text for (text,) in rows] == expected(700)
        assert managed.command("revoke", name, "--user", "boss").returncode == 0
        await machine.write_at_once(10)
        await until(lambda: machine.sender.state.error is not None, "it is admitted no more")
    assert await ask(reads, "SELECT count(*) FROM trafico.records WHERE machine = %s", name) == [(700,)]
    assert await refusal(endpoint) in ("not_admitted", "wrong_password")

    undone = managed.command("setup", "--undo", "--yes")
    assert undone.returncode == 0 and not password.exists()


@pytest.mark.parametrize(
    "content", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" * 21]
)
def test_an_authority_that_no_join_file_could_carry_is_refused(debian: Debian, tmp_path: Path, content: str) -> None:
    ca = tmp_path / "ca.crt"
    ca.write_text(content)
    done = debian.command("hub", "setup", "--url", "postgresql://boss@127.0.0.1:1/managed", "--ca", str(ca), "--yes")
    assert done.returncode == 69 and "1 to 20 certificates" in done.stderr


async def refusal(endpoint: Endpoint) -> str:
    """The reason why nobody can sign in there; "" where it is possible."""
    try:
        await (await connect(endpoint)).close()
    except FleetError as error:
        return f"{error.code}: {error.detail}" if error.code == "lost" else error.code
    return ""


def invited(managed: Managed, name: str) -> Invitation:
    done = managed.command("invite", name, "--user", "boss")
    assert done.returncode == 0, done.stderr
    return parse(done.stdout.encode())
