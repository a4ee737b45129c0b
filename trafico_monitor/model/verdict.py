"""Proof: only a verdict that is `proven` makes an incident `solucionado`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that was looked at: `what` is a code (file, size, media, owner, folder, space,
    server, container, bot_line), `value` what was seen, `ok` whether it is as it must be."""

    what: str
    value: str
    ok: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is a code of messages/ (`reason.<code>`) when not proven."""

    proven: bool
    evidence: tuple[Evidence, ...] = ()
    reason: str = ""


class Answer(Enum):
    """What a look at a video's content can say. BROKEN takes two judges that agree."""

    WHOLE = "whole"
    BROKEN = "broken"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class Media:
    """`seen` is what the file is (container, codec, duration), `reason` a code of messages/ when it
    is not whole, `duration` in seconds as the container announces it. `sound` says of a file whose
    end nothing in it tells that nothing else is wrong with it: the announced size can prove it."""

    answer: Answer
    seen: str = ""
    reason: str = ""
    duration: float | None = None
    sound: bool = False

    @property
    def whole(self) -> bool | None:
        """The answer as a condition: None is «cannot tell», which is neither."""
        return {Answer.WHOLE: True, Answer.BROKEN: False, Answer.CANNOT_TELL: None}[self.answer]

    @property
    def end_seen(self) -> bool:
        """True when the file itself, or its announced size, shows where it ends."""
        return self.answer is Answer.WHOLE
