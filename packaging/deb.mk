# The Debian package. Built from a copy below .cache/deb, so that the work tree stays clean; the
# build itself needs no network (the wheels and the bill of materials come before) and, unless a tool is missing, no root.

DEB_VERSION := $(shell sed -n 's/^__version__ = "\(.*\)"$$/\1/p' trafico_monitor/__init__.py)
DEB_FILE := trafico-monitor_$(DEB_VERSION)_all.deb
DEB_TOOLS := dpkg-dev debhelper dh-python python3 python3-venv scdoc sudo
DEB_TREE := .cache/deb/trafico-monitor
# A clean environment: neither the caller's python nor his locale or umask gets into the package.
DEB_ENVIRONMENT := env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/nonexistent LC_ALL=C.UTF-8 TZ=UTC

.PHONY: deb lint-deb reproducible piuparts

deb: $(SBOM) ## build trafico-monitor_<version>_all.deb, and the link trafico-monitor.deb
	packaging/install-packages $(DEB_TOOLS)
	/usr/bin/python3 packaging/vendor.py fetch .cache/wheels
	rm -rf .cache/deb
	mkdir -p $(DEB_TREE)
	tar -c --exclude=__pycache__ --exclude='*.egg-info' LICENSE $(wildcard README*.md) \
		debian packaging trafico_monitor | tar -x -C $(DEB_TREE)
	cp -r .cache/wheels $(DEB_TREE)/wheels
	cp $(SBOM) $(DEB_TREE)/trafico-monitor.cdx.json
	cd $(DEB_TREE) && umask 022 && $(DEB_ENVIRONMENT) dpkg-checkbuilddeps -I
	cd $(DEB_TREE) && umask 022 && $(DEB_ENVIRONMENT) dpkg-buildpackage -us -uc -b -d >../build.log 2>&1 \
		|| { tail -n 30 ../build.log; exit 1; }
	mv .cache/deb/$(DEB_FILE) .
	ln -sfn $(DEB_FILE) trafico-monitor.deb
	@ls -l $(DEB_FILE)

lint-deb: deb ## lintian on the package: no error, no warning
	packaging/install-packages lintian
	lintian --allow-root --fail-on error,warning --tag-display-limit 0 $(DEB_FILE)

reproducible: deb ## build the package again and compare
	sha256sum $(DEB_FILE) > .cache/first.sha256
	$(MAKE) --no-print-directory deb >/dev/null
	sha256sum -c .cache/first.sha256

piuparts: deb ## install, remove and purge it in a bare Debian 12 and 13 (root, network)
	packaging/install-packages mmdebstrap piuparts
	packaging/piuparts $(DEB_FILE)
