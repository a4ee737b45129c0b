"""sitecustomize: what starts with the folder on PYTHONPATH starts as it does without."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from .conftest import INSTRUMENT, Ear, Event, instrumented, interpreters, run, venv

pytestmark = pytest.mark.slow

TELLS = """
import json, sys
print(json.dumps({"path": sys.path, "modules": sorted(sys.modules), "finders": [str(type(f)) for f in sys.meta_path]}))
"""
OLD = {minor: shutil.which(f"python{minor}") for minor in ("2.7", "3.6", "3.7", "3.8")}
STANDARD = {"__future__", "importlib", "types", "warnings"}  # what the import hook is made of
START_SECONDS = 0.015  # issue's bar: CPU time of a start, more than without
START_BYTES = 2 << 20


@pytest.fixture
def env(ear: Ear, tmp_path: Path) -> dict[str, str]:
    return instrumented(ear.path, tmp_path / "modelos")


@pytest.mark.parametrize("python", interpreters().values(), ids=list(interpreters()))
def test_a_program_finds_what_it_finds_without(python: str, env: dict[str, str]) -> None:
    plain, told = (json.loads(run([python, "-c", TELLS], env=given).out) for given in ({}, env))
    assert told["path"] == plain["path"]
    more = set(told["modules"]) - set(plain["modules"])
    assert {name.partition(".")[0] for name in more} <= {"sitecustomize", "trafico_instrument", *STANDARD}
    assert told["finders"] == ["<class 'trafico_instrument.registry.Finder'>", *plain["finders"]]


def test_it_is_switched_off(env: dict[str, str]) -> None:
    told = json.loads(run([sys.executable, "-c", TELLS], env={**env, "TRAFICO_INSTRUMENT": "0"}).out)
    assert not [name for name in told["modules"] if name.startswith("trafico")]
    assert str(INSTRUMENT) not in told["path"]


def test_ones_own_sitecustomize_runs_and_is_the_one_that_is_found(tmp_path: Path, env: dict[str, str]) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nprint('own', __file__)\nOWN = True\n")
    both = {**env, "PYTHONPATH": f"{INSTRUMENT}:{tmp_path}"}
    asks = "import sys, sitecustomize; print(sitecustomize.OWN, 'trafico_instrument' in sys.modules)"
    done = run([sys.executable, "-c", asks], env=both)
    assert (done.out, done.err) == (f"own {tmp_path}/sitecustomize.py\nTrue True\n", "")


@pytest.mark.parametrize("wrong", ["1/0", "raise ImportError('x')", "import nosuchmodule", "def (:"])
def test_what_is_wrong_with_it_is_said_as_without(tmp_path: Path, env: dict[str, str], wrong: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(f"{wrong}\n")
    plain, told = (
        run([sys.executable, "-c", "print('runs')"], env={**env, "PYTHONPATH": folders})
        for folders in (str(tmp_path), f"{INSTRUMENT}:{tmp_path}")
    )
    assert (told.code, told.out, told.err) == (plain.code, plain.out, plain.err)


@pytest.mark.parametrize("version", OLD)
def test_a_child_of_an_old_python_is_not_disturbed(version: str, env: dict[str, str]) -> None:
    python = next((str(p) for p in _old(version)), None)
    if python is None:
        pytest.skip(f"no Python {version} here")
    done = run([python, "-c", "import sys; print(sys.version_info[0])"], env=env)
    assert (done.code, done.out, done.err) == (0, f"{version[0]}\n", "")


def _old(version: str) -> list[Path]:
    import os

    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    return sorted(root.glob(f"versions/{version}*/bin/python{version}"))


@pytest.mark.parametrize(
    "broken", ["__init__.py", "registry.py", "wrap.py", "journal.py", "hooks/files.py", "hooks/telegram.py"]
)
def test_a_broken_part_of_it_breaks_nothing(tmp_path: Path, env: dict[str, str], broken: str) -> None:
    folder = tmp_path / "instrument"
    shutil.copytree(INSTRUMENT, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "trafico_instrument" / broken).write_text("raise RuntimeError('broken')\n")
    python = venv("telegram-22.5", "python-telegram-bot==22.5")
    asks = "import shutil, telegram, telegram.ext, sys; print(telegram.__version__, sys.modules.get('sitecustomize'))"
    done = run([python, "-c", asks], env={**env, "PYTHONPATH": str(folder)})
    assert (done.code, done.out.split()[0], done.err) == (0, "22.5", "")


def test_a_folder_that_is_gone_is_no_error(env: dict[str, str]) -> None:
    done = run([sys.executable, "-c", "print('runs')"], env={**env, "PYTHONPATH": "/no/such/folder"})
    assert (done.code, done.out, done.err) == (0, "runs\n", "")


def _activations(events: list[Event]) -> list[tuple[str, str]]:
    return [(event["TRAFICO_EVENTO"], event["TRAFICO_BIBLIOTECA"]) for event in events]


def test_a_version_that_is_not_known_is_left_alone_and_said_once(
    ear: Ear, tmp_path: Path, env: dict[str, str]
) -> None:
    """Debian 12's own python-telegram-bot, which is not asyncio yet, and a module that has only the name."""
    python = venv("telegram-13.15", "python-telegram-bot==13.15")
    asks = "import telegram, telegram.ext; print(hasattr(telegram.Bot.get_file, '__wrapped__'))"
    plain, told = (run([python, "-W", "ignore", "-c", asks], ear, given) for given in ({}, env))
    assert (told.code, told.out, told.err) == (plain.code, plain.out, plain.err)
    assert _activations(told.events) == [("ajeno", "telegram 13.15")]
    (tmp_path / "telegram.py").write_text("WHAT = 'mine'\n")
    own = run([sys.executable, "-c", "import telegram; print(telegram.WHAT)"], ear, env, tmp_path)
    assert (own.out, _activations(own.events)) == ("mine\n", [("ajeno", "telegram")])


def test_a_library_that_is_half_known_is_not_hooked_at_all(ear: Ear, tmp_path: Path, env: dict[str, str]) -> None:
    """A later version in which one function takes something else."""
    (tmp_path / "telegram.py").write_text(
        "__version__ = '22.99'\n"
        "class Bot:\n    async def get_file(self, file_id): pass\n"
        "class File:\n    async def download_to_drive(self, other): pass\n"
    )
    asks = "import telegram; print(hasattr(telegram.Bot.get_file, '__wrapped__'))"
    done = run([sys.executable, "-c", asks], ear, env, tmp_path)
    assert (done.out, _activations(done.events)) == ("False\n", [("ajeno", "telegram 22.99")])


def test_a_library_in_a_zip_file_and_one_that_is_loaded_again(ear: Ear, tmp_path: Path, env: dict[str, str]) -> None:
    """One loader has many modules; and after a reload functions are new."""
    source = (
        "__version__ = '4.0'\nclass DownloadMethods:\n"
        "    async def download_media(self, message, file=None): pass\n"
        "    async def download_file(self, input_location, file=None): pass\n"
    )
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("telethon/__init__.py", "from .client import downloads\n__version__ = '1.99'\n")
        archive.writestr("telethon/client/__init__.py", "")
        archive.writestr("telethon/client/downloads.py", source)
    asks = (
        "import sys; sys.path.insert(0, 'all.zip'); import telethon, importlib; importlib.reload(telethon);"
        "method = telethon.client.downloads.DownloadMethods.download_media; loader = telethon.__loader__;"
        "print(type(loader).__name__, hasattr(method, '__wrapped__'), hasattr(method.__wrapped__, '__wrapped__'),"
        " 'exec_module' in vars(loader))"
    )
    done = run([sys.executable, "-c", asks], ear, env, tmp_path)
    assert (done.out, done.err) == ("zipimporter True False False\n", "")
    assert _activations(done.events) == [("activo", "telethon 1.99")] * 2


def test_another_python_pays_the_start_and_says_nothing(ear: Ear, tmp_path: Path, env: dict[str, str]) -> None:
    """A child that is no bot: its copies onto the models directory go straight through."""
    copies = (
        "import shutil, sys, os; os.makedirs(sys.argv[1] + '/yic'); open('a', 'w').close();"
        "print(shutil.copy2('a', sys.argv[1] + '/yic/a.mp4')); os.rename('a', 'b');"
        "print(type(os.rename).__name__, 'socket' in sys.modules, 'trafico_instrument.journal' in sys.modules)"
    )
    models = str(tmp_path / "modelos")
    done = run([sys.executable, "-c", copies, models], ear, env, tmp_path)
    assert done.out == f"{models}/yic/a.mp4\nbuiltin_function_or_method False False\n"
    assert done.events == []


@pytest.mark.parametrize("program", ["pass", "import shutil"])
def test_the_start_costs_little(env: dict[str, str], program: str) -> None:
    """CPU time and memory, the least of several starts, which the machine's other work does not change."""
    plain, told = (min(_start(program, given) for _ in range(12)) for given in ({}, env))
    assert told - plain <= START_SECONDS
    least = [min(_resident(program, given) for _ in range(3)) for given in ({}, env)]
    assert least[1] - least[0] <= START_BYTES


def _resident(program: str, env: dict[str, str]) -> int:
    """Bytes, as the kernel counts them; ru_maxrss would be the most of whoever has started it."""
    asks = f"{program}; print(open('/proc/self/statm').read().split()[1])"
    return int(run([sys.executable, "-c", asks], env=env).out) * resource.getpagesize()


def _start(program: str, env: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", program], env={"PATH": "/usr/bin", **env}, check=True, timeout=30)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
