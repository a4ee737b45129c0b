"""What the commands that ask the running monitor for something share: the question and its answer."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import TextIO

from ..errors import MonitorError
from .common import print_json, printable
from .control_socket import NotAnswered, call
from .help import USAGE
from .main import language
from .output import say

REFUSED = 1
_EXIT = {200: 0, 422: USAGE, 503: NotAnswered.exit_code}


class UsageError(MonitorError):
    """The words of the command line do not make a request."""

    exit_code = USAGE


def ask(args: argparse.Namespace, kind: str, **fields: object) -> int:
    """Ask for `kind` (model/request.py), print the answer, and return the exit status: 0 done, 1
    refused with the reason, 64 not understood. Raises NotAnswered (69), NotPermitted (77)."""
    spoken = language()
    given = {name: value for name, value in fields.items() if value is not None}
    status, said = call(args.config, "POST", "/api/v1/requests", {"kind": kind, **given}, spoken=spoken)
    if args.json:
        print_json(said)
    else:
        _print(said, sys.stdout if said.get("ok") else sys.stderr)
    return _EXIT.get(status, REFUSED)


def _print(said: Mapping[str, object], stream: TextIO) -> None:
    lines, fields = str(said.get("text", "")).split("\n"), said.get("fields")
    if said.get("code") == "invalid" and isinstance(fields, Mapping):  # what is expected of which
        lines += [f"  {name}: {expected}" for name, expected in fields.items()]
    for line in lines:
        say(printable(line), stream=stream)
