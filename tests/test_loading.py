"""What each process loads: not more than it needs, since every start waits for it."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from cws_filedrop.processes import loading

TABLES = {"pandas", "numpy", "pyarrow"}
PAGES = {"fastapi", "starlette", "uvicorn", "pydantic", "jinja2"}
DOORS = {"paramiko", "pyftpdlib", "watchdog"}
HEAVY = (
    TABLES | PAGES | DOORS | {"dbos", "sqlalchemy", "lxml", "httpx", "sp_api", "typer", "rich", "alembic", "asyncio"}
)
BY_LOG = {"rich", "asyncio"}  # the logging library has them with it


@pytest.mark.parametrize(
    ("module", "needs"),
    [
        ("cws_filedrop.__main__", set()),
        ("cws_filedrop.processes.loading", set()),
        ("cws_filedrop.cli.run_service", BY_LOG),
        ("cws_filedrop.doors", BY_LOG | DOORS | {"sqlalchemy"}),
        ("cws_filedrop.marketplaces.sandbox.__main__", BY_LOG | {"starlette", "uvicorn", "lxml"}),
        ("cws_filedrop.pipeline.reading_main", BY_LOG | TABLES | {"sqlalchemy", "lxml"}),
        ("cws_filedrop.service", HEAVY - DOORS - {"fastapi", "starlette", "uvicorn", "pydantic", "typer", "alembic"}),
        ("cws_filedrop.web.process", HEAVY - {"dbos", "sp_api", "typer", "alembic", "pyftpdlib", "watchdog"}),
    ],
)
def test_a_process_loads_what_it_needs(module: str, needs: set[str]) -> None:
    program = f"import sys, {module}; print(*sorted({HEAVY!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=100, check=True)
    assert set(done.stdout.split()) - needs == set()


def test_nothing_of_what_is_loaded_is_looked_through_for_garbage() -> None:
    assert gc.isenabled()
    frozen = gc.get_freeze_count()
    with loading.without_gc():
        assert not gc.isenabled()
        loaded = [[] for _ in range(1000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= frozen + len(loaded)
    gc.unfreeze()
