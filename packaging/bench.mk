# The benchmark: what the monitor promises about speed and size, beside peers, in the same run.

.PHONY: bench

BENCH_PACKAGES := fail2ban sec gcc libc6-dev libsystemd-dev pkg-config

bench: venv ## measure every promise about speed and size beside its peers (root or sudo; 25 minutes)
	packaging/install-packages $(BENCH_PACKAGES)
	$(PYTHON) benchmarks/bench.py $(BENCH)
