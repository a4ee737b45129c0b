"""Changes that let this machine join a fleet. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from .model import Change, Command, Kind
from .unit_files import SERVICE, UNITS, drop_in

CERTIFICATE = "/etc/trafico-monitor/fleet/machine.crt"
AUTHORITY = "/etc/trafico-monitor/fleet/ca.crt"
CREDENTIALS = "/etc/trafico-monitor/credentials"
CONFIG = "/etc/trafico-monitor/conf.d/fleet.toml"
UNIT = f"{UNITS}/{SERVICE}.d/60-fleet.conf"
_HEAD = "# Made by `trafico-monitor fleet join`; `fleet leave` takes it back.\n"


def joining(url: str, name: str, *, ca: str, certificate: str, key: str, password: str) -> Iterator[Change]:
    """Every file that the machine `name` needs, with the content of its invitation."""
    values: dict[str, object] = {"fleet.url": url, "fleet.name": name}
    if ca:
        values["fleet.ca"] = AUTHORITY
        yield _file(AUTHORITY, "fleet_ca", ca)
    if certificate:
        values["fleet.certificate"] = CERTIFICATE
        yield _file(CERTIFICATE, "fleet_certificate", certificate)
    secret = "fleet-key" if key else "fleet-password"
    yield _file(f"{CREDENTIALS}/{secret}", "fleet_secret", key or password + "\n", 0o600, private=True)
    yield _file(CONFIG, "fleet_config", drop_in(values, _HEAD), 0o640, "trafico-monitor")
    yield _file(UNIT, "fleet_unit", unit(secret))


def unit(secret: str) -> str:
    """The drop-in that passes `secret` to the service. A machine without a fleet has its unit as it is."""
    return (
        f"{_HEAD}\n[Service]\n"
        "# What a missing file falls back to: without it the service would not start.\n"
        f"SetCredential={secret}:\\n\nLoadCredential={secret}:{CREDENTIALS}/{secret}\n"
    )


def _file(
    path: str, reason: str, content: str, mode: int = 0o644, group: str = "root", *, private: bool = False
) -> Change:
    return Change(
        Kind.WRITE_FILE, path, reason, content, mode, group=group, required=True, private=private,
        command=Command.FLEET,
    )  # fmt: skip
