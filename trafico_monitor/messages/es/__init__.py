"""Texts in es."""
