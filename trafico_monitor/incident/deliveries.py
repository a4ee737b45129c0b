"""Which file of the server was put into whose folder, as far as that was proven lately. Pure."""

from __future__ import annotations

from collections.abc import Mapping

MOST = 500  # the server keeps its files for hours; an installation repairs some dozens in that time


class Deliveries:
    """Identities of files (`repair/provenance.py`), the one that was delivered last at the end."""

    def __init__(self) -> None:
        self._modelos: dict[str, str] = {}

    def learn(self, identity: str, modelo: str) -> None:
        """A proven copy of that file lies in the folder of `modelo`. The first one it went to counts."""
        if identity and modelo:
            self._modelos.setdefault(identity, modelo)
        while len(self._modelos) > MOST:
            del self._modelos[next(iter(self._modelos))]

    def modelo(self, identity: str) -> str:
        """Whose folder that file went to, "" when that is not known."""
        return self._modelos.get(identity, "")

    def snapshot(self) -> dict[str, object]:
        return dict(self._modelos)

    def restore(self, memory: Mapping[str, object]) -> None:
        self._modelos = {identity: modelo for identity, modelo in memory.items() if isinstance(modelo, str)}
