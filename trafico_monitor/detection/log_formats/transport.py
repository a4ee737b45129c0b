"""What carried a line to the log puts before it: compose, heroku, syslog, containers, supervisors. Pure.

Every expression is anchored at the beginning, and each of its repetitions is bounded and gives nothing
back: reading a prefix takes the same time whatever follows.
"""

from __future__ import annotations

import re

_COLOUR = re.compile(
    r"\x1b(?:\[[0-?]{0,40}+[ -/]{0,4}+[@-~]?|\][^\x07\x1b]{0,300}+(?:\x07|\x1b\\)?|[ -/]{0,3}+[0-~]?)"
)
_ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?+(?:Z|[+-]\d\d:?\d\d)"
_SHORT = r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})?+"
_IDENTIFIER = r"[A-Za-z0-9_./@-]{1,80}+"
_PREFIXES = (
    rf"{_ISO} (?:app|heroku)\[[\w.-]{{1,60}}+\]: ",
    rf"{_ISO} (?:stdout|stderr) [FP] ",  # containerd and CRI-O
    rf"(?:{_SHORT}|{_ISO}) (?:{_IDENTIFIER} )?+{_IDENTIFIER}\[\d{{1,10}}+\]: ?+",  # syslog, journalctl
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z ",  # docker logs --timestamps
    r"(?![A-Z]{3,8} )[A-Za-z0-9][\w.@-]{0,80}+(?:(?<=[-_]\d) | {2,40}+)\| ?+",  # compose: padded names
    rf"{_IDENTIFIER} (?:stdout|stderr) \| ",  # supervisord
    r"\d\d:\d\d:\d\d [\w.-]{1,40}+ {1,40}+\| ",  # foreman, honcho
    r"\d{1,4}+\|[\w.-]{1,40}+ {1,40}+\| ",  # pm2
    r"\[pod/[\w./-]{1,200}+\] ",  # kubectl logs --prefix
    r"@[0-9a-f]{24} ",  # s6, runit, multilog
)
_PREFIX = re.compile("|".join(f"(?:{prefix})" for prefix in _PREFIXES), re.ASCII)
_MOST_NESTED = 4


def bare(text: str) -> str:
    """`text` without colours, byte order mark and the carriage returns around it."""
    if "\x1b" in text:
        text = _COLOUR.sub("", text)
    if text[:1] in ("\ufeff", "\r"):
        text = text.lstrip("\ufeff\r")
    return text.rstrip("\r") if text.endswith("\r") else text


def carried(line: str) -> str:
    """`line` without the prefixes of what carried it, which may stand inside one another."""
    for _ in range(_MOST_NESTED):
        prefix = _PREFIX.match(line)
        if prefix is None:
            break
        line = line[prefix.end() :]
    return line
