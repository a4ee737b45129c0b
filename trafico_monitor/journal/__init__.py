"""The journal as a source of entries: live in a thread of its own, or read once for a replay."""
