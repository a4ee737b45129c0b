"""One module a command, imported only when it is called: `--help` stays quick."""
