"""How our processes load what they consist of: `python -m cws_filedrop.loading MODULE ARGUMENTS` runs its `main`.

Nothing of what is loaded is garbage. To look for some again and again while thousands of functions and classes are
made takes a sixth of the time, and to look through all of them when a process ends a quarter of a second.
"""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quickly() -> Iterator[None]:
    """Load meanwhile; what was loaded is never looked through."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def main() -> None:
    """Load a module of ours, and run it."""
    del sys.argv[0]
    with quickly():
        module = importlib.import_module(sys.argv[0])
    sys.exit(module.main())


if __name__ == "__main__":
    main()
