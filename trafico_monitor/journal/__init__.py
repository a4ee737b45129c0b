"""The journal as a source of entries: live in its own thread, or read once for a replay."""
