"""Real videos of every kind, made once a session."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import corpus


@pytest.fixture(scope="session")
def ground() -> Iterator[Path]:
    """A directory that another user can enter too."""
    directory = Path(tempfile.mkdtemp(prefix="trafico-proof-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def films(ground: Path) -> dict[str, Path]:
    """Every whole video of the corpus, by its name."""
    folder = ground / "films"
    folder.mkdir()
    return corpus.make(folder)
