"""From journal entries to findings: which line, or which traceback, reports which failure. Pure."""
