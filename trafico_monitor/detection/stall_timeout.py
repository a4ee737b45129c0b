"""Stall timeout: the time after which a silent download is a finding. Pure."""

from __future__ import annotations

RULE = "silence_download"
CODE = "silence"

# The bot's own read timeout is 120 s (facts, section 1): before that has had its say, and a traceback
# after it, nothing is late.
BASE_SECONDS = 180.0
# Slower than any connection or disk on which the bot is of use at all (2 GB take 71 minutes).
BYTES_A_SECOND = 500_000
# Nobody told the size: 800 MB at that pace, which is more than most videos.
UNKNOWN_SECONDS = 1800.0
# The largest file that the local server takes (design document: «up to 4 GB»). A line is hostile:
# an absurd size must not mean «never».
MOST_BYTES = 4 * 1000**3
# A download whose bytes are told as they come stands still when none has come for so long; and so does one
# that the bot has let go of, without a word of its end.
STALLED_SECONDS = 60.0
# Slower than any disk on which a copy is of use (2 GB take 100 s): nobody tells the bytes of a copy.
COPIED_A_SECOND = 20_000_000
# Between two looks at the clock lies a fraction of a second. More than this is a clock that was set,
# or a machine that slept, the bot with it.
JUMP_SECONDS = 60.0


def limit(size: int | None) -> float:
    """Seconds after the last word about a download of `size` bytes (None: nobody said) after
    which its silence is a finding. `size` may be rounded: only this limit is made from it."""
    if size is None:
        return UNKNOWN_SECONDS
    return BASE_SECONDS + min(size, MOST_BYTES) / BYTES_A_SECOND


def copy_limit(size: int | None) -> float:
    """Seconds after the beginning of a copy of `size` bytes after which its silence is a finding."""
    return STALLED_SECONDS + (MOST_BYTES if size is None else min(size, MOST_BYTES)) / COPIED_A_SECOND


def jump(before: float | None, now: float) -> float:
    """By how many seconds the clock has jumped between two looks; 0 for its ordinary course."""
    if before is None or 0 <= now - before <= JUMP_SECONDS or -1.0 < now - before < 0:
        return 0.0
    return now - before
