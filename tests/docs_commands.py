"""The commands that the documents show: every line of every `sh` block, with where it stands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PAGES = sorted((ROOT / "packaging" / "man").rglob("*.scd"))
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PAGE_BLOCK = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def once(lines: Iterator[Shown]) -> list[Shown]:
    """Each line where it first stands: what runs in one document runs in the other language's."""
    return list({line.line.partition("#")[0].strip(): line for line in reversed(list(lines))}.values())


@dataclass(frozen=True)
class Shown:
    document: str
    line: str

    def __str__(self) -> str:
        return f"{self.document}: {self.line}"

    @property
    def words(self) -> list[str]:
        """The line as a shell would cut it, comments and pipes included as words."""
        return shlex.split(self.line, comments=True)


def shown() -> Iterator[Shown]:
    """Every command line of the documents and of the man pages' examples."""
    for document in DOCUMENTS:
        name = str(document.relative_to(ROOT))
        for block in _BLOCK.findall(document.read_text()):
            yield from (Shown(name, line) for line in block.splitlines() if line.strip() and line[0] != "#")
    for page in PAGES:
        name = str(page.relative_to(ROOT))
        for block in _PAGE_BLOCK.findall(page.read_text()):
            lines = (line for line in block.splitlines() if line and not line.startswith(("\t", "[")))
            yield from (
                Shown(name, line) for line in lines if re.match(r"(sudo|trafico|journalctl|systemctl)\b", line)
            )


def calls(line: Shown) -> list[list[str]]:
    """The arguments of each `trafico-monitor` in the line, up to the next pipe."""
    found: list[list[str]] = []
    words = line.words
    for number, word in enumerate(words):
        if word.rpartition("/")[2] == "trafico-monitor" and (number == 0 or words[number - 1] in ("sudo", "|", "&&")):
            rest = words[number + 1 :]
            ends = [i for i, each in enumerate(rest) if each in ("|", "&&", ">", ";")]
            found.append(rest[: ends[0]] if ends else rest)
    return found
