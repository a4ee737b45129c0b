"""Configuration: the frozen schema and the door through which it comes in."""

from .schema import Config

__all__ = ["Config"]
