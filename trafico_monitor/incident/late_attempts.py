"""Late attempts: further tries of a download, minutes after the quick ones, and what they have been good for. Pure.

The waits (`[retry] late`, 60, 300 and 1800 s) come from simulated recoveries: 1, 2, 4 s alone solve 58 % of the
timeouts and 26 % of the downloads that a server failed, with the late ones 89 % and 90 %, and nothing is delayed where
a quick one succeeds. Learning the waits themselves was worse; history only decides which late tries to leave out.

The rule: the successes of one kind of late try (type of error, reason of the last failure, wait) follow a binomial
distribution whose unknown share has a Beta prior; its posterior mean is (A + successes) / (A + B + tries) (Gelman et
al., Bayesian Data Analysis, 3rd edition, section 2.4). A kind with at least ENOUGH tries and a mean below LEAST is
left out: ten failures in a row, or one success in twenty. The prior's mean is what one late wait solved in the
simulation (three together 0.31 of 0.42, so 1 - (1 - 0.74)^(1/3) each, 0.36), with the weight of two and a half tries.
What is older than SECONDS is forgotten, so that a kind left out is tried again on a machine that has changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..model.finding import ErrorType

A, B = 0.9, 1.6
ENOUGH, LEAST = 10, 0.1
WINDOW = 20  # outcomes of each kind
SECONDS = 28 * 86400.0
_MOST_KINDS = 64
_Key = tuple[str, str, str]  # error_type, reason, wait
_Outcome = tuple[float, bool]

# Passing causes: with time the network, or the server, comes back. The others need a person or another repair.
LATE_TYPES = frozenset({ErrorType.TIMEOUT, ErrorType.SERVIDOR_CAIDO})
# Reasons of a failed attempt that only a person can remove, whatever the bot's own failure was.
LASTING = frozenset({"sudo_refused", "token_refused", "server_not_configured", "file_id_refused", "file_too_big"})


@dataclass(frozen=True, slots=True)
class LateHistory:
    """The last outcomes of each kind of late try: when (seconds since the epoch), and whether it was proven."""

    outcomes: Mapping[_Key, tuple[_Outcome, ...]] = field(default_factory=dict)

    def hopeless(self, error_type: ErrorType, reason: str, wait: float, now: float) -> bool:
        """Whether a try after `wait` seconds, the last one having failed for `reason`, is to be left out."""
        known = self.outcomes.get(_key(error_type, reason, wait), ())
        recent = [worked for at, worked in known if 0 <= now - at <= SECONDS]
        return len(recent) >= ENOUGH and (A + sum(recent)) / (A + B + len(recent)) < LEAST

    def with_outcome(self, error_type: ErrorType, reason: str, wait: float, now: float, worked: bool) -> LateHistory:
        """The history after one more try."""
        key = _key(error_type, reason, wait)
        others = {one: known for one, known in self.outcomes.items() if one != key and now - known[-1][0] <= SECONDS}
        while len(others) >= _MOST_KINDS:
            del others[min(others, key=lambda one: others[one][-1][0])]
        return LateHistory({**others, key: (*self.outcomes.get(key, ()), (now, worked))[-WINDOW:]})

    def snapshot(self) -> dict[str, object]:
        """JSON-able."""
        return {" ".join(key): [[at, int(worked)] for at, worked in known] for key, known in self.outcomes.items()}

    @classmethod
    def restored(cls, memory: Mapping[str, object]) -> LateHistory:
        """Restores a `snapshot`; invalid parts are ignored."""
        found: dict[_Key, tuple[_Outcome, ...]] = {}
        for name, rows in memory.items():
            match name.split(" "), rows:
                case [error_type, reason, wait], [_, *_]:
                    known = tuple(outcome for row in rows if (outcome := _outcome(row)) is not None)
                    if known:
                        found[error_type, reason, wait] = known[-WINDOW:]
        return cls(found)


def _key(error_type: ErrorType, reason: str, wait: float) -> _Key:
    return error_type.value, reason or "-", f"{wait:g}"


def _outcome(row: object) -> _Outcome | None:
    match row:
        case [int() | float() as at, 0 | 1 as worked]:
            return float(at), bool(worked)
    return None
