"""Where cases lie: the few that are kept, and what `make fuzz` grows and finds."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
CORPUS = Path(__file__).parent / "corpus"
CACHE = REPOSITORY / ".cache" / "fuzz"
