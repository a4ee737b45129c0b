"""The root helper as root, on real files."""
