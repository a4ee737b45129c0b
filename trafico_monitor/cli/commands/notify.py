"""`trafico-monitor notify test`: a message through every channel."""

from __future__ import annotations

import argparse

from ...messages import text
from ..client import ask
from ..common import add_config
from ..main import language


def add_arguments(parser: argparse.ArgumentParser) -> None:
    spoken = language()
    add_config(parser)
    parser.add_argument("words", choices=["test"], metavar="test", help=text("option.notify", spoken))


def run(args: argparse.Namespace) -> int:
    """Ask, and print the answer."""
    return ask(args, "test")
