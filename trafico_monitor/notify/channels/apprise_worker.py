"""Sends one message by Apprise and ends. A program of its own, started by `apprise_channel`:

Apprise costs 17 MiB to have in memory and blocks without a deadline; a process that ends costs
nothing, can be killed in the middle of whatever hangs, and keeps to itself what Apprise says of
addresses, which are secrets. So: one file, the standard library and Apprise; it reads the message
as JSON from its standard input and writes one JSON object of fixed words and numbers.
"""

import importlib
import json
import logging
import re
import sys
from typing import Any

# As /usr/bin/trafico-monitor does: what pip once put into /usr/local must not replace Debian's.
sys.path[:] = [folder for folder in sys.path if not folder.startswith("/usr/local/")]

_HTTP = re.compile(r"error=([1-5][0-9]{2})\b")
_SMTP = re.compile(r"\(([45][0-9]{2}), b['\"]")  # how smtplib's exceptions are written


class Overheard(logging.Handler):
    """Apprise returns only yes or no; why not, it tells its log. Nothing but numbers is taken
    from there: its text may hold the address."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.http = self.smtp = 0
        self.unreachable = False

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        if found := _HTTP.search(said):
            self.http = int(found[1])
        if found := _SMTP.search(said):
            self.smtp = int(found[1])
        self.unreachable |= "onnection error" in said


def send(order: dict[str, str]) -> dict[str, Any]:
    """Given `url`, `title`, `body`, `level` (info, success, warning, failure), send, and return
    `kind`: sent, absent, address, http, smtp, unreachable, refused, broken; and `status`."""
    try:
        apprise: Any = importlib.import_module("apprise")
    except ImportError:
        return {"kind": "absent"}
    overheard = Overheard()
    logger = logging.getLogger("apprise")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.handlers[:] = [overheard]
    asset = apprise.AppriseAsset(app_id="trafico-monitor", app_desc="Monitor de Descargas", async_mode=False)
    sender = apprise.Apprise(asset=asset)
    # More than one address in a line would be told again where it arrived, whenever one fails.
    if not sender.add(order["url"]) or len(sender.servers) != 1:
        return {"kind": "address"}
    service = sender.servers[0]
    if isinstance(service, apprise.NotifyBase) and service.overflow_mode == apprise.OverflowMode.UPSTREAM:
        service.overflow_mode = apprise.OverflowMode.SPLIT  # rather two messages than a refusal
    taken = sender.notify(
        body=order["body"], title=order["title"], notify_type=order["level"], body_format=apprise.NotifyFormat.TEXT
    )
    if taken:
        return {"kind": "sent"}
    if overheard.http:
        return {"kind": "http", "status": overheard.http}
    if overheard.smtp:
        return {"kind": "smtp", "status": overheard.smtp}
    return {"kind": "unreachable" if overheard.unreachable else "refused"}


def main() -> None:
    try:
        result = send(json.load(sys.stdin))
    except Exception as error:
        result = {"kind": "broken", "detail": type(error).__name__}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
