"""What the bot's lines said about one download."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Download:
    """None stands for «the lines did not say»: nothing here is ever guessed.

    `source` and `destination` are paths as the lines name them: redacted (a component may be
    `<TOKEN>`), possibly as seen inside the container, and never to be trusted unchecked.
    `size` is in bytes.
    """

    modelo: str | None = None
    video: str | None = None
    file_id: str | None = None
    size: int | None = None
    source: str | None = None
    destination: str | None = None
    unique_id: str | None = None  # the Bot API's file_unique_id: the same for every sending of one file

    @property
    def known(self) -> bool:
        """True when there is something to download again from."""
        return bool(self.file_id or self.source)
