"""Unfinished tasks, by id and by incident. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping

from ..model.task import RepairTask


class TaskTable(MutableMapping[str, RepairTask]):
    """Unfinished tasks in order of creation. Thousands may wait, so those of one incident are found without
    scanning all."""

    def __init__(self, orders: Iterable[RepairTask] = ()) -> None:
        self._orders: dict[str, RepairTask] = {}
        self._begun: set[str] = set()
        self._of: dict[str, dict[str, None]] = {}
        for order in orders:
            self[order.id] = order

    def of(self, incident_id: str) -> tuple[RepairTask, ...]:
        """Returns the tasks of one incident."""
        return tuple(self._orders[name] for name in self._of.get(incident_id, ()))

    def begin(self, name: str) -> RepairTask | None:
        """The order of that id, which is being carried out from now on; None when it was overtaken.
        Not remembered over a restart: nothing is being carried out then."""
        order = self._orders.get(name)
        if order is not None:
            self._begun.add(name)
        return order

    def has_begun(self, name: str) -> bool:
        """True while the order of that id is being carried out."""
        return name in self._begun

    def __getitem__(self, name: str) -> RepairTask:
        return self._orders[name]

    def __setitem__(self, name: str, order: RepairTask) -> None:
        if name in self._orders:
            self._leave(self._orders[name])
        self._orders[name] = order
        self._of.setdefault(order.incident_id, {})[name] = None

    def __delitem__(self, name: str) -> None:
        self._leave(self._orders.pop(name))
        self._begun.discard(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._orders)

    def __len__(self) -> int:
        return len(self._orders)

    def _leave(self, order: RepairTask) -> None:
        names = self._of[order.incident_id]
        del names[order.id]
        if not names:
            del self._of[order.incident_id]
