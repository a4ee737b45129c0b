"""The only code that ever runs as root: one file, standard library only. See docs/security.md."""
