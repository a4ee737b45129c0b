"""Whose connection it is: the address at the other end; for one of this machine the user, as the kernel's
table of connections has it (proc_net_tcp). That table takes milliseconds to read, and is read in a thread."""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

_TABLES = (Path("/proc/self/net/tcp"), Path("/proc/self/net/tcp6"))
_MOST_BYTES = 4_000_000
# "  1: LOCAL:PORT REMOTE:PORT st tx:rx tr:when retrnsmt uid …"
_ROW = re.compile(rb"^ *\d+: ([0-9A-F]+:[0-9A-F]{4}) [0-9A-F]+:([0-9A-F]{4}) 01 \S+ \S+ \S+ +(\d+) ", re.MULTILINE)


def of_elsewhere(address: str) -> str:
    """`address` as a peer's name; "" for this machine's own, behind which stand many."""
    return "" if ip_address(address.partition("%")[0]).is_loopback else address


def row_of(address: str, port: int) -> bytes:
    """How the table names that end of a connection: words of 32 bits, in the machine's own order."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    packed = socket.inet_pton(family, address.partition("%")[0])
    words = (int.from_bytes(packed[at : at + 4], sys.byteorder) for at in range(0, len(packed), 4))
    return "".join(f"{word:08X}" for word in words).encode() + b":%04X" % port


def users(port: int) -> Mapping[bytes, str]:
    """The user of each established connection to `port` by its own end (`row_of`), as `uid <number>`. Blocking."""
    wanted, found = b"%04X" % port, dict[bytes, str]()
    for table in _TABLES:
        try:
            with table.open("rb") as file:
                content = file.read(_MOST_BYTES)
        except OSError:
            continue
        found |= {row[1]: f"uid {int(row[3])}" for row in _ROW.finditer(content) if row[2] == wanted}
    return found
