"""How many examples a property is tried with: all of them in CI, at most fifty at a developer's desk."""

from __future__ import annotations

import os

from hypothesis import settings

DEV_EXAMPLES = 50

# No example has a deadline of its own, for the machine may be busy.
settings.register_profile("dev", deadline=None, max_examples=DEV_EXAMPLES)
settings.register_profile("ci", deadline=None)
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "dev")
settings.load_profile(PROFILE)


def examples(count: int) -> int:
    """`count` in profile `ci`; no more than DEV_EXAMPLES in profile `dev`."""
    return count if PROFILE == "ci" else min(count, DEV_EXAMPLES)
