"""Imports every module of the package, so that none needs what is not installed: `python every_module.py`."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Final

import cws_filedrop

# Alembic runs it while it migrates, and gives it what it needs; `demo` comes by there.
NOT_TO_BE_IMPORTED: Final = frozenset({"cws_filedrop.store.migrations.env"})


def modules() -> list[str]:
    """Their names."""
    found = (module.name for module in pkgutil.walk_packages(cws_filedrop.__path__, "cws_filedrop."))
    return [name for name in found if name not in NOT_TO_BE_IMPORTED]


def main() -> None:
    """Import them all; an import that fails ends this with its traceback."""
    names = modules()
    for name in names:
        importlib.import_module(name)
    print(f"{len(names)} modules of {cws_filedrop.__path__[0]} can be imported")


if __name__ == "__main__":
    main()
