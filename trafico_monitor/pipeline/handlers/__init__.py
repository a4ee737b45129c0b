"""Handlers: one for each kind of finding, and one for task results. Pure."""
