"""Carries out one task and verifies its effect."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from ..errors import PathRefused
from ..health.download_files import SECONDS, list_modelos
from ..host.blocking import run_blocking
from ..host.redact import redact
from ..model.finding import Finding
from ..model.installation import Installation, Offer, roots_of
from ..model.task import Evidence, Outcome, RepairTask, TaskKind, TaskResult, Verdict
from ..notify.choosing import PAGE, offered
from ..repair.actions.access import create_folder, restore_owner
from ..repair.actions.assign import assign, carry_out
from ..repair.actions.quarantine import quarantine
from ..repair.actions.retry_download import retry_download
from ..repair.at_rest import open_for_writing
from ..repair.ownership import fix_owner
from ..repair.path_policy import is_plain, resolve_destination
from ..repair.ports import Delivered, Tools, nobody
from ..repair.provenance import arrival
from ..repair.safe_open import in_thread, open_source
from ..verification.media import check_media
from ..verification.verify import check_video, judge, verify

logger = logging.getLogger(__name__)

# An order that hangs past every deadline of its own parts: the dispatcher must get it back.
LONGEST_ORDER = 3600.0
_LOOK_AGAIN = 5.0  # seconds until a file that is being written is looked at again
# A late attempt lets the bot finish the same video, which a user has sent again; but a line of text says so, so it
# does not wait for ever.
_YIELD, _MOST_YIELDS = 30.0, 6

Act = Callable[[RepairTask, Installation, Tools], Awaitable[TaskResult]]

_ACTIONS: Mapping[TaskKind, Act] = {
    TaskKind.RETRY_DOWNLOAD: retry_download,
    TaskKind.CREATE_FOLDER: create_folder,
    TaskKind.QUARANTINE: quarantine,
    TaskKind.FIX_OWNER: restore_owner,
    TaskKind.ASSIGN: carry_out,
}


class Executor:
    """`site` is asked anew for every order, so that a reload reaches the next one; `delivered` says
    which modelo a file of the server went to, `downloads_again` whether the bot downloads a task's video just now."""

    def __init__(
        self,
        site: Callable[[], Installation | None],
        check_bot_api: Callable[[], Awaitable[Finding]],
        delivered: Delivered = nobody,
        downloads_again: Callable[[RepairTask], bool] = lambda order: False,
    ) -> None:
        self._site = site
        self._check_bot_api = check_bot_api
        self._delivered = delivered
        self._downloads_again = downloads_again

    async def carry_out(self, order: RepairTask, inherited: bool) -> tuple[TaskResult, Verdict]:
        """Do it and prove it. An `inherited` order was perhaps done already, and before a late one the video has
        perhaps arrived, or is arriving: look first."""
        async with asyncio.timeout(LONGEST_ORDER):
            if order.kind is TaskKind.WAIT_FOR_SERVER:
                return await self._probe(order)
            site = self._site()
            if site is None:
                return TaskResult(order.id, Outcome.REFUSED, "no_site"), Verdict(False, reason="no_site")
            if (inherited or order.late_wait) and order.kind is TaskKind.RETRY_DOWNLOAD:
                seen = await self._look(order, site)
                if seen[1].proven or (order.late_wait and seen[0].retry_after):
                    return seen
            if order.late_wait and order.busy < _MOST_YIELDS and self._downloads_again(order):
                busy = TaskResult(order.id, Outcome.FAILED, "bot_downloads", retry_after=_YIELD)
                return busy, Verdict(False, reason="bot_downloads")
            return await self._act(order, site)

    async def assign(self, file: str, modelo: str) -> tuple[TaskResult, Verdict]:
        """Moves a rescued `file` to the operator's modelo and verifies it. The verdict has the evidence of the file
        at its new path; not proven if nothing was moved."""
        site = self._site()
        if site is None:
            return TaskResult("", Outcome.REFUSED, "no_site"), Verdict(False, reason="no_site")
        async with asyncio.timeout(LONGEST_ORDER):
            result = await assign(file, modelo, site, tools_for(site))
            if result.outcome is not Outcome.DONE or result.path is None:
                return result, Verdict(False, reason=result.reason)
            return result, _shown(await check_video(Path(result.path), site, None))

    async def _act(self, order: RepairTask, site: Installation) -> tuple[TaskResult, Verdict]:
        if order.kind is TaskKind.CONFIRM:
            return await self._look(order, site)
        result = await _ACTIONS[order.kind](order, site, replace(tools_for(site), delivered=self._delivered))
        verdict = await self._verify(order, result, site)
        if result.rescued and result.path:
            result = replace(result, offer=await offer(Path(result.path), site))
        return result, verdict

    async def _look(self, order: RepairTask, site: Installation) -> tuple[TaskResult, Verdict]:
        """Checks the video at its reported path, else at the path found; a file that is still being written has not
        arrived yet."""
        looking = replace(order, kind=TaskKind.CONFIRM)
        place = await asyncio.to_thread(resolve_destination, order.download, site)
        with contextlib.suppress(OSError, PathRefused):  # not found, or not to be looked for
            place = place or await arrival(order.download, order.since, site)
        result = TaskResult(order.id, Outcome.DONE)
        verdict = _shown(await verify(looking, result, site, destination=place))
        if place is None or not verdict.proven or not await in_thread(lambda _: _is_written(place, site)):
            return result, verdict
        busy = replace(result, outcome=Outcome.FAILED, reason="file_is_open", retry_after=_LOOK_AGAIN)
        return busy, Verdict(False, verdict.evidence, "file_is_open")

    async def _verify(self, order: RepairTask, result: TaskResult, site: Installation) -> Verdict:
        destination = await asyncio.to_thread(resolve_destination, order.download, site)
        return _shown(await verify(order, result, site, destination=destination))

    async def _probe(self, order: RepairTask) -> tuple[TaskResult, Verdict]:
        finding = await self._check_bot_api()
        up = finding.code == "up"
        verdict = Verdict(up, (Evidence("server", finding.message, up),), "" if up else "server_down")
        return TaskResult(order.id, Outcome.DONE, detail=finding.message), verdict


def _is_written(place: Path, site: Installation) -> bool:
    """Some program has it open for writing."""
    file = open_source(place, site)
    try:
        return open_for_writing(file)
    finally:
        os.close(file)


def _shown(verdict: Verdict) -> Verdict:
    # A path in the Bot API directory has the token as a component: it ends here.
    return replace(verdict, evidence=tuple(replace(each, value=redact(each.value)) for each in verdict.evidence))


def tools_for(site: Installation) -> Tools:
    """Returns the functions of other stages that an action needs."""

    async def give(path: Path) -> TaskResult:
        return await fix_owner("", path, site)

    roots = roots_of(site)
    return Tools(is_good=partial(judge, roots=roots), give=give, examine=partial(check_media, roots=roots))


async def modelos(site: Installation | None) -> list[str]:
    """The modelos that `assign` accepts and a button can show, the last used first; none while the installation is
    unknown. Raises OSError, TimeoutError."""
    if site is None:
        return []
    found = await run_blocking(lambda: list_modelos(site.models), seconds=SECONDS, name="modelos")
    return [name for name in found if is_plain(name) and offered(name)]


async def offer(path: Path, site: Installation) -> Offer:
    """The offer for the file that was rescued to `path`; an empty one where it cannot be read."""
    try:
        names = await modelos(site)
        size = await run_blocking(lambda: os.lstat(path).st_size, seconds=SECONDS, name="rescued")
    except OSError as error:  # a TimeoutError too
        logger.warning("what to offer for a rescued video: %s", error)
        return Offer(None)
    return Offer(size, tuple(names[:PAGE]), len(names))
