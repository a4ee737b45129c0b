"""What an action needs from other stages, handed in by whoever composes them."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from ..model.installation import Installation
from ..model.task import Answer, Media, TaskResult
from .bot_api import ServerFile, Trouble, get_file

# True: a whole video of that size (None: any size). False: shown to be bad or not of that size.
# None: could not be looked at, which is neither.
Judge = Callable[[Path, int | None], Awaitable[bool | None]]
# The same, with what was seen and why.
Examine = Callable[[Path, int | None], Awaitable[Media]]
# Gives a path to the bot's user by the root helper.
Give = Callable[[Path], Awaitable[TaskResult]]
# (site, file_id, seconds to wait for the answer)
GetFile = Callable[[Installation, str, float], Awaitable[ServerFile | Trouble]]

# The modelo that a file of the server (its identity) was delivered to before, "" when to none that is known.
Delivered = Callable[[str], str]


def nobody(identity: str) -> str:
    """Nothing is known of what was delivered before."""
    return ""


# A disk that writes slower than this is as good as hung; 2 GB get 460 s.
BYTES_PER_SECOND = 5_000_000


async def _cannot_tell(path: Path, size: int | None) -> Media:
    return Media(Answer.CANNOT_TELL, reason="cannot_judge")


@dataclass(frozen=True, slots=True)
class Tools:
    """`patience` is the time in seconds that any download gets whatever its size."""

    is_good: Judge
    give: Give
    examine: Examine = _cannot_tell
    get_file: GetFile = get_file
    delivered: Delivered = nobody
    now: Callable[[], float] = time.time
    patience: float = 60.0

    def seconds_for(self, size: int | None) -> float:
        """The deadline for moving `size` bytes."""
        return self.patience + (size or 0) / BYTES_PER_SECOND
