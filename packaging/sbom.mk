# What the package is made of, and what is known against it.

SBOM ?= .cache/trafico-monitor.cdx.json
CYCLONEDX ?= .cache/sbom/bin/cyclonedx-py

.PHONY: sbom audit
sbom: $(SBOM) ## what the package is made of, as CycloneDX 1.6 (the package has it in /usr/share/doc/trafico-monitor)
	@cat $(SBOM)

.cache/sbom/bin/cyclonedx-py:
	packaging/install-packages python3-venv
	/usr/bin/python3 -m venv .cache/sbom
	.cache/sbom/bin/python -m pip install --quiet cyclonedx-bom==7.5.0

# The libraries that travel inside, by their pins, and the dashboard's one. Debian's packages stand in debian/control.
$(SBOM): packaging/vendor.txt packaging/dashboard.cdx.json pyproject.toml debian/changelog $(CYCLONEDX)
	@packaging/install-packages jq dpkg-dev
	@mkdir -p $(dir $(SBOM))
	@set -o pipefail; SOURCE_DATE_EPOCH=$$(dpkg-parsechangelog -STimestamp) PYTHONWARNINGS=ignore \
		$(CYCLONEDX) requirements --pyproject pyproject.toml --sv 1.6 --short-PURLs --output-reproducible \
		packaging/vendor.txt \
		| jq --arg version "$$(dpkg-parsechangelog -SVersion)" --slurpfile dashboard packaging/dashboard.cdx.json \
		'.metadata.component.version = $$version | .components += $$dashboard' >$@.new
	@mv $@.new $@

audit: venv ## ask the registry's advisories about every pinned library (needs a network; not part of `make check`)
	/usr/bin/python3 -m venv .cache/audit
	.cache/audit/bin/python -m pip install --quiet pip-audit==2.10.1
	packaging/audit .cache/audit/bin/pip-audit packaging/vendor.txt
