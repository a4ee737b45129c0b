"""Execution of one repair task. Files are opened through `fs`, text becomes a path only through `path_policy`."""
