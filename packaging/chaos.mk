# What chaos takes beside a booted machine: the kernel's word on every file that arrives, a file system with quotas.
KILLS_PACKAGES := inotify-tools
CHAOS_PACKAGES := $(KILLS_PACKAGES) btrfs-progs e2fsprogs

.PHONY: chaos
chaos: venv deb ## kill, freeze, fill, cut and reboot the installed monitor (CHAOS_SCALE=1: about an hour)
	packaging/install-packages $(MACHINE_PACKAGES) $(CHAOS_PACKAGES)
	$(PYTHON) -m pytest tests/chaos
	$(PYTHON) -m tests.chaos.report
