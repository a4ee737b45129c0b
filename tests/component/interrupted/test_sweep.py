"""Every correction, interrupted at each of its waits: refined, stopped, killed. Then it must be whole.

No wait is named here: `life.Stepped` sees each one that a correction makes, also those of tomorrow.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from multiprocessing import forkserver, resource_tracker

import pytest

from .life import Life, kill_at_change, kill_at_wait, live
from .place import Place, made
from .stories import STORIES, Story, on, wrong

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.geteuid() != 0, reason="three users are needed: run it as root")]
SECONDS = 120.0
Child = Callable[..., None]


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with made() as small:
        yield small


@pytest.fixture(scope="module")
def children() -> Iterator[multiprocessing.context.ForkServerContext]:
    """Processes that are forked from one which has imported everything and started no thread."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([f"{__package__}.{name}" for name in ("life", "stories")])
    forkserver.ensure_running()
    yield context
    forkserver._forkserver._stop()  # type: ignore[attr-defined]
    resource_tracker._resource_tracker._stop()  # type: ignore[attr-defined]


@pytest.mark.parametrize("story", [each for each in STORIES if each.more], ids=lambda each: each.name)
def test_a_better_description_at_each_wait_tears_nothing_off(place: Place, story: Story) -> None:
    """At every wait of one life, so that each of them meets one."""
    begin, more = on(place, story), story.more
    assert more is not None
    life = live(place, begin, always, lambda life: life.observe(more(place)))
    assert wrong(place, story) == []
    assert (life.torn, life.together) == ([], 1)
    assert life.waits >= 5


def test_a_better_description_at_any_one_wait_makes_no_difference(place: Place) -> None:
    """And at one wait alone, for the correction that has steps of two kinds and the helper in both."""
    story, failures, at = STORIES[0], [], 0
    assert story.more is not None
    more = story.more
    while True:
        at += 1
        life = live(place, on(place, story), at.__eq__, lambda life: life.observe(more(place)))
        failures += [f"wait {at}: {each}" for each in wrong(place, story)]
        failures += [f"wait {at}: torn off {name}" for name in life.torn]
        if life.waits < at:
            break
    assert failures == []


# asyncio leaves a pipe to the garbage collector when the start of a program is cancelled.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("story", STORIES, ids=lambda each: each.name)
def test_what_is_stopped_at_each_of_its_waits_is_whole_in_the_end(place: Place, story: Story) -> None:
    """Life n is stopped at its wait n, until one of them comes to its end before."""
    begin, at = on(place, story), 0
    while True:
        at += 1
        if live(place, begin, at.__eq__, Life.leave).waits < at:
            break
    assert at >= 5
    assert wrong(place, story) == []


@pytest.mark.parametrize("story", STORIES, ids=lambda each: each.name)
def test_what_is_killed_at_each_of_its_waits_is_whole_in_the_end(
    place: Place, children: multiprocessing.context.ForkServerContext, story: Story
) -> None:
    """Life n dies at its wait n, in a process of its own."""
    begin, at = on(place, story), 1
    while killed(children, kill_at_wait, place, begin, at):
        at += 1
    assert at >= 5
    assert wrong(place, story) == []


@pytest.mark.parametrize("story", STORIES, ids=lambda each: each.name)
def test_what_is_killed_before_any_of_its_changes_is_whole_after_the_next_start(
    place: Place, children: multiprocessing.context.ForkServerContext, story: Story
) -> None:
    failures, at = [], 0
    while True:
        at += 1
        begin = on(place, story)
        came_to_its_end = not killed(children, kill_at_change, place, begin, at)
        live(place, begin)
        failures += [f"change {at}: {each}" for each in wrong(place, story)]
        if came_to_its_end:
            break
    assert at > 1 or story.name == "confirm"
    assert failures == []


def killed(children: multiprocessing.context.ForkServerContext, work: Child, *about: object) -> bool:
    """True when the child was killed, False when it came to its end before."""
    child = children.Process(target=work, args=about)
    child.start()
    child.join(SECONDS)
    code = child.exitcode
    assert code in (0, -signal.SIGKILL), code
    child.close()
    return bool(code)


def always(wait: int) -> bool:
    return True
