"""Secrets that systemd passes as files: LoadCredential=, SetCredential=."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SERVICE = "trafico-monitor.service"
HUB_SERVICE = "trafico-monitor-hub.service"
_LARGEST = 4096  # bytes; a token has 46


@dataclass(frozen=True, slots=True)
class Credentials:
    """Passed credentials, "" for a missing one. The repr contains no secret."""

    directory: Path | None = None
    telegram_token: str = field(default="", repr=False)
    alert_token: str = field(default="", repr=False)
    admin_id: str = ""
    hub_password: str = field(default="", repr=False)
    fleet_key: str = ""  # path of the key's file, which libpq reads itself
    fleet_password: str = field(default="", repr=False)


def directory(environ: Mapping[str, str] = os.environ, service: str = SERVICE) -> Path | None:
    """Returns the directory of the credentials: the service's own, or for root those of the running `service`.

    Only the service has CREDENTIALS_DIRECTORY; `sudo trafico-monitor check` must see the same secrets, or it would
    report the service's secrets as missing.
    """
    given = environ.get("CREDENTIALS_DIRECTORY", "")
    if given:
        return Path(given)
    running = Path("/run/credentials") / service
    return running if os.access(running, os.R_OK | os.X_OK) else None


def read(environ: Mapping[str, str] = os.environ, service: str = SERVICE) -> Credentials:
    """Returns the credentials of this process. Raises OSError for an existing, unreadable one."""
    where = directory(environ, service)
    if where is None:
        return Credentials()
    return Credentials(
        directory=where,
        telegram_token=_secret(where / "telegram-token"),
        alert_token=_secret(where / "alert-token"),
        admin_id=_secret(where / "admin-id"),
        hub_password=_secret(where / "hub-password"),
        fleet_key=str(where / "fleet-key") if (where / "fleet-key").exists() else "",
        fleet_password=_secret(where / "fleet-password"),
    )


def _secret(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST).decode("utf-8", "replace").strip()
    except FileNotFoundError:
        return ""
