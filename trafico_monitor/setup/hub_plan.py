"""Changes that make a database serve a fleet, and this machine its hub. Pure.

On Debian's own PostgreSQL a machine signs in by its certificate and nothing else; a managed database is used as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .model import Change, Command, FoundFile, Kind
from .plan import Note
from .unit_files import drop_in

CONFIG = "/etc/trafico-monitor/hub.d/10-setup.toml"
PASSWORD = "/etc/trafico-monitor/hub-credentials/hub-password"  # a path
AUTHORITY = "/etc/trafico-monitor/hub-ca.crt"
SERVICE = "trafico-monitor-hub.service"
USER = "trafico-monitor-hub"
DATABASE, HUB_ROLE, MACHINE_ROLE = "trafico", "trafico_hub", "trafico_machine"
_HEAD = "# Made by `trafico-monitor hub setup`; `hub setup --undo` takes it back.\n"
_DEFAULT_CERTIFICATE = "/etc/ssl/certs/ssl-cert-snakeoil.pem"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster of Debian's PostgreSQL. `files` are those that may be written, as they are. `blocks` are the
    lines that an earlier setup has put into pg_hba.conf and pg_ident.conf."""

    name: str  # as 15/main
    port: int
    socket: str
    folder: str  # of its configuration
    hba: str
    ident: str
    certificate: str
    authority: str
    listen: str
    blocks: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, FoundFile] = field(default_factory=dict)

    @property
    def own(self) -> str:
        """The folder of what setup writes for it."""
        return f"{self.folder}/trafico-monitor"

    @property
    def drop_in(self) -> str:
        return f"{self.folder}/conf.d/trafico-monitor.conf"

    @property
    def url(self) -> str:
        """The hub's address on this machine."""
        port = "" if self.port == 5432 else f"&port={self.port}"
        return f"postgresql://{HUB_ROLE}@/{DATABASE}?host={self.socket}{port}"


@dataclass(frozen=True, slots=True)
class Material:
    """Certificates for the server, PEM. `certificate` and `key` are "" where the present ones stay."""

    ca: str
    crl: str
    certificate: str = ""
    key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class HubUnit:
    """The hub's unit according to systemd."""

    there: bool = False
    enabled: bool = False
    active: bool = False


def refusals(cluster: Cluster) -> list[Note]:
    """What an administrator has set, and setup would have to replace."""
    found: list[Note] = []
    if cluster.authority not in ("", f"{cluster.own}/ca.crt"):
        found.append(Note("hub_set", {"cluster": cluster.name, "name": "ssl_ca_file", "path": cluster.authority}))
    if cluster.certificate not in ("", _DEFAULT_CERTIFICATE, "server.crt", f"{cluster.own}/server.crt"):
        found.append(Note("hub_set", {"cluster": cluster.name, "name": "ssl_cert_file", "path": cluster.certificate}))
    return found


def of_cluster(cluster: Cluster, material: Material, address: str, listen: str, unit: HubUnit) -> Iterator[Change]:
    """Every change still needed for machines that reach the cluster at `address`."""
    files = [*_certificates(cluster, material), *_access(cluster)]
    files += _file(cluster.files, cluster.drop_in, "hub_server", settings(cluster, listen))
    yield from files
    # An earlier setup may have been told not to.
    if files or cluster.certificate != f"{cluster.own}/server.crt" or cluster.listen != listen:
        yield _change(Kind.RESTART_CLUSTER, cluster.name, "hub_restart", careful=True)
    place = f"[{address}]" if ":" in address else address
    values = {"hub.url": cluster.url, "hub.public_url": f"postgresql://{place}:{cluster.port}/{DATABASE}"}
    yield from _file(cluster.files, CONFIG, "hub_config", drop_in(values, _HEAD))
    yield from starting(unit)


def of_managed(url: str, ca: str, password: str, files: Mapping[str, FoundFile], unit: HubUnit) -> Iterator[Change]:
    """Every change still needed for a database elsewhere; `password` is the hub's, "" where the present one stays.
    The service reads its own copy of `ca` (PEM, "" for none): the file that was given may be in somebody's home."""
    if ca:
        yield from _file(files, AUTHORITY, "fleet_ca", ca)
    if password:
        yield _change(Kind.WRITE_FILE, PASSWORD, "hub_password", password + "\n", mode=0o600, private=True)
    values = {"hub.url": url} | ({"hub.ca": AUTHORITY} if ca else {})
    yield from _file(files, CONFIG, "hub_config", drop_in(values, _HEAD))
    yield from starting(unit)


def starting(unit: HubUnit) -> Iterator[Change]:
    """Enable and start the hub's service, where it is installed."""
    if unit.there and not unit.enabled:
        yield _change(Kind.ENABLE_UNIT, SERVICE, "enable_monitor")
    if unit.there:
        kind, reason = (Kind.RESTART_UNIT, "restart_monitor") if unit.active else (Kind.START_UNIT, "start_monitor")
        yield _change(kind, SERVICE, reason)


def hba_lines() -> str:
    """Who may sign in, and how: the first line that fits decides (pg_hba.conf)."""
    return (
        "# The hub on this machine, by its system user.\n"
        f"local {DATABASE} {HUB_ROLE} peer map=trafico_monitor\n"
        "# A machine: by a certificate of the fleet's authority whose CN is its name, encrypted; never otherwise.\n"
        f"hostssl {DATABASE} +{MACHINE_ROLE} all cert\n"
        f"local all +{MACHINE_ROLE} reject\n"
        f"host all +{MACHINE_ROLE} all reject\n"
    )


def ident_lines() -> str:
    """The system users that are the hub."""
    return f"trafico_monitor {USER} {HUB_ROLE}\n"


def settings(cluster: Cluster, listen: str) -> str:
    """The server's certificate, the fleet's authority and the addresses that it listens on."""
    own = cluster.own
    return (
        f"{_HEAD}listen_addresses = '{listen}'\nssl = on\nssl_min_protocol_version = 'TLSv1.2'\n"
        f"ssl_cert_file = '{own}/server.crt'\nssl_key_file = '{own}/server.key'\n"
        f"ssl_ca_file = '{own}/ca.crt'\nssl_crl_file = '{own}/crl.pem'\n"
    )


def _access(cluster: Cluster) -> Iterator[Change]:
    for path, lines in ((cluster.ident, ident_lines()), (cluster.hba, hba_lines())):
        if cluster.blocks.get(path) != lines:
            yield _change(Kind.WRITE_BLOCK, path, "hub_access", lines)


def _certificates(cluster: Cluster, material: Material) -> Iterator[Change]:
    own, files = cluster.own, cluster.files
    yield from _file(files, f"{own}/ca.crt", "fleet_ca", material.ca)
    if f"{own}/crl.pem" not in files or files[f"{own}/crl.pem"].content != material.crl:
        # `hub revoke` writes it anew.
        yield _change(Kind.WRITE_FILE, f"{own}/crl.pem", "hub_revoked", material.crl, private=True)
    if material.certificate:
        yield from _file(files, f"{own}/server.crt", "hub_certificate", material.certificate)
        # PostgreSQL takes a key of root's that its own group can read, and of nobody else.
        yield _change(
            Kind.WRITE_FILE, f"{own}/server.key", "hub_key", material.key, mode=0o640, group="postgres", private=True
        )


def _file(
    files: Mapping[str, FoundFile], path: str, reason: str, content: str, mode: int = 0o644, group: str = "root"
) -> Iterator[Change]:
    if path not in files or files[path].content != content:
        yield _change(Kind.WRITE_FILE, path, reason, content, mode=mode, group=group)


def _change(
    kind: Kind,
    target: str,
    reason: str,
    content: str = "",
    *,
    mode: int = 0o644,
    group: str = "root",
    careful: bool = False,
    private: bool = False,
) -> Change:
    return Change(
        kind, target, reason, content, mode, group=group, required=not careful, careful=careful, private=private,
        command=Command.HUB,
    )  # fmt: skip
