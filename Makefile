# trafico-monitor: every target sets up what it needs on a fresh Debian machine.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
IMPORT_LINTER := import-linter==2.17

# What a Debian machine needs to build, run and test from the source tree.
RUN_PACKAGES := python3-venv python3-systemd python3-psutil python3-sdnotify python3-dotenv \
	python3-ahocorasick python3-cachetools python3-certifi python3-click python3-docker python3-idna python3-jinja2 python3-jsonpickle \
	python3-prometheus-client python3-rich python3-rich-click apprise ffmpeg sudo systemd acl jq mediainfo systemd-journal-remote zsh fish strace \
	python3-psycopg postgresql pgbouncer

# What booting a Debian takes (facts of the tests: tests/system/machine.py), a network of machines, and a false clock.
MACHINE_PACKAGES := mmdebstrap systemd-container iproute2 libfaketime

# What judges the web side: a real browser, Prometheus' own checker, a real proxy.
WEB_PACKAGES := chromium prometheus nginx-light nodejs openssl

.PHONY: help venv lint check check-unit check-component test test-unit test-real test-testing

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

venv: .venv/.ready ## make .venv, with .venv/bin/trafico-monitor ready to call

.venv/.ready: packaging/vendor.txt requirements-dev.txt pyproject.toml
	packaging/install-packages $(RUN_PACKAGES)
	test -x $(PYTHON) || /usr/bin/python3 -m venv --system-site-packages .venv
	$(PYTHON) -m pip install --quiet --ignore-installed --no-deps --require-hashes -r packaging/vendor.txt
	$(PYTHON) -m pip install --quiet -r requirements-dev.txt 'setuptools>=70.1'
	# Tests run what users run, Debian's: schemathesis brings newer ones and works with these.
	$(PYTHON) -m pip uninstall --quiet --yes click markdown-it-py mdurl rich rich-click
	# import-linter wants a newer click: in an environment of its own.
	/usr/bin/python3 -m venv .venv/lint && .venv/lint/bin/python -m pip install --quiet '$(IMPORT_LINTER)'
	ln -sf ../lint/bin/lint-imports .venv/bin/lint-imports
	$(PYTHON) -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

include packaging/sbom.mk
include packaging/deb.mk
-include packaging/demo.mk
-include packaging/bench.mk
include packaging/chaos.mk
include packaging/fuzz.mk
include packaging/train.mk

lint: venv ## ruff, mypy --strict, import contracts
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo

# Not part of lint: npm alone brings some 400 packages on Debian.
.PHONY: lint-js format-js
PRETTIER := 3.6.2
DASHBOARD := $(filter-out %/uplot.js,$(wildcard trafico_monitor/web/static/*.js))

PANEL_SCRIPTS := 'packaging/panel/**/*.{ts,tsx}' 'tests/browser/panel/**/*.{ts,tsx,js,json}'

lint-js: .cache/prettier-$(PRETTIER) ## Prettier over the dashboard's scripts and the panel's (needs npm)
	$</node_modules/.bin/prettier --check --print-width 120 $(DASHBOARD) $(PANEL_SCRIPTS)

format-js: .cache/prettier-$(PRETTIER) ## let Prettier rewrite them
	$</node_modules/.bin/prettier --write --print-width 120 $(DASHBOARD) $(PANEL_SCRIPTS)

# What judges the panel of docs/panel-nextjs.md and the OpenAPI document: Next.js, tsc, generators, a linter; FastAPI.
.PHONY: panel-tools panel-types
PANEL := tests/browser/panel
panel-tools: .cache/panel/.ready .venv/panel/.ready ## install what the tests of the panel need

.cache/panel/.ready: $(PANEL)/package.json
	mkdir -p $(@D)
	cp $< $(@D)/package.json
	npm install --silent --no-audit --no-fund --no-package-lock --prefix $(@D)
	touch $@

.venv/panel/.ready: $(PANEL)/requirements.txt
	/usr/bin/python3 -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet -r $<
	touch $@

panel-types: venv panel-tools ## write the panel's types anew, from the API's OpenAPI document
	PYTHONPATH=. $(PYTHON) -m tests.browser.panel_types

.cache/prettier-$(PRETTIER):
	npm install --silent --no-audit --no-fund --prefix $@ prettier@$(PRETTIER)

check: lint ## linters, types, unit and component tests in two minutes; not the slow ones, nor a browser or a booted machine
	packaging/install-packages $(WEB_PACKAGES)
	$(MAKE) --no-print-directory --jobs=2 --output-sync=target check-unit check-component

# Fifty examples a property (HYPOTHESIS_PROFILE=dev), beside the component tests, which wait more than they work.
check-unit:
	$(PYTHON) -m pytest -m 'not slow' tests/unit tests/fuzz

check-component:
	$(PYTHON) -m pytest -m 'not slow' tests/component

test: lint deb ## everything: all examples, the slow tests, the package, a browser, booted Debian 12 and 13
	packaging/install-packages $(MACHINE_PACKAGES) $(WEB_PACKAGES) $(KILLS_PACKAGES)
	command -v npm >/dev/null || packaging/install-packages npm
	$(MAKE) --no-print-directory panel-tools
	mkdir -p build
	$(MAKE) --no-print-directory --jobs=2 test-unit test-real

test-unit test-real: export HYPOTHESIS_PROFILE = ci

# Unit tests wait for nothing: they take what processor the others leave, and show their output at their end.
test-unit:
	@nice -n 5 $(PYTHON) -m pytest --durations=20 tests/unit tests/fuzz >build/unit.log 2>&1; \
		status=$$?; cat build/unit.log; exit $$status

test-real:
	CHAOS_SCALE=0.04 $(PYTHON) -m pytest -rR --durations=20 tests/component tests/browser tests/system tests/chaos/test_kills.py

picture: ## the README's picture of the dashboard, made by a test
	TRAFICO_PICTURE=1 $(PYTHON) -m pytest tests/browser/test_readme.py

test-testing: deb ## the booted tests on Debian testing
	packaging/install-packages $(MACHINE_PACKAGES)
	TRAFICO_RELEASES=forky $(PYTHON) -m pytest tests/system

