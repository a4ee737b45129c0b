"""Extraction from one line: paths, downloads, beginnings."""
