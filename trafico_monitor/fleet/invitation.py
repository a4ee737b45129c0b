"""The join file: what a machine needs to sign in, as one TOML file.

It comes by mail or from a stick, and root reads it: nothing in it is a path or a command, and every value is checked
before anything is made of it.
"""

from __future__ import annotations

import json
import os
import re
import stat
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from urllib.parse import parse_qsl, urlsplit

from ..config import validators
from ..errors import FleetError
from . import authority

FORMAT = 1
MOST_AUTHORITIES = 20
LARGEST = 64 * 1024  # bytes; one with an authority of a dozen certificates has 30,000
_HEAD = (
    "# trafico-monitor: «{name}» joins the fleet with this file: sudo trafico-monitor fleet join FILE\n"
    "# It holds the secret of that machine: hand it over as you would a password, and delete it afterwards.\n"
)
_PEM = r"-----BEGIN {kind}-----\n(?:[A-Za-z0-9+/=]{{1,76}}\n)+-----END {kind}-----\n"
_CERTIFICATE = _PEM.format(kind="CERTIFICATE")
_certificate = validators.matching(re.compile(_CERTIFICATE, re.ASCII))
_authorities = validators.matching(re.compile(rf"(?:{_CERTIFICATE}){{1,{MOST_AUTHORITIES}}}", re.ASCII))
_key = validators.matching(re.compile(_PEM.format(kind="PRIVATE KEY"), re.ASCII))
_password = validators.matching(re.compile(r"[!-~]{1,200}", re.ASCII))


@dataclass(frozen=True, slots=True)
class Invitation:
    """`ca`, `certificate` and `key` are PEM, "" for none. A machine signs in by certificate and key or by password."""

    url: str
    name: str
    ca: str = ""
    certificate: str = ""
    key: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


def _database(value: object) -> str:
    """As config/validators.database, with the parameters of a unix socket alone: libpq has some that are paths."""
    given = validators.database(value)
    parameters = dict(parse_qsl(urlsplit(given).query, keep_blank_values=True))
    if parameters.keys() - {"host", "port"} or not parameters.get("host", "/").startswith("/"):
        raise ValueError
    return given


_VALUES: dict[str, Callable[[object], str]] = {
    "url": _database,
    "name": validators.machine,
    "ca": validators.or_empty(_authorities),
    "certificate": validators.or_empty(_certificate),
    "key": validators.or_empty(_key),
    "password": validators.or_empty(_password),
}


def render(invitation: Invitation) -> str:
    """The content of the join file. The secret is last: a file cut in half has none."""
    lines = [_HEAD.format(name=invitation.name), f"format = {FORMAT}\n"]
    for one in fields(invitation):
        value = getattr(invitation, one.name)
        if value:
            # A JSON string is a TOML basic string; PEM has neither quotes nor backslashes.
            text = f'"""\n{value}"""' if value.endswith("-----\n") else json.dumps(value)
            lines.append(f"{one.name} = {text}\n")
    return "".join(lines)


def read(path: str) -> bytes:
    """The content of a join file, `-` for the standard input; one byte more than `LARGEST` at most."""
    if path == "-":
        return _all(0)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (OSError, ValueError) as error:
        raise FleetError("no_file", fields={"file": path, "detail": getattr(error, "strerror", "") or ""}) from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise refused("not_a_file")
        return _all(descriptor)
    finally:
        os.close(descriptor)


def parse(content: bytes) -> Invitation:
    """The values of a join file, each of which is possible. Raises FleetError."""
    if len(content) > LARGEST:
        raise refused("too_large")
    try:
        table = tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        raise refused("cut" if content.startswith(b"# trafico-monitor") else "foreign") from None
    if table.pop("format", None) != FORMAT:
        raise refused("foreign" if "url" not in table else "format")
    if unknown := table.keys() - _VALUES.keys():
        raise refused("unknown_key", key=min(unknown)[:40])
    found: dict[str, str] = {}
    for name, convert in _VALUES.items():
        try:
            found[name] = convert(table.get(name, ""))
        except ValueError:
            raise refused("missing" if name not in table else "bad_value", key=name) from None
    made = Invitation(**found)
    if bool(made.certificate) != bool(made.key) or bool(made.key) == bool(made.password):
        raise refused("missing" if not (made.key and made.password) else "bad_value", key="key")
    if made.certificate and not made.ca:
        raise refused("missing", key="ca")
    return made


async def check(invitation: Invitation, now: float) -> float | None:
    """The end of the machine's certificate, None where a password is used. Raises FleetError for a certificate of
    another name, one that has expired, and a key of another certificate."""
    user = urlsplit(invitation.url).username or invitation.name
    if user.partition(".")[0] != invitation.name:  # a pooler's suffix may follow
        raise refused("other_name", found=user[:40], wanted=invitation.name)
    if not invitation.certificate:
        return None
    try:
        found = await authority.details(invitation.certificate)
        await authority.details(invitation.ca)
    except FleetError:
        raise refused("bad_value", key="certificate") from None
    if found.name != invitation.name:
        raise refused("other_name", found=found.name[:40], wanted=invitation.name)
    if not await authority.belongs(invitation.key, found):
        raise refused("other_key")
    if found.until <= now:
        raise refused("expired")
    return found.until


def refused(reason: str, **about: str) -> FleetError:
    """The error for a join file that is none, with one of the reasons `fleet.error.invitation_…`."""
    return FleetError(f"invitation_{reason}", fields=about)


def _all(descriptor: int) -> bytes:
    content = b""
    while len(content) <= LARGEST and (part := os.read(descriptor, LARGEST + 1 - len(content))):
        content += part
    return content
