"""Wrapped calls, one module per library, each imported when the program imports its library."""
