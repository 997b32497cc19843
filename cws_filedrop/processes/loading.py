"""Runs our processes: `python -m cws_filedrop.processes.loading MODULE ARGUMENTS` imports a module and runs its `main`.

Nothing of what is imported is garbage. Looking for some again and again, while thousands of functions and classes are
made, takes a sixth of the time, and looking through all of them when the process ends a quarter of a second.
"""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_gc() -> Iterator[None]:
    """Import within; the collector never looks at what was imported."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def main() -> None:
    """Import a module of ours, and run it."""
    del sys.argv[0]
    with without_gc():
        module = importlib.import_module(sys.argv[0])
    sys.exit(module.main())


if __name__ == "__main__":
    main()
