"""Recent proven deliveries: files of the server and the modelos' folders that received them. Pure."""

from __future__ import annotations

from collections.abc import Mapping

MOST = 500  # the server keeps its files for hours; an installation repairs some dozens in that time


class Deliveries:
    """Identities of files (`repair/provenance.py`), the one that was delivered last at the end."""

    def __init__(self) -> None:
        self._modelos: dict[str, str] = {}

    def learn(self, identity: str, modelo: str) -> None:
        """Records a proven copy of that file in the folder of `modelo`. The first modelo counts."""
        if identity and modelo:
            self._modelos.setdefault(identity, modelo)
        while len(self._modelos) > MOST:
            del self._modelos[next(iter(self._modelos))]

    def modelo(self, identity: str) -> str:
        """Returns the modelo that received that file, "" if unknown."""
        return self._modelos.get(identity, "")

    def snapshot(self) -> dict[str, object]:
        return dict(self._modelos)

    def restore(self, memory: Mapping[str, object]) -> None:
        self._modelos = {identity: modelo for identity, modelo in memory.items() if isinstance(modelo, str)}
