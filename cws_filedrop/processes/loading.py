"""Runs our processes: `python -P …/processes/loading.py MODULE ARGUMENTS` imports a module and runs its `main`.

Nothing of what is imported is garbage. Looking for some again and again, while thousands of functions and classes are
made, takes a sixth of the time, and looking through all of them when the process ends a quarter of a second.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PACKAGE = "cws_filedrop"
_INIT = Path(__file__).resolve().parents[1] / "__init__.py"


@contextmanager
def without_gc() -> Iterator[None]:
    """Import within; the collector never looks at what was imported."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def load_own_package() -> None:
    """Import the package that this file is a part of, even where another one, or none, is installed: parent and child
    are of one version."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is not None and found.origin is not None and Path(found.origin).resolve() == _INIT:
        return
    spec = importlib.util.spec_from_file_location(_PACKAGE, _INIT, submodule_search_locations=[str(_INIT.parent)])
    if spec is None or spec.loader is None:
        return
    package = importlib.util.module_from_spec(spec)
    sys.modules[_PACKAGE] = package
    spec.loader.exec_module(package)


def main() -> None:
    """Import a module of ours, and run it."""
    del sys.argv[0]
    load_own_package()
    with without_gc():
        module = importlib.import_module(sys.argv[0])
    sys.exit(module.main())


if __name__ == "__main__":
    main()
