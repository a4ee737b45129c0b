"""The panel's types as openapi-typescript makes them of the API's OpenAPI document (`make panel-types`)."""

from __future__ import annotations

import asyncio
import json
import subprocess
import tempfile
from pathlib import Path

from tests.component.web.opened import opened

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".cache" / "panel"
TYPES = ROOT / "packaging" / "panel" / "frontend" / "src" / "features" / "monitor" / "types.ts"


def write_document(path: Path) -> Path:
    """Writes the document of a running server to `path`."""

    async def document() -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            async with opened(Path(folder)) as window:
                return (await window.ask("GET", "/api/v1/openapi.json")).body

    path.write_text(json.dumps(json.loads(asyncio.run(document())), indent=1, ensure_ascii=False), encoding="utf-8")
    return path


def write_types(document: Path, path: Path) -> None:
    """Writes the types of `document` to `path`, as Prettier has them."""
    tools = TOOLS / "node_modules" / ".bin"
    for words in (
        ["openapi-typescript", document, "--output", path],
        ["prettier", "--write", "--print-width=120", path],
    ):
        subprocess.run([tools / words[0], *words[1:]], check=True, capture_output=True, timeout=120)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        write_types(write_document(Path(folder) / "openapi.json"), TYPES)
