"""The machines of a fleet as roles of its database; done by the database's administrator, inside a transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from ..errors import FleetError
from .migrations import MACHINE_ROLE

if TYPE_CHECKING:
    import psycopg

# A sender has two at most; this bounds what one machine can take from all others.
_CONNECTIONS = 20


@dataclass(frozen=True, slots=True)
class Known:
    """A machine that had been invited before. Times in seconds since the epoch, by the database's clock; `heard_at`
    is its last heartbeat."""

    invited_at: float
    revoked_at: float | None
    heard_at: float | None


def account(url: str, role: str) -> str:
    """The user that signs in as `role`: a pooler (Supabase's) adds to every user's name what follows its dot."""
    _, dot, suffix = (urlsplit(url).username or "").partition(".")
    return role + dot + suffix


def addressed(url: str, name: str, *, always: bool = False) -> str:
    """The database's address for the role `name`: without the administrator's user and libpq's parameters. The name is
    in it where a pooler wants a suffix, or `always`."""
    parts, user = urlsplit(url), account(url, name)
    place = parts.netloc.rpartition("@")[2]
    kept = [(key, value) for key, value in parse_qsl(parts.query) if key in ("host", "port")]
    query = f"?{urlencode(kept, safe='/')}" if kept else ""
    return f"postgresql://{f'{user}@' if always or user != name else ''}{place}{parts.path}{query}"


async def find(cursor: psycopg.AsyncCursor[Any], name: str) -> Known | None:
    """The machine `name`; None for one that was never invited."""
    await cursor.execute(
        "SELECT extract(epoch FROM m.invited_at), extract(epoch FROM m.revoked_at), extract(epoch FROM h.received_at)"
        " FROM trafico.machines m LEFT JOIN trafico.heartbeats h USING (machine) WHERE machine = %s",
        (name,),
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    invited, revoked, heard = (None if value is None else float(value) for value in row)
    return Known(invited or 0.0, revoked, heard)


async def invite(
    cursor: psycopg.AsyncCursor[Any], name: str, *, certificate_until: float | None, verifier: str
) -> Known | None:
    """Let `name` sign in, also once more; return what was known of it before. `verifier` is the SCRAM verifier of its
    password, "" for none. Raises FleetError for a name that is a role of somebody else's."""
    from psycopg import sql

    known = await find(cursor, name)
    await cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", (name,))
    there = await cursor.fetchone() is not None
    reserved = name in ("public", "none") or name.startswith("pg_")  # by PostgreSQL
    if reserved or (there and known is None):
        raise FleetError("role_taken", fields={"user": name})
    await cursor.execute(
        sql.SQL("{verb} ROLE {name} LOGIN INHERIT CONNECTION LIMIT {most} PASSWORD {password}").format(
            verb=sql.SQL("ALTER" if there else "CREATE"),
            name=sql.Identifier(name),
            most=sql.Literal(_CONNECTIONS),
            password=sql.Literal(verifier or None),
        )
    )
    await cursor.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(MACHINE_ROLE), sql.Identifier(name)))
    await cursor.execute(
        "INSERT INTO trafico.machines AS m (machine, certificate_until) VALUES (%s, to_timestamp(%s::float8))"
        " ON CONFLICT (machine) DO UPDATE SET invited_at = clock_timestamp(), revoked_at = NULL,"
        " certificate_until = excluded.certificate_until",
        (name, certificate_until),
    )
    return known


async def revoke(cursor: psycopg.AsyncCursor[Any], name: str) -> Known:
    """Let `name` sign in no more; return what was known of it before. Its records stay. Raises FleetError for a name
    that was never invited."""
    from psycopg import sql

    known = await find(cursor, name)
    if known is None:
        raise FleetError("unknown_machine", fields={"user": name})
    await cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", (name,))
    if await cursor.fetchone() is not None:
        await cursor.execute(sql.SQL("ALTER ROLE {} NOLOGIN PASSWORD NULL").format(sql.Identifier(name)))
        # Its connections may outlive this: a managed database's administrator cannot end them.
        await cursor.execute(sql.SQL("REVOKE {} FROM {}").format(sql.Identifier(MACHINE_ROLE), sql.Identifier(name)))
    await cursor.execute(
        "UPDATE trafico.machines SET revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE machine = %s", (name,)
    )
    return known


async def set_password(cursor: psycopg.AsyncCursor[Any], role: str, verifier: str) -> None:
    """Give `role` the password of this SCRAM verifier."""
    from psycopg import sql

    order = sql.SQL("ALTER ROLE {} PASSWORD {}")
    await cursor.execute(order.format(sql.Identifier(role), sql.Literal(verifier)))


async def disconnect(cursor: psycopg.AsyncCursor[Any], name: str) -> None:
    """End the connections of `name`. Raises FleetError where the administrator may not."""
    await cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", (name,))
