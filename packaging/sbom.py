#!/usr/bin/python3
"""What the package is made of, as a CycloneDX 1.6 bill of materials on standard output.

Three kinds of components: the libraries that travel inside (packaging/vendor.txt, with the hash of each
file that was fetched), the dashboard's one (its files lie in the source tree, unchanged, so their hashes are
those of what npm has) and the Debian packages that debian/control asks for. The same sources give the same
bytes: the time is that of the changelog (SOURCE_DATE_EPOCH), the serial number comes from the content.
Standard library only: the package is built without a network, by Debian's own python3.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import re
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

from vendor import SOURCES, pinned

ROOT = Path(__file__).resolve().parent.parent
NAME = "trafico-monitor"
# Debian's short names of licences (debian/copyright) as SPDX has them.
SPDX = {
    "Expat": "MIT",
    "Expat or Apache-2.0": "MIT OR Apache-2.0",
    "LGPL-3+": "LGPL-3.0-or-later",
}
STATIC = "trafico_monitor/web/static"
# What minified libraries of JavaScript begin with: where they are from, and which version.
_BANNER = re.compile(r"/\*! https://\S+/(?P<name>[\w.-]+) \(v(?P<version>[\w.-]+)\) \*/")
REQUIRED, OPTIONAL = ("Depends", "Pre-Depends"), ("Recommends", "Suggests")
_RELATION = re.compile(r"(?P<name>[a-z0-9][a-z0-9.+-]+)(?:\s*\((?P<version>[^)]+)\))?(?:\s*\|\s*(?P<others>.+))?")

Json = dict[str, object]


def bill(root: Path = ROOT) -> Json:
    """The whole document, for the sources in `root`."""
    version = re.search(r'__version__ = "(.+)"', (root / "trafico_monitor/__init__.py").read_text())
    assert version is not None
    whole = _application(version[1])
    components = [*_vendored(root), *_dashboard(root), *_debian(root)]
    content: Json = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"timestamp": _changed().isoformat(), "component": whole},
        "components": components,
        "dependencies": [
            {"ref": whole["bom-ref"], "dependsOn": [each["bom-ref"] for each in components]},
            *({"ref": each["bom-ref"]} for each in components),
        ],
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(content, sort_keys=True))
    return {"$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json", "serialNumber": serial.urn, **content}


def _application(version: str) -> Json:
    return {
        "type": "application",
        "bom-ref": NAME,
        "name": NAME,
        "version": version,
        "licenses": [{"license": {"id": "MIT"}}],
        "purl": f"pkg:deb/{NAME}@{version}?arch=all",
    }


def _vendored(root: Path) -> Iterator[Json]:
    licences = _licences((root / "debian/copyright").read_text())
    for digest, pin in sorted(pinned().items(), key=lambda each: each[1]):
        name, _, version = pin.partition("==")
        kind = "sdist" if name in SOURCES else "wheel"
        yield {
            "type": "library",
            "bom-ref": f"vendor/{name}",
            "name": name,
            "version": version,
            "scope": "required",
            "hashes": [{"alg": "SHA-256", "content": digest}],
            "licenses": [_licence(licences[_module(name)])],
            "purl": f"pkg:pypi/{name}@{version}",
            "properties": [_property("origin", "vendored"), _property("file", kind)],
        }


def _dashboard(root: Path) -> Iterator[Json]:
    """Each library below web/static: the script that names itself, and its other files as parts of it."""
    licences = re.findall(
        rf"^Files: ({STATIC}/[^\n]+).*?^License: ([^\n]+)",
        (root / "debian/copyright").read_text(),
        re.MULTILINE | re.DOTALL,
    )
    for files, licence in licences:
        script, *others = files.split()
        banner = _BANNER.match((root / script).read_text())
        assert banner is not None, f"{script} does not say what it is"
        name, version = banner["name"], banner["version"]
        yield {
            "type": "library",
            "bom-ref": f"dashboard/{name}",
            "name": name,
            "version": version,
            "scope": "required",
            "hashes": [_digest(root / script)],
            "licenses": [_licence(licence)],
            # Names in npm's address are lower case.
            "purl": f"pkg:npm/{name.lower()}@{version}",
            "components": [
                {"type": "file", "bom-ref": f"dashboard/{each}", "name": each, "hashes": [_digest(root / each)]}
                for each in others
            ],
            "properties": [_property("origin", "dashboard"), _property("file", script)],
        }


def _digest(file: Path) -> Json:
    return {"alg": "SHA-256", "content": hashlib.sha256(file.read_bytes()).hexdigest()}


def _module(name: str) -> str:
    """What the library is called below vendor/."""
    return {"python-telegram-bot": "telegram"}.get(name, name.replace("-", "_"))


def _licences(copyright: str) -> dict[str, str]:
    """Module below vendor/ → Debian's name of its licence."""
    found = re.findall(r"^Files: vendor/([a-z0-9_]+).*?^License: ([^\n]+)", copyright, re.MULTILINE | re.DOTALL)
    return dict(found)


def _licence(debian: str) -> Json:
    spdx = SPDX.get(debian, debian)
    return {"expression": spdx} if " " in spdx else {"license": {"id": spdx}}


def _debian(root: Path) -> Iterator[Json]:
    """The relations of the binary package, each once, the substituted ones left out."""
    fields = _fields((root / "debian/control").read_text().split("\n\n")[1])
    seen: set[str] = set()
    for field in (*REQUIRED, *OPTIONAL):
        for given in (part.strip() for part in fields.get(field, "").split(",")):
            relation = _RELATION.fullmatch(given)
            if relation is None or relation["name"] in seen:
                continue
            seen.add(relation["name"])
            more = [_property("origin", "debian")]
            more += [_property("version", relation["version"])] if relation["version"] else []
            more += [_property("or", relation["others"])] if relation["others"] else []
            yield {
                "type": "library",
                "bom-ref": f"debian/{relation['name']}",
                "name": relation["name"],
                "scope": "required" if field in REQUIRED else "optional",
                "purl": f"pkg:deb/debian/{relation['name']}",
                "properties": more,
            }


def _fields(paragraph: str) -> dict[str, str]:
    """The fields of a paragraph of debian/control, continued lines joined."""
    joined = re.sub(r"\n[ \t]+", " ", paragraph)
    return {name: value.strip() for name, _, value in (line.partition(":") for line in joined.splitlines())}


def _property(name: str, value: str) -> Json:
    return {"name": f"{NAME}:{name}", "value": value}


def _changed() -> datetime.datetime:
    return datetime.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), datetime.UTC)


if __name__ == "__main__":
    json.dump(bill(), sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")
