"""Telling the administrator: what (routing), in which words (render), and when (courier)."""
