"""The dashboard's own files: read once, served with what a browser needs to keep them."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

from .exchange import Answer, Asked, problem

FOLDER = Path(__file__).with_name("static")
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
PAGE = "index.html"


class StaticFiles:
    """Only names that were there at the start are served: no name of a request becomes a path."""

    def __init__(self) -> None:
        self._names = frozenset(file.name for file in FOLDER.iterdir() if file.suffix in KINDS)
        self._read: dict[str, tuple[bytes, str]] = {}

    async def page(self, asked: Asked) -> Answer:
        return await self._give(PAGE, asked)

    async def file(self, asked: Asked) -> Answer:
        return await self._give(asked.given["name"], asked)

    async def _give(self, name: str, asked: Asked) -> Answer:
        if name not in self._names:
            return problem(404, "not_found", asked.language)
        if name not in self._read:
            content = await asyncio.to_thread((FOLDER / name).read_bytes)
            self._read[name] = (content, f'"{hashlib.sha256(content).hexdigest()[:16]}"')
        content, mark = self._read[name]
        headers = (("cache-control", "no-cache"), ("etag", mark))
        if asked.headers.get("if-none-match") == mark:
            return Answer(304, content_type=KINDS[Path(name).suffix], headers=headers)
        return Answer(200, content, KINDS[Path(name).suffix], headers)
