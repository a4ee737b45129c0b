# The demos: everything they make lives in memory, in a mount and process namespace of its own.

.PHONY: demo demo-fleet

demo: venv ## break the download in all six ways and watch the monitor repair it (root or sudo)
	packaging/install-packages passwd util-linux
	@/usr/bin/python3 -B -m demo

demo-fleet: venv ## three machines and a hub on a PostgreSQL of its own; a disk fills on all, one falls silent
	packaging/install-packages passwd util-linux
	@/usr/bin/python3 -B -m demo demo.fleet
