"""The fleet's certificate authority: `openssl ca` in a folder of root's alone.

A machine's certificate names it by its CN, which is the name of its role in the database. The server's has an address
instead, and serves no client: nobody signs in with it.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import shutil
import ssl
import tempfile
import textwrap
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from ..errors import FleetError
from ..host import subprocesses

FOLDER = Path("/etc/trafico-monitor/authority")
DAY = 86400.0
AUTHORITY_DAYS = 7300.0  # also of the server's certificate, which `hub setup` renews
MACHINE_DAYS = 730.0
# Valid from earlier on: a machine whose clock is a day behind can join.
_EARLIER = 2 * DAY
_SERVER = "trafico-monitor server"  # no machine's name: it has a space
_SECONDS = 30.0

_SETTINGS = """
[req]
distinguished_name = dn
[dn]
[ca]
default_ca = fleet
[fleet]
database = {folder}/index.txt
new_certs_dir = {folder}/certs
certificate = {folder}/ca.crt
private_key = {folder}/ca.key
rand_serial = yes
unique_subject = no
default_md = sha256
default_crl_days = 36500
policy = any
copy_extensions = none
[any]
commonName = supplied
[authority]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[machine]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[server]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {addresses}
"""


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate with its key, both PEM. `until` is its end, in seconds since the epoch."""

    certificate: str
    key: str = field(repr=False)
    until: float


@dataclass(frozen=True, slots=True)
class Details:
    """Subject's CN and end of a certificate, its public key (PEM), and the addresses that a server's is for."""

    name: str
    until: float
    public_key: str
    addresses: tuple[str, ...] = ()


def certificates(text: str) -> list[str]:
    """Each PEM certificate of `text`, in lines of 64 characters, without what stands between them."""
    found = re.findall(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----", text)
    bodies = ("\n".join(textwrap.wrap("".join(body.split()), 64)) for body in found)
    return [f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n" for body in bodies]


async def create(folder: Path = FOLDER, *, now: float) -> bool:
    """Make an authority in `folder`, which appears whole or not at all; False where there is one already."""
    if (folder / "ca.crt").exists():
        return False
    folder.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".authority-"))
    try:
        (new / "certs").mkdir(mode=0o700)
        (new / "index.txt").touch(0o600)
        (new / "ca.key").write_text(await _new_key())
        async with _work(new) as work:
            await _self_sign(work, now)
            await _list_revoked(work)
        new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return True


async def issue(name: str, folder: Path = FOLDER, *, until: float, now: float) -> Issued:
    """A certificate for the machine `name` (config/validators.machine)."""
    return await _issue(folder, name, "machine", (), until=until, now=now)


async def issue_server(addresses: Sequence[str], folder: Path = FOLDER, *, until: float, now: float) -> Issued:
    """A certificate for the database's server at `addresses`: names or numbers."""
    return await _issue(folder, _SERVER, "server", addresses, until=until, now=now)


async def revoke(name: str, folder: Path = FOLDER) -> str:
    """Revoke every certificate of `name`; return the new list of revoked ones."""
    async with _work(folder) as work:
        settings = work.settings()
        for line in (folder / "index.txt").read_text().splitlines():
            state, _, _, serial, _, subject = line.split("\t")
            if (state, subject) == ("V", f"/CN={name}"):
                await _run("ca", "-config", settings, "-batch", "-revoke", f"{folder}/certs/{serial}.pem")
        return await _list_revoked(work)


async def details(certificate: str) -> Details:
    """What the first of these certificates says. Raises FleetError for anything else than a certificate."""
    said = await _run(
        "x509", "-noout", "-subject", "-nameopt", "RFC2253,-esc_msb,utf8", "-enddate", "-pubkey",
        "-ext", "subjectAltName", given=certificate,
    )  # fmt: skip
    name = re.search(r"^subject=CN=([^,+\n]*)$", said, re.MULTILINE)
    end = re.search(r"^notAfter=(.+)$", said, re.MULTILINE)
    key = re.search(r"-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----", said)
    if not name or not end or not key:
        raise FleetError("bad_certificate")
    addresses = tuple(re.findall(r"(?:DNS|IP Address):([^,\s]+)", said))
    return Details(name[1], float(ssl.cert_time_to_seconds(end[1])), key[0], addresses)


async def belongs(key: str, certificate: Details) -> bool:
    """Whether `key` (PEM, without a passphrase) is that of the certificate."""
    try:
        said = await _run("pkey", "-pubout", "-passin", "pass:", given=key)
    except FleetError:
        return False
    return said.split() == certificate.public_key.split()


@dataclass(frozen=True, slots=True)
class _Work:
    """A temporary folder of the authority's."""

    folder: Path
    temporary: Path

    def settings(self, addresses: Sequence[str] = ()) -> str:
        """The path of openssl's settings."""
        listed = ",".join(f"{'IP' if _is_number(one) else 'DNS'}:{one}" for one in addresses) or "DNS:invalid"
        path = self.temporary / "openssl.cnf"
        path.write_text(_SETTINGS.format(folder=self.folder, addresses=listed))
        return str(path)


@asynccontextmanager
async def _work(folder: Path) -> AsyncIterator[_Work]:
    """The authority, locked: `openssl ca` itself does not expect another one beside it."""
    try:
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        raise FleetError("no_authority", fields={"folder": str(folder)}) from None
    try:
        async with asyncio.timeout(_SECONDS):
            while not _locked(lock):
                await asyncio.sleep(0.05)
        with tempfile.TemporaryDirectory(dir=folder, prefix="work-") as temporary:
            yield _Work(folder, Path(temporary))
    except TimeoutError:
        raise FleetError("authority_busy", fields={"folder": str(folder)}) from None
    finally:
        os.close(lock)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _issue(
    folder: Path, name: str, extensions: str, addresses: Sequence[str], *, until: float, now: float
) -> Issued:
    key = await _new_key()
    async with _work(folder) as work:
        settings, request = work.settings(addresses), str(work.temporary / "request")
        await _run("req", "-new", "-config", settings, "-key", "/dev/stdin", "-subj", f"/CN={name}", "-out", request,
                   given=key)  # fmt: skip
        certificate = await _run(
            "ca", "-config", settings, "-batch", "-notext", "-extensions", extensions, "-in", request,
            *_period(now, until),
        )  # fmt: skip
    return Issued(certificate + "\n", key + "\n", until)


async def _self_sign(work: _Work, now: float) -> None:
    settings, request = work.settings(), str(work.temporary / "request")
    key = str(work.folder / "ca.key")
    await _run("req", "-new", "-config", settings, "-key", key, "-subj", "/CN=trafico-monitor fleet", "-out", request)
    await _run(
        "ca", "-config", settings, "-batch", "-notext", "-selfsign", "-extensions", "authority", "-in", request,
        "-keyfile", key, "-out", f"{work.folder}/ca.crt", *_period(now, now + AUTHORITY_DAYS * DAY),
    )  # fmt: skip


async def _list_revoked(work: _Work) -> str:
    # Not by the output: a subprocess's is cut at 64 KiB, which is some 1,500 certificates.
    path = work.folder / "crl.pem"
    await _run("ca", "-config", work.settings(), "-batch", "-gencrl", "-out", str(path))
    return path.read_text()


def _period(now: float, until: float) -> tuple[str, ...]:
    return "-startdate", _moment(now - _EARLIER), "-enddate", _moment(until)


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y%m%d%H%M%SZ}"


def _is_number(address: str) -> bool:
    try:
        ip_address(address)
    except ValueError:
        return False
    return True


async def _new_key() -> str:
    # P-256: SCRAM's channel binding is not defined for Ed25519 (RFC 5929, section 4.1).
    return await _run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")


async def _run(*words: str, given: str | None = None) -> str:
    """The output of openssl. Raises FleetError."""
    done = await subprocesses.run(
        ("openssl", *words), seconds=_SECONDS, given=None if given is None else given.encode()
    )
    if not done.ok:
        raise FleetError(
            "openssl", done.errors, fields={"detail": done.errors.splitlines()[0][:200] if done.errors else ""}
        )
    return done.output
