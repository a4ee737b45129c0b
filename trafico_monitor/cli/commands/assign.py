"""`trafico-monitor assign FILE MODELO`: finish a rescue."""

from __future__ import annotations

import argparse

from ...messages import text
from ..client import ask
from ..common import add_config
from ..main import language


def add_arguments(parser: argparse.ArgumentParser) -> None:
    spoken = language()
    add_config(parser)
    parser.add_argument("file", metavar="FILE", help=text("option.file", spoken))
    parser.add_argument("modelo", metavar="MODELO", help=text("option.modelo", spoken))


def run(args: argparse.Namespace) -> int:
    """Ask, and print the answer."""
    return ask(args, "assign", file=args.file, modelo=args.modelo)
