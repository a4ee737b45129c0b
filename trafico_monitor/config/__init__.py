"""Configuration: the frozen schema, and its loading."""

from .schema import Config

__all__ = ["Config"]
