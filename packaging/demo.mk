# The demo: everything it makes lives in memory, in a mount and process namespace of its own.

.PHONY: demo

demo: venv ## break the download in all six ways and watch the monitor repair it (root or sudo)
	packaging/install-packages passwd util-linux
	@/usr/bin/python3 -B -m demo
