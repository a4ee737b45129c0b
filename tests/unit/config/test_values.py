"""What a value may be."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import each
from trafico_monitor.config import validators
from trafico_monitor.config.schema import KEYS
from trafico_monitor.host.redact import redact


@each(
    ("given_", "size"),
    [
        ("5GB", 5 * 1000**3),
        ("500 MB", 500 * 1000**2),
        ("1.5 GiB", 3 * 512 * 1024**2),
        ("2G", 2 * 1000**3),
        ("10", 10),
        (1024, 1024),
        (" 1tb ", None),
        ("1TB", 1000**4),
        (0, 0),
        (True, None),
        (1.5, None),
        ("-5GB", None),
        ("5XB", None),
        ("9" * 18 + "TB", None),
        ("", None),
    ],
)
def test_sizes(given_: object, size: int | None) -> None:
    if size is None:
        with pytest.raises(ValueError):
            validators.size(given_)
    else:
        assert validators.size(given_) == size


@pytest.mark.parametrize(
    ("given_", "unit"),
    [
        ("trafico-main.service", "trafico-main.service"),
        ("trafico-main", "trafico-main.service"),
        ("bot@victor.service", "bot@victor.service"),
        ("run-u7.scope", "run-u7.scope"),
        (r"a\x2db.service", r"a\x2db.service"),
    ],
)
def test_units(given_: str, unit: str) -> None:
    assert validators.unit(given_) == unit


@pytest.mark.parametrize("given_", ["", ".service", "a b.service", "a/b.service", "x" * 300, "a@.service"])
def test_no_units(given_: str) -> None:
    with pytest.raises(ValueError):
        validators.unit(given_)


@pytest.mark.parametrize(
    ("given_", "url"),
    [
        ("http://127.0.0.1:8081/", "http://127.0.0.1:8081"),
        ("http://127.0.0.1:8081/bot", "http://127.0.0.1:8081"),
        ("https://[::1]:8443/api", "https://[::1]:8443/api"),
        ("http://bot_api:8081", "http://bot_api:8081"),
    ],
)
def test_addresses(given_: str, url: str) -> None:
    assert validators.url(given_) == url


@pytest.mark.parametrize(
    "given_", ["ftp://x", "http://u:p@x", "http://x?y", "http://x#y", "http://x:0", "http://x y", "http://[::1", 5]
)
def test_no_addresses(given_: object) -> None:
    with pytest.raises(ValueError):
        validators.url(given_)


@pytest.mark.parametrize("given_", ["127.0.0.1:8787", "[::1]:8787", "localhost:0", ""])
def test_places_to_listen(given_: str) -> None:
    assert validators.listen(given_) == given_


@pytest.mark.parametrize("given_", ["127.0.0.1", ":80", "::1:80", "x:70000", "x:²", "[x]:80", "a b:80"])
def test_no_places_to_listen(given_: str) -> None:
    with pytest.raises(ValueError):
        validators.listen(given_)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(sorted(KEYS)), ANY)
def test_whatever_is_written_is_a_value_or_a_refusal(name: str, value: object) -> None:
    with suppress(ValueError):
        KEYS[name].convert(value)


def test_a_number_larger_than_any_float_is_refused() -> None:
    with pytest.raises(ValueError):
        KEYS["checks.interval"].convert(10**400)


@given(st.from_regex(r"\A[0-9]{1,22}:[A-Za-z0-9_-]{1,50}\Z"))
def test_a_token_that_is_taken_is_one_that_the_redactor_hides(given_: str) -> None:
    try:
        token = validators.token(given_)
    except ValueError:
        return
    assert token not in redact(f"INFO:httpx: http://127.0.0.1:8081/bot{token}/getUpdates")
