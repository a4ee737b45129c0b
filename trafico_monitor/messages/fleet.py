"""Why the fleet's database cannot be used, in words. Pure."""

from __future__ import annotations

from ..errors import FleetError
from . import text


def reason(error: FleetError, language: str) -> str:
    """The sentence of `error`."""
    return text(f"fleet.error.{error.code}", language, **error.fields)
