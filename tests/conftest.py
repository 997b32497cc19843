from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import children
import coverage
import databases
import postgres_kit
import pytest
import structlog
from nobody import shared_folder

# What depends on the place and not on what is installed; everything else is required in CI.
MAY_BE_MISSING = ("not at hand", "root may write anywhere", "this machine has no network")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--postgres", action="store_true", help="run on PostgreSQL whatever is not about SQLite")
    parser.addoption("--update-golden", action="store_true", help="rewrite expected outputs and tables of the docs")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Where tests have their databases: on SQLite, those that are marked `postgres` on PostgreSQL, too."""
    kinds, marker = [databases.SQLITE], metafunc.definition.get_closest_marker
    also = marker("postgres")
    if metafunc.config.getoption("--postgres") or (also is not None and also.kwargs.get("only")):
        kinds = [databases.SQLITE if marker("sqlite") else databases.POSTGRES]
    elif also is not None:
        kinds = [databases.SQLITE, databases.POSTGRES]
    if kinds != [databases.SQLITE]:
        metafunc.parametrize("database_kind", kinds, indirect=True, scope="module")


@pytest.fixture(scope="module", autouse=True)
def database_kind(request: pytest.FixtureRequest) -> Iterator[str]:
    """The kind of the databases that a test makes."""
    kind = str(getattr(request, "param", databases.SQLITE))
    if kind == databases.POSTGRES and (why := postgres_kit.missing()):
        pytest.skip(why)
    before = databases.use(kind)
    yield kind
    databases.use(before)
    databases.close_all()


@pytest.fixture(scope="session", autouse=True)
def no_server_outlives_the_session() -> Iterator[None]:
    """The PostgreSQL of this process, if a test wanted it."""
    yield
    databases.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a part that is missing is a failure: a skip would say that all is well."""
    report = yield
    if os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not any(one in reason for one in MAY_BE_MISSING):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} was skipped in CI: {reason}"
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Keep the figures of `make coverage` while there is time: a test process that is slow to end is killed."""
    measuring = coverage.Coverage.current()
    if measuring is not None:
        measuring.stop()
        measuring.save()


@pytest.fixture(scope="session", autouse=True)
def plain_tracebacks() -> None:
    """What failed is logged without the values of all variables: with those of a web server that takes seconds."""
    *chain, _ = structlog.get_config()["processors"]
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*chain, renderer])


@pytest.fixture(scope="session", autouse=True)
def no_process_outlives_the_session() -> Iterator[None]:
    """Nor does one that a fixture of a whole module could not end."""
    children.hear_interrupts()
    yield
    children.kill_all()


@pytest.fixture(autouse=True)
def no_process_outlives_its_test() -> Iterator[None]:
    """However the test ends."""
    with children.none_left():
        yield


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Is the expected output to be rewritten?"""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that other users of this system can reach, too."""
    with shared_folder() as folder:
        yield folder
