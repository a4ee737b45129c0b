"""Tests on booted Debian machines: real systemd, journald, sudo, Docker Engine, apt."""
