"""An error of the operating system decides by number, name and words in either language, whatever stands around it."""

from __future__ import annotations

import errno
import gettext
import os
from pathlib import Path

import pytest

from tests.cases import each
from trafico_monitor.detection.ruleset.engine import RuleSet
from trafico_monitor.detection.ruleset.os_errors import os_errors, spellings

from .test_lines import rules  # noqa: F401

TYPES = {
    "ENOSPC": "disco_lleno",
    "EDQUOT": "disco_lleno",
    "EACCES": "permisos",
    "EPERM": "permisos",
    "ENOENT": "ruta_inexistente",
    "ENOTDIR": "ruta_inexistente",
    "ECONNREFUSED": "servidor_caido",
    "EMFILE": "none",
    "ENFILE": "none",
    "ENAMETOOLONG": "none",
    "ESTALE": "none",
    "EIO": "none",
    "EROFS": "none",
    "ENOMEM": "none",
}
# The program's own words before the error, and how it writes one: Python, Node, Go, Rust, C, coreutils.
FORMS = (
    "ERROR:__main__:❌ Error al copiar: [Errno {number}] {words}",
    "ERROR:__main__:❌ Error al copiar el video (errno {number})",
    "ERROR:__main__:copy of the video failed: errno={number}",
    "OSError: [Errno {number}] {words}",
    "ERROR:__main__:❌ Error al guardar el video: OSError({number}, '{words}')",
    "Error: {name}: {lower}, open '/srv/modelos/luna/x.mp4'",
    "2025/12/26 10:15:00 ERROR download failed: open /srv/modelos/luna/x.mp4: {lower}",
    "ERROR bot: cannot save: {words} (os error {number})",
    "    {words} (os error {number})",
    "cp: error writing 'modelos/luna/x.mp4': {words}",
    "[2025-12-26 10:15:00] [ERROR] No se pudo guardar el video: {spanish}",
    "cp: error al escribir 'modelos/luna/x.mp4': {spanish}",
    "{{\"level\": \"error\", \"event\": \"copy failed\", \"error\": \"{name}: {lower}\"}}",
)  # fmt: skip
CATALOGUE = Path("/usr/share/locale/es/LC_MESSAGES/libc.mo")


def spanish(words: str) -> str:
    if not CATALOGUE.exists():
        pytest.skip("the C library's Spanish words are not installed (libc-l10n)")
    with CATALOGUE.open("rb") as file:
        return gettext.GNUTranslations(file).gettext(words)


@each("name", TYPES)
@each("form", FORMS)
def test_the_error_decides_in_every_form(rules: RuleSet, name: str, form: str) -> None:  # noqa: F811
    number = getattr(errno, name)
    words = os.strerror(number)
    there = {"number": number, "name": name, "words": words, "lower": words.lower()}
    line = form.format(**there, spanish=spanish(words) if "{spanish}" in form else "")
    rule = rules.decide(line)
    assert (rule.error_type.value if rule and rule.error_type else "none") == TYPES[name], line


@each("name", TYPES)
def test_an_error_is_found_in_the_words_of_the_c_library(name: str) -> None:
    words = os.strerror(getattr(errno, name))
    for said in (words, spanish(words)):
        assert name in {one.name for one in os_errors(said.lower())}, said


@each("name", TYPES)
def test_one_of_the_literals_is_in_each_text_that_names_the_error(name: str) -> None:
    number, literals = getattr(errno, name), spellings([name])
    texts = [os.strerror(number), f"[Errno {number}]", f"errno: -{number}", f"OSError({number}, 'x')"]
    texts += [name] if len(name) > 4 else []
    for text in texts:
        assert any(literal in text.lower() for literal in literals), text
        assert os_errors(text.lower())[0].name == name, text


@pytest.mark.parametrize("text", ["errno 281", "HTTPError(404, 'x')", "eacceso", "intento 28", "KeyError(2, 'x')"])
def test_other_numbers_are_no_errors_of_the_system(text: str) -> None:
    assert os_errors(text.lower()) == ()


# A library shows what the system told it within words of its own.
@each(
    ("line", "label"),
    [
        ("requests.exceptions.ConnectionError: ('Connection aborted.', OSError(24, 'Too many open files'))", "none"),
        ("requests.exceptions.ConnectionError: ('Connection aborted.', PermissionError(13, 'denied'))", "none"),
        ("telegram.error.NetworkError: urllib3 HTTPError [Errno 2] No such file or directory", "none"),
        ("error: cannot open .git/FETCH_HEAD: Permission denied", "none"),
        ("ERROR: unable to open for writing: [Errno 36] File name too long: 'x'", "none"),
        ("OSError: [Errno 24] Too many open files: '/home/ana/.telegram-bot-api/<TOKEN>/videos/file_16.mp4'", "none"),
        ("aiohttp.client_exceptions.ClientOSError: [Errno 104] Connection reset by peer", "servidor_caido"),
        ("ConnectionError: ('Connection aborted.', ConnectionResetError(104, 'x'))", "servidor_caido"),
        ("shutil.Error: [('a', 'modelos/luna/x.mp4', \"[Errno 28] No space left on device\")]", "disco_lleno"),
    ],
)  # fmt: skip
def test_words_do_not_outvote_the_error(rules: RuleSet, line: str, label: str) -> None:  # noqa: F811
    rule = rules.decide(line)
    assert (rule.error_type.value if rule and rule.error_type else "none") == label
