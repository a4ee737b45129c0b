# What the package is made of, and what is known against it.

.PHONY: sbom audit
sbom: ## what the package is made of, as CycloneDX 1.6 (the package has it in /usr/share/doc/trafico-monitor)
	@SOURCE_DATE_EPOCH=$$(dpkg-parsechangelog -STimestamp) /usr/bin/python3 packaging/sbom.py

audit: venv ## ask the registry's advisories about every pinned library (needs a network; not part of `make check`)
	/usr/bin/python3 -m venv .cache/audit
	.cache/audit/bin/python -m pip install --quiet pip-audit==2.10.1
	packaging/audit .cache/audit/bin/pip-audit packaging/vendor.txt
