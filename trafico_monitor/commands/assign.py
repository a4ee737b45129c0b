"""`trafico-monitor assign FILE MODELO`: finish a rescue."""

from __future__ import annotations

import argparse

from ..cli import language
from ..messages import text
from .asking import ask
from .records import add_config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    spoken = language()
    add_config(parser)
    parser.add_argument("file", metavar="FILE", help=text("option.file", spoken))
    parser.add_argument("modelo", metavar="MODELO", help=text("option.modelo", spoken))


def run(args: argparse.Namespace) -> int:
    """Ask, and print the answer."""
    return ask(args, "assign", file=args.file, modelo=args.modelo)
