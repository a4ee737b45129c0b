"""`trafico-monitor retry ID`: repair a failed incident once more."""

from __future__ import annotations

import argparse

from ...messages import text
from ..client import ask
from ..common import add_config
from ..main import language


def add_arguments(parser: argparse.ArgumentParser) -> None:
    spoken = language()
    add_config(parser)
    parser.add_argument("incident", metavar="ID", help=text("option.incident", spoken))


def run(args: argparse.Namespace) -> int:
    """Ask, and print the answer."""
    return ask(args, "retry", incident=args.incident)
