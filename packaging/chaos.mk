# What chaos takes beside a booted machine: the kernel's word on every file that arrives, a false clock.
CHAOS_PACKAGES := inotify-tools libfaketime

.PHONY: chaos
chaos: venv deb ## kill, freeze, fill, cut and reboot the installed monitor (CHAOS_SCALE=1: about half an hour)
	packaging/install-packages $(MACHINE_PACKAGES) $(CHAOS_PACKAGES)
	$(PYTHON) -m pytest tests/chaos
	$(PYTHON) -m tests.chaos.report
