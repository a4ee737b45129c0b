"""Runs in every Python that starts with this folder on PYTHONPATH, before its program.

The syntax is readable for any Python: a child of the bot may be Python 2, which would print a syntax error. The user's
own `sitecustomize`, hidden by this one, runs afterwards.
"""

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def _activate():
    # type: () -> None
    if sys.version_info < (3, 9) or os.environ.get("TRAFICO_INSTRUMENT", "1").lower() in ("0", "no", "off", "false"):
        return
    try:
        import trafico_instrument  # type: ignore[import-not-found, unused-ignore]

        trafico_instrument.activate()
    except Exception:  # no error here may prevent the bot from starting
        return


def _leave():
    # type: () -> bool
    """Removes this folder from `sys.path`, so that the program sees the path it would have without it."""
    try:
        sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != _HERE]
        return True
    except Exception:
        return False


_activate()
if _leave():
    _own = sys.modules.pop("sitecustomize", None)
    try:
        # The user's, where there is one; what it raises is told by `site`, as without this folder.
        import sitecustomize  # type: ignore[import-not-found]  # noqa: F401
    except ImportError as _error:
        if getattr(_error, "name", "sitecustomize") != "sitecustomize":
            raise
    if _own is not None:  # the import system wants to find what it has just loaded
        sys.modules.setdefault("sitecustomize", _own)
