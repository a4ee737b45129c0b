"""Import hook, and the modules that are wrapped on import."""

from __future__ import annotations

import sys
from importlib import import_module

TYPE_CHECKING = False  # typing itself would cost every Python that starts a millisecond
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

# Module of the program → (module of `hooks`, function that wraps it). A library's row runs when its whole
# package is imported: every class is there by then, and so is its version.
TARGETS = {
    "shutil": ("files", "hook_shutil"),
    "telegram": ("telegram", "hook_bot"),
    "telegram.ext": ("telegram", "hook_application"),
    "aiogram": ("aiogram", "hook"),
    "pyrogram": ("pyrogram", "hook"),
    "telethon": ("telethon", "hook"),
}


class Finder:
    """First entry of `sys.meta_path`: finds nothing itself, and is notified when a target was executed."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in TARGETS:
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if finder is self or find is None:
                continue
            spec: ModuleSpec | None = find(name, path, target)
            if spec is not None:
                _follow(spec)
                return spec
        return None


def place() -> None:
    sys.meta_path.insert(0, Finder())
    for name in TARGETS:
        if name in sys.modules:
            hook(name, sys.modules[name])


def _follow(spec: ModuleSpec) -> None:
    """Wraps the module after its loader has executed it. The loader keeps its type, which others inspect. A shared
    loader class, or a loader without attributes, is left unchanged."""
    loader = spec.loader
    execute: Callable[[ModuleType], None] | None = getattr(loader, "exec_module", None)
    if execute is None or isinstance(loader, type):
        return

    def exec_module(module: ModuleType) -> None:
        if module.__name__ != spec.name:  # a loader of many modules, as that of a zip file is
            return execute(module)
        vars(loader).pop("exec_module", None)
        execute(module)
        hook(spec.name, module)

    try:
        loader.exec_module = exec_module  # type: ignore[union-attr, method-assign]
    except Exception:
        return


def hook(name: str, module: ModuleType) -> None:
    """Wraps the functions of `module`; after an error the module is either unchanged or completely wrapped."""
    try:
        place_in, function = TARGETS[name]
        getattr(import_module(f"{__package__}.hooks.{place_in}"), function)(module)
    except Exception:
        return
