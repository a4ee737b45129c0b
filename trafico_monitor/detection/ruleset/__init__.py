"""Rules: their text, their evaluation, and their checks."""
