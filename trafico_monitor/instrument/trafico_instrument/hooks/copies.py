"""Selection of the copies and moves that belong to a download."""

from __future__ import annotations

import os

from .. import downloads, places, transfers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

end = transfers.end


def begin(source: Any, target: Any, into: bool) -> transfers.Transfer | None:
    """`into`: if `target` is a directory, the file keeps its name inside it."""
    if downloads.inside.get():
        return None
    place, of_server = places.absolute(target), places.tail(source) is not None
    found = downloads.of_source(source)
    if found is None:
        if not of_server or places.within(place) is None:
            return None
        found = downloads.Download("")  # in a process that did not see getFile
    if found.done and not places.is_of_modelo(place):
        return None  # the bot has finished with it
    if of_server:
        found.come_from(source)
    if into and place is not None and os.path.isdir(place):
        place = os.path.join(place, os.path.basename(places.path_text(source) or ""))
    return transfers.begin(found, place)
