"""Persistence: one SQLite database with one writer, and the logs exported from it."""
