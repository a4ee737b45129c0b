"""Rule files of the operator: read or refused, and no line may take the rules for ever."""

from __future__ import annotations

import time
import warnings

from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.explain import faults
from trafico_monitor.detection.ruleset.loader import load, load_all
from trafico_monitor.errors import RuleError
from trafico_monitor.model.journal_entry import JournalEntry

from ..feed import Feed

LONGEST = 1024
SECONDS = 30.0  # of the processor, for a file and a few hostile lines: no machine is that slow
KEYS = (
    "name", "error_type", "literals", "all_literals", "pattern", "unless", "unless_patterns", "priority", "scope",
    "silences", "matches", "misses", "colour",
)  # fmt: skip
VALUES = (
    '"timeout"', '"none"', '"corrupto"', '"download"', '"any"', '"file"', '"line"', '"block"', '["error"]',
    '["aaa", "no such"]', "7", "-1", "true", "1e400", "[]", '[["x"]]', '""', "1979-05-27", "{a = 1}", '"rule_1"',
    '"Ñ"', '["❌ er"]', '["´´´"]',
)  # fmt: skip
PIECES = (
    "a", "(", ")", "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?P<n>", "(?P=n)", "(?(1)a|b)", "(?i)", "(?i:", "|",
    "*", "+", "?", "*?", "++", "{2}", "{0,9}", "{0,99}", "{99}", "{1,}", "{0,5000}", "[a-z]", "[^x]", "[[a]", "\\d",
    "\\w", "\\1", "\\b", "\\Z", "\\N{BULLET}", "\\x41", "\\u0041", "^", "$", ".", "é", "aaaa", "error", " ", "\\",
    "(?#c)", "(?x: a )", "(?s)", "(?a)", "{65535}", "\\8", "[", "]",
)  # fmt: skip
LINES = ("a" * 9000, "error aaa no such " + "a" * 8000 + "!", "aB1 " * 2000, "❌ er" * 1500, "[" * 8000, "Ñ´´´" * 2000)


def strict() -> None:
    """On a machine that does little else: a line must not take long either."""
    global SECONDS
    SECONDS = 4.0


def fuzz(data: bytes) -> None:
    feed = Feed(data)
    started = time.thread_time()
    texts = {f"{number}.toml": _file(feed) for number in range(1 + feed.below(2))}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `re` warns of doubtful sets
        try:
            rules = load(texts)
        except RuleError as error:
            assert "\0" not in str(error) and len(str(error)) < 4000
            rules, mistakes = load_all(texts)
            assert mistakes
    faults(rules)
    detector = Detector(rules)
    for number, line in enumerate((*LINES, feed.text(6, PIECES))):
        detector.feed(JournalEntry(line, 1, float(number)))
        rules.decide(line)
    took = time.thread_time() - started
    assert took < SECONDS, f"{took:.1f} s for {texts!r}"


def _file(feed: Feed) -> str:
    if feed.chance(4):
        return feed.take(250).decode("utf-8", "replace")
    return "\n".join(_rule(feed) for _ in range(1 + feed.below(3)))


def _rule(feed: Feed) -> str:
    if feed.chance(3):  # a rule that is fine but for its pattern
        return (
            f'[[rule]]\nname = "r{feed.below(99)}"\nerror_type = "timeout"\nliterals = ["aaa"]\n'
            f"pattern = '''{_pattern(feed)}'''\nmatches = ['aaa']\n"
        )
    lines = ["[[rule]]"]
    for _ in range(feed.below(10)):
        key = feed.pick(KEYS)
        value = f"'''{_pattern(feed)}'''" if "pattern" in key and feed.chance() else feed.pick(VALUES)
        lines.append(f"{key} = {value}")
    return "\n".join(lines)


def _pattern(feed: Feed) -> str:
    return "".join(feed.pick(PIECES) for _ in range(feed.below(24))).replace("'", "")
