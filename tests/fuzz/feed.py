"""Bytes as decisions, so that one case is the same under atheris, hypothesis and from the corpus."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def scratch() -> Path:
    """A folder that goes with the process."""
    folder = Path(tempfile.mkdtemp(prefix="trafico-fuzz-")).resolve()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
SECRET = TOKEN.partition(":")[2]
# What has broken readers of text before, anywhere.
TROUBLE = (
    "\0", "\x1b[2J", "\r\n", "\n", "\t", "\u200b", "\u200d", "\u202e", "\u2066", "\u2028", "\ufeff", "\u00ad",
    "\u034f", "\ufe0f", "\U000e0041", "\ud800", "\udcff", "\ufffd", "\U0001f600", "é", "ﬁ", "ß", "İ", "\u0660", "%",
    "%3A", "%2e%2e%2f", "..", "../", "/", "//", "\\", "~", "~root/", "'", '"', "`", "$(id)", "{0}", "%s%n", "<", ">",
    "&", "&lt;", "<b>", "</b>", "<code>", "-", "--", ":", ";", "=", "[", "]", "{", "}", "(", ")", "*", "?", "+", "|",
    "^", "0", "1e999", "NaN", "-1", "9" * 30, "A" * 300, TOKEN, TOKEN[:20],
)  # fmt: skip


class Feed:
    """Every question is answered from the front of `data`; when it is used up, by zeros."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def more(self) -> bool:
        return self._at < len(self._data)

    def byte(self) -> int:
        if not self.more:
            return 0
        self._at += 1
        return self._data[self._at - 1]

    def below(self, limit: int) -> int:
        return self.byte() % limit if limit <= 256 else (self.byte() << 16 | self.byte() << 8 | self.byte()) % limit

    def chance(self, of: int = 2) -> bool:
        return self.byte() % of == 1

    def pick(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]

    def take(self, most: int) -> bytes:
        taken = self._data[self._at : self._at + self.below(most + 1)]
        self._at += len(taken)
        return taken

    def rest(self) -> bytes:
        taken, self._at = self._data[self._at :], len(self._data)
        return taken

    def text(self, most: int = 6, words: Sequence[str] = ()) -> str:
        """Up to `most` pieces: of `words`, of what makes trouble, or any UTF-8."""
        pieces = []
        for _ in range(self.below(most + 1)):
            kind = self.byte() % 4
            if kind == 0 and words:
                pieces.append(self.pick(words))
            elif kind == 1:
                pieces.append(self.pick(TROUBLE))
            else:
                pieces.append(self.take(24).decode("utf-8", "replace"))
        return "".join(pieces)

    def number(self) -> float:
        return self.pick((0.0, 1.0, -1.0, 1e-9, 1_766_700_000.0, 1e18, -1e18, 4e9, 0.5, 86400.0)) * (1 + self.byte())
