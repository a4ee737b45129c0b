"""How each cell is played: what breaks, what the bot prints, and when it is to be mended.

A story is a generator that gives back what it waits for. It never sleeps; where something must
happen «meanwhile», it waits for the record that says how far the monitor is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.unit.detection import episodes
from trafico_monitor.pipeline.handlers.incidents import BOT_GRACE_SECONDS

from .bench import TOKEN
from .scene import CLOSED, NetworkError, Scene, Story, TimedOut, Until, VideoDamaged

SHORT = 100_000  # bytes of a download that broke off


def story(scene: Scene) -> Story:
    return _STORIES[scene.cell.error_type](scene)


# -- timeout, ruta_inexistente, corrupto: the download is at fault


def _download(scene: Scene, prepare: Callable[[Scene], None], fail: Callable[[Scene], None]) -> Story:
    prepare(scene)
    course = scene.cell.course
    if course == "gone":
        scene.puts()
    _hinder(scene)
    yield scene.may_begin()
    scene.receives()
    yield scene.settled()
    if scene.text:
        scene.copies()
    fail(scene)
    # Only a timeout waits before the first attempt; the others are at their second by then.
    first = "1/3" if scene.cell.error_type == "timeout" else "2/3"
    if course == "bot":
        yield scene.reached("reintentando", first)
        scene.puts()
        scene.says_success()
    elif course == "killed":
        yield scene.reached("reintentando", "2/3") if scene.text else scene.asked()
        scene.halfway = True
        yield Until(lambda: scene.bench.turned, "the monitor was killed")
    if scene.text and course in ("fails_once", "killed"):
        yield scene.reached("reintentando", "2/3")
        scene.bench.deliver(scene.file_id)
    yield scene.closed()


def _hinder(scene: Scene) -> None:
    """What makes the repairs fail, as often as the course says."""
    bench, course, damaged = scene.bench, scene.cell.course, scene.cell.error_type == "corrupto"
    if scene.text:
        if course in ("succeeds", "gone"):
            bench.deliver(scene.file_id)
        elif damaged:
            bench.deliver(scene.file_id, keep=SHORT)
    elif course == "killed":
        bench.fault("hang", scene.file_id, times=1)
    elif course in ("fails_once", "fails_always", "bot"):
        once = course == "fails_once"
        if damaged:  # one attempt asks the server twice: what it does not have, it fetches anew
            bench.fault("truncate", scene.file_id, times=2 if once else None, keep=SHORT)
        else:
            bench.fault("refuse", scene.file_id, times=1 if once else None)


def _timeout(scene: Scene) -> Story:
    def fail(scene: Scene) -> None:
        if scene.text:
            scene.copy_fails(110, "Connection timed out")
        else:
            traceback = episodes.getting_file("telegram.error.TimedOut: Timed out", "httpx.ReadTimeout")
            scene.says_failure(TimedOut("Timed out"), [], traceback)

    return _download(scene, Scene.prepare, fail)


def _ruta(scene: Scene) -> Story:
    return _download(
        scene,
        lambda scene: scene.prepare(folder=False),
        lambda scene: scene.copy_fails(2, "No such file or directory", scene.destination),
    )


def _corrupto(scene: Scene) -> Story:
    def prepare(scene: Scene) -> None:
        scene.prepare()
        scene.puts(scene.content[:SHORT])

    def fail(scene: Scene) -> None:
        copied = f"INFO:__main__:✅ Archivo copiado exitosamente: {SHORT} bytes"
        shown = f"modelos/{scene.modelo}/{scene.video} ({SHORT} de {len(scene.content)} bytes)"
        scene.says_failure(VideoDamaged(), [copied, f"ERROR:__main__:❌ Archivo corrupto: {shown}"], [])

    return _download(scene, prepare, fail)


# -- disco_lleno: one disk for all cells of a bench; there is space again after the bench's turn


def _disco(scene: Scene) -> Story:
    course, bench = scene.cell.course, scene.bench
    scene.prepare()
    scene.puts(scene.content[:SHORT])  # what was written until the disk was full
    if not scene.text or course not in ("fails_once", "fails_always", "bot"):
        bench.deliver(scene.file_id)
    if not scene.text and course in ("fails_once", "fails_always"):
        bench.fault("refuse", scene.file_id, times=1 if course == "fails_once" else None)
    yield scene.may_begin()
    if course == "gone":
        scene.halfway = True
        yield Until(lambda: bench.turned, "there is space again")
    scene.receives()
    yield scene.settled()
    if scene.text:
        scene.copies()
    scene.copy_fails(28, "No space left on device", scene.destination)
    if course != "gone":
        yield scene.reached("pendiente", "esperar espacio")
        yield scene.told("CRÍTICO")
    if course == "bot":
        scene.puts()
        scene.says_success()
        yield scene.closed()
    scene.halfway = True
    yield Until(lambda: bench.turned, "there is space again")
    if scene.text and course == "fails_once":
        yield scene.reached("reintentando", "2/3")
        bench.deliver(scene.file_id)
    yield scene.closed()


# -- servidor_caido: a bench for each cell; the server is back after the bench's turn


def _servidor(scene: Scene) -> Story:
    course, bench = scene.cell.course, scene.bench
    scene.prepare()
    if not scene.text and course in ("fails_once", "fails_always"):
        bench.fault("refuse", scene.file_id, times=1 if course == "fails_once" else None)
    yield scene.may_begin()
    if course != "gone":
        bench.server_down()
    scene.receives()
    yield scene.settled()
    words = "httpx.ConnectError: All connection attempts failed"
    traceback = episodes.getting_file(f"telegram.error.NetworkError: {words}", words)
    # The line of a successful poll that comes last is no proof: the server is down all the same.
    scene.says_failure(NetworkError(words), [], traceback)
    if course == "gone":
        if scene.text:
            yield from _left(scene)
        else:
            yield scene.closed()
        return
    yield scene.told("CRÍTICO")
    yield scene.reached("reintentando", "verificar servidor")
    if scene.text and course in ("fails_once", "fails_always"):  # every probe has failed
        yield Until(lambda: scene.last["estado"] == "pendiente", f"{scene.cell}: the probes are used up")
        if course == "fails_always":
            return
    scene.halfway = True
    yield Until(lambda: bench.turned, "the server is back")
    if course == "bot":
        scene.puts()
        scene.says_success()
        scene.bot.say(episodes.POLL.replace("<TOKEN>", TOKEN))
    if scene.text and course != "bot":
        yield from _left(scene)
    else:
        yield scene.closed()


def _left(scene: Scene) -> Story:
    """The server answers, the video is lost: the bot gets its time to succeed after all."""
    yield scene.reached("pendiente", "sin acción posible")
    yield Until(lambda: scene.last["estado"] in CLOSED, f"{scene.cell} is closed", BOT_GRACE_SECONDS + 90.0)


_STORIES: Mapping[str, Callable[[Scene], Story]] = {
    "timeout": _timeout,
    "ruta_inexistente": _ruta,
    "corrupto": _corrupto,
    "disco_lleno": _disco,
    "servidor_caido": _servidor,
}
