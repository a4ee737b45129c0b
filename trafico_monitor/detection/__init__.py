"""Journal entries to findings: the lines and tracebacks that report a failure. Pure."""
