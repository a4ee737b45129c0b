"""Rendering of notifications."""
