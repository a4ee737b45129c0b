"""Access to the machine: subprocesses, systemd, Docker, files, secrets. Each effect has one module."""
