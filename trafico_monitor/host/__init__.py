"""One door per effect on the machine: clock, processes, systemd, secrets."""
