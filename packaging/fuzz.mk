# The long walk through every door (tests/fuzz): `make fuzz` takes ten minutes for each, two at a time.
# The short one is part of `make check` and needs nothing that is installed here.
FUZZ_SECONDS := 600
FUZZ_LANES := 2
FUZZ_TARGETS := $(sort $(notdir $(basename $(filter-out %/__init__.py,$(wildcard tests/fuzz/targets/*.py)))))

.PHONY: fuzz
fuzz: venv ## fuzz parser, redaction, rules, configuration, servers' answers, HTTP (FUZZ_SECONDS=600 for each)
	$(PYTHON) -m pip install --quiet --require-hashes -r requirements-fuzz.txt
	printf '%s\n' $(FUZZ_TARGETS) | xargs -P $(FUZZ_LANES) -I TARGET \
		nice $(PYTHON) -W ignore -m tests.fuzz.run TARGET $(FUZZ_SECONDS)
	$(PYTHON) -m tests.fuzz.report
