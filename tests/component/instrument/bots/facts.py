"""Prints what a program can find out about the functions that are wrapped: facts.py FOLDER."""

from __future__ import annotations

import copy
import functools
import inspect
import json
import os
import pickle
import re
import shutil
import sys
from pathlib import Path
from shutil import copy2  # before the library
from typing import Any

import telegram
from telegram.ext import Application, ExtBot

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
FUNCTIONS = {
    "Bot.get_file": telegram.Bot.get_file,
    "ExtBot.get_file": ExtBot.get_file,
    "File.download_to_drive": telegram.File.download_to_drive,
    "File.download_to_memory": telegram.File.download_to_memory,
    "File.download_as_bytearray": telegram.File.download_as_bytearray,
    "Application.process_update": Application.process_update,
    "Application.process_error": Application.process_error,
    "shutil.copy": shutil.copy,
    "shutil.copy2": shutil.copy2,
    "shutil.copyfile": shutil.copyfile,
    "shutil.move": shutil.move,
    "os.rename": os.rename,
    "os.replace": os.replace,
}


def facts(function: Any) -> list[Any]:
    return [
        re.sub(" at 0x[0-9a-f]+", "", str(inspect.signature(function))),
        inspect.iscoroutinefunction(function),
        function.__name__,
        function.__qualname__,
        function.__doc__,
        pickle.loads(pickle.dumps(function)) is function,
        copy.copy(function) is function,
        repr(function).partition(" at 0x")[0],
    ]


class Holder:
    """A class that keeps functions: those written in C do not become methods."""

    rename = os.rename
    copy = copy2


def raised(call: Any, *given: Any) -> list[str]:
    try:
        return ["no error", str(call(*given))]
    except Exception as error:
        return [type(error).__name__, str(error)]


first, second = folder / "first", folder / "second"
first.write_text("x")
Holder().rename(first, second)
holder = functools.partial(shutil.move, second)
found = {name: facts(function) for name, function in FUNCTIONS.items()}
found["os.rename"][3] = found["os.replace"][3] = "the same"  # posix's, and ours by another module
print(json.dumps(found, indent=1))
print(os.rename in os.supports_dir_fd, os.replace in os.supports_dir_fd, copy2 is shutil.copy2)
print(holder(first), second.exists(), first.read_text())
for given in ((), ("a",), (1.5, None), ("/no/such", first), (first, first), (folder, first), (b"\0", first)):
    print(
        given == (first, first), [raised(call, *given) for call in (shutil.copy2, shutil.move, os.rename, os.replace)]
    )
fd = os.open(folder, os.O_RDONLY)
os.rename(first.name, "third", src_dir_fd=fd, dst_dir_fd=fd)
os.closerange(3, 64)  # as one that becomes a daemon
print(shutil.copyfile(src=folder / "third", dst=str(folder / "fourth"), follow_symlinks=False))
print(sorted(path.name for path in folder.iterdir()))
