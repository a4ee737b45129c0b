"""`trafico-monitor dashboard`: a link that signs in once."""

from __future__ import annotations

import argparse
from datetime import datetime

from ...errors import MonitorError
from ...messages import text
from ..common import add_config, print_json
from ..control_socket import NotAnswered, call
from ..main import language

BASE = "/api/v1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    spoken = language()
    add_config(parser)
    parser.add_argument("--url", metavar="URL", help=text("option.url", spoken))
    parser.add_argument("--sign-out", action="store_true", help=text("option.sign_out", spoken))


def run(args: argparse.Namespace) -> int:
    """Print the link, or end all sessions."""
    spoken = language()
    if args.sign_out:
        ended = _ask(args, "DELETE", "/sessions", spoken).get("ended", 0)
        print_json({"ended": ended}) if args.json else print(text("dashboard.ended", spoken, n=ended))
        return 0
    given = _ask(args, "POST", "/codes", spoken)
    base = args.url.rstrip("/") if args.url else _address(given, spoken)
    link, until = f"{base}/#code={given.get('code')}", given.get("until")
    if args.json:
        print_json({"url": link, "until": until})
        return 0
    at = datetime.fromtimestamp(float(str(until))).astimezone()
    print(text("dashboard.link", spoken, enlace=link, hora=at.strftime("%H:%M")))
    return 0


def _ask(args: argparse.Namespace, method: str, path: str, spoken: str) -> dict[str, object]:
    status, said = call(args.config, method, BASE + path, spoken=spoken)
    if status >= 300:
        raise NotAnswered(str(said.get("text", status)))
    return said


def _address(given: dict[str, object], spoken: str) -> str:
    trouble = given.get("trouble")
    if isinstance(trouble, dict) and trouble:
        place, reason = next(iter(trouble.items()))
        raise MonitorError(text("dashboard.trouble", spoken, donde=place, motivo=reason))
    if not given.get("address"):
        raise MonitorError(text("dashboard.off", spoken))
    return str(given["address"])
