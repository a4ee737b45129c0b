"""The only code that runs as root: one file, standard library only. See docs/security.md."""
