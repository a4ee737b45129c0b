"""`trafico-monitor ack ID`: somebody knows of it; no more reminders."""

from __future__ import annotations

import argparse

from ..cli import language
from ..messages import text
from .asking import ask
from .records import add_config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    spoken = language()
    add_config(parser)
    parser.add_argument("incident", metavar="ID", help=text("option.ack", spoken))


def run(args: argparse.Namespace) -> int:
    """Ask, and print the answer."""
    return ask(args, "acknowledge", incident=args.incident)
