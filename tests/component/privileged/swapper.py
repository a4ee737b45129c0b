"""An attacker of the bot's own user: exchanges names as fast as it can, until it is killed.

Usage: swapper.py A B [A B …]: each pair of paths is exchanged atomically, over and over.
"""

import ctypes
import os
import sys

RENAME_EXCHANGE = 2
AT_FDCWD = -100

libc = ctypes.CDLL(None)
names = [os.fsencode(name) for name in sys.argv[1:]]
pairs = list(zip(names[::2], names[1::2], strict=True))
print("ready", flush=True)
while True:
    for first, second in pairs:
        libc.renameat2(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE)
