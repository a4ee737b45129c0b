"""Connections to the fleet's database, and the reason of a failed one in one sentence.

A connection keeps no session state: with a pooler in transaction mode each transaction may meet another server
process. So no prepared statements, and a deadline is `SET LOCAL`.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from ..config.schema import Fleet
from ..errors import FleetError
from ..host.redact import redact

if TYPE_CHECKING:
    import psycopg

CONNECT_SECONDS = 10.0
STATEMENT_SECONDS = 20.0
SCHEMA = 1  # the version that this package reads and writes
APPLICATION = "trafico-monitor"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A database, and how to sign in. `url` is postgresql://[user[:password]@]host[:port]/name or, for a unix socket,
    postgresql:///name?host=/run/postgresql. `user` and `password` win over the URL's. Paths: "" for none.

    A server that is not on a unix socket has to prove itself by `ca` (a file of certificates; "" = the system's).
    """

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    certificate: str = ""
    key: str = ""
    ca: str = ""

    @classmethod
    def of_machine(cls, fleet: Fleet, *, key: str = "", password: str = "") -> Endpoint:
        """That of `[fleet]`, with the credential that there is. The user is the machine's name, unless the URL has
        one: a pooler's has a suffix."""
        user = urlsplit(fleet.url).username or fleet.name
        return cls(fleet.url, user, password, fleet.certificate, key, fleet.ca)

    @property
    def local(self) -> bool:
        """Whether the server is reached by a unix socket."""
        parts = urlsplit(self.url)
        host = dict(parse_qsl(parts.query)).get("host", unquote(parts.hostname or ""))
        return not host or host.startswith("/")

    @property
    def shown(self) -> str:
        """The address without user, password and parameters."""
        parts = urlsplit(self.url)
        place = dict(parse_qsl(parts.query)).get("host", "") if self.local else parts.netloc.rpartition("@")[2]
        return f"{place}{parts.path}"

    def parameters(self) -> dict[str, Any]:
        """libpq's parameters beside the URL."""
        given = {"user": self.user, "password": self.password, "sslcert": self.certificate, "sslkey": self.key}
        said: dict[str, Any] = {name: value for name, value in given.items() if value}
        said |= {"application_name": APPLICATION, "connect_timeout": int(CONNECT_SECONDS)}
        if not self.local:
            ca = self.ca or "/etc/ssl/certs/ca-certificates.crt"
            # tcp_user_timeout: a peer that went without a word is noticed, man 7 tcp.
            said |= {"sslmode": "verify-full", "sslrootcert": ca, "keepalives_idle": 15, "tcp_user_timeout": 20000}
        return said


async def connect(endpoint: Endpoint) -> psycopg.AsyncConnection[Any]:
    """A connection in autocommit mode. Raises FleetError, at the latest after `CONNECT_SECONDS` for each address."""
    try:
        import psycopg
    except ImportError:
        raise FleetError("no_psycopg") from None
    # It warns of each connection that is lost; so does FleetError.
    logging.getLogger("psycopg").setLevel(logging.ERROR)
    try:
        async with asyncio.timeout(2 * CONNECT_SECONDS):
            made: psycopg.AsyncConnection[Any] = await psycopg.AsyncConnection.connect(
                endpoint.url, autocommit=True, prepare_threshold=None, **endpoint.parameters()
            )
            return made
    except (psycopg.Error, OSError, TimeoutError, ValueError) as error:
        raise failure(error, endpoint) from None


@asynccontextmanager
async def transaction(
    connection: psycopg.AsyncConnection[Any], endpoint: Endpoint, *, seconds: float = STATEMENT_SECONDS
) -> AsyncIterator[psycopg.AsyncCursor[Any]]:
    """A transaction with a deadline for each statement, and for all of it at the client. Raises FleetError; then the
    connection is closed unless the server refused a value's content."""
    import psycopg

    try:
        async with asyncio.timeout(seconds + 2), connection.transaction(), connection.cursor() as cursor:
            await cursor.execute(f"SET LOCAL statement_timeout = {int(seconds * 1000)}")
            yield cursor
    except (psycopg.Error, OSError, TimeoutError) as error:
        reason = failure(error, endpoint)
        if not reason.refused_content:
            await connection.close()
        raise reason from None


async def check_schema(cursor: psycopg.AsyncCursor[Any]) -> None:
    """Raises FleetError for a schema of another version than `SCHEMA`."""
    await cursor.execute("SELECT max(version) FROM trafico.schema_version")
    row = await cursor.fetchone()
    found = int(row[0] or 0) if row else 0
    if found != SCHEMA:
        code = "schema_newer" if found > SCHEMA else "schema_older"
        raise FleetError(code, fields={"found": str(found), "wanted": str(SCHEMA)})


# SQLSTATE or its class (PostgreSQL, appendix A) to a code of `fleet.error.*`.
_STATES = (
    ("25006", "read_only"),
    ("53100", "database_disk_full"),
    ("53300", "too_many_connections"),
    ("28P01", "wrong_password"),
    ("28000", "not_admitted"),
    ("3D000", "no_database"),
    ("3F000", "no_schema"),
    ("42P01", "no_schema"),
    ("42501", "not_allowed"),
    ("57P", "shutting_down"),
    ("57014", "timeout"),
)
# What libpq says where no server has answered; in English, whatever the locale (LC_MESSAGES is C in the service).
_WORDS = (
    (r"could not translate host name|Name or service not known|nodename nor servname", "unknown_host"),
    (r"certificate verify failed", "wrong_ca"),
    (r"server certificate for .* does not match|does not match host name", "wrong_host_name"),
    (r"root certificate file .* does not exist|could not read root certificate", "no_ca"),
    (r"certificate has expired|certificate expired|alert certificate expired", "expired"),
    (r"unknown ca|certificate unknown|bad certificate|certificate revoked", "foreign_certificate"),
    (r"private key file .* has group or world access", "open_key"),
    (r"could not (?:load|open) (?:private key|certificate) file|certificate present, but not private key", "no_key"),
    (r"connection requires a valid client certificate|certificate authentication failed", "not_admitted"),
    (r"no pg_hba.conf entry|pg_hba.conf rejects", "not_admitted"),
    (r"role .* is not permitted to log in|role .* does not exist", "not_admitted"),
    # Beside the server's own words those of poolers (pgbouncer, Supavisor).
    (r"password authentication failed|SASL authentication failed", "wrong_password"),
    (r"no such user|Tenant or user not found", "not_admitted"),
    (r"no password supplied", "no_password"),
    (r"database .* does not exist", "no_database"),
    (r"server does not support SSL", "no_tls"),
    (r"the database system is (?:starting up|shutting down|in recovery mode)", "shutting_down"),
    (r"too many (?:clients|connections)|remaining connection slots", "too_many_connections"),
    (r"invalid (?:URI|connection option|port|integer)|missing \"=\"", "wrong_url"),
    (r"timeout|timed out", "timeout"),
    (r"No such file or directory|Connection refused|Network is unreachable|No route to host", "unreachable"),
)


def failure(error: BaseException, endpoint: Endpoint) -> FleetError:
    """The reason of `error`, of psycopg, libpq or the operating system, with its first line redacted."""
    detail = redact(" ".join(str(error).split()))[:300]
    fields = {"address": endpoint.shown, "user": endpoint.user, "detail": detail}
    state = str(getattr(error, "sqlstate", None) or "")
    # Data exception, constraint; or psycopg itself refuses the value, such as a NUL.
    if state[:2] in ("22", "23") or type(error).__name__ == "DataError":
        return FleetError("refused_content", detail, refused_content=True, fields=fields)
    for beginning, code in _STATES:
        if state and state.startswith(beginning):
            return FleetError(code, detail, fields=fields)
    if isinstance(error, TimeoutError):
        return FleetError("timeout", detail, fields=fields)
    for pattern, code in _WORDS:
        if re.search(pattern, detail, re.IGNORECASE):
            # The server's rules let in whoever has a password, and this machine has a certificate instead.
            code = "not_admitted" if code == "no_password" and endpoint.certificate else code
            return FleetError(code, detail, fields=fields)
    return FleetError("lost", detail, fields=fields)
