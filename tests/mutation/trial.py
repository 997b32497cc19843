"""Tests run against a module with a fault, each time in a process of its own, forked from one that has loaded the rest.

The fault is put in where Python would read the module's file, so that nothing on disk changes, and others may work
beside. Processes that a test starts read the file, and therefore the right module.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.machinery
import importlib.util
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NoReturn

import coverage
import databases
import grimp
import pytest
from mutation.mutants import PACKAGE, ROOT, Mutant
from mutation.plan import Part

ONCE = "cws_filedrop.pipeline.workflows"  # may be loaded only once in a process: the engine knows workflows by name
LOG = ROOT / "artefacts" / "mutation.log"  # of the tests that are run without a fault
USAGE, NONE, NOT_RUN = 4, 5, 70  # exit codes: pytest was asked for what is not there, had no tests, did not begin
OPTIONS = [
    "-q",
    "--assert=plain",
    "--tb=no",
    "--no-header",
    *("-p", "no:cacheprovider", "-p", "pytest_timeout", "-p", "_hypothesis_pytestplugin"),
]


@dataclass(frozen=True)
class Reach:
    """What each test runs: by module, line and test; and how long each test takes, in seconds."""

    lines: dict[str, dict[int, list[str]]]
    seconds: dict[str, float]
    libraries: list[str]

    def tests(self, mutant: Mutant) -> list[str]:
        """The tests that run the faulty lines. What runs while the module is loaded may change any of them."""
        of_module = self.lines.get(mutant.module, {})
        found = {test for line in range(mutant.begin, mutant.end + 1) for test in of_module.get(line, ())}
        if not mutant.function or "" in found:
            found = {test for tests in of_module.values() for test in tests}
        files = {one for one in found if "::" not in one}  # ran by what several tests of a file share
        return [test for test in self.seconds if test in found or test.partition("::")[0] in files]

    def __or__(self, newer: Reach) -> Reach:
        files = {test.partition("::")[0] for test in newer.seconds}
        lines: dict[str, dict[int, list[str]]] = {}
        for name in self.lines.keys() | newer.lines.keys():
            mine, more = self.lines.get(name, {}), newer.lines.get(name, {})
            lines[name] = {
                no: [one for one in mine.get(no, []) if one.partition("::")[0] not in files] + more.get(no, [])
                for no in mine.keys() | more.keys()
            }
        seconds = {test: took for test, took in self.seconds.items() if test.partition("::")[0] not in files}
        return Reach(lines, seconds | newer.seconds, sorted({*self.libraries, *newer.libraries}))

    @staticmethod
    def of_json(text: str) -> Reach:
        kept = json.loads(text)
        lines = {name: {int(no): tests for no, tests in found.items()} for name, found in kept["lines"].items()}
        return Reach(lines, kept["seconds"], kept["libraries"])


@dataclass(eq=False)
class _Watched:
    """A plugin of pytest: says to `coverage` which test runs, and keeps how long each takes."""

    measured: coverage.Coverage
    seconds: dict[str, float] = field(default_factory=dict)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, None, None]:
        self.measured.switch_context(item.nodeid.partition("::")[0])
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        self.measured.switch_context(item.nodeid)
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration


@dataclass(eq=False)
class _Only:
    """A plugin of pytest: these tests alone, the quick ones first, those of one file together."""

    seconds: Mapping[str, float]

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        quickest: dict[str, float] = {}
        for test, took in self.seconds.items():
            file = test.partition("::")[0]
            quickest[file] = min(took, quickest.get(file, took))
        known = {item: item.nodeid if item.nodeid in self.seconds else item.nodeid.partition("[")[0] for item in items}
        kept = [item for item in items if known[item] in self.seconds]
        kept.sort(key=lambda item: (quickest[item.nodeid.partition("::")[0]], self.seconds[known[item]]))
        items[:] = kept


def reach(part: Part, *, known: bool = False) -> Reach:
    """What the tests run. `known`: as an earlier call measured it, but for files of tests that were changed since."""
    found = ROOT / "artefacts" / f"reach-{part.title.replace(' ', '-')}.json"
    if not (known and found.exists()):
        measure(part.names, part.tests, found)
        return Reach.of_json(found.read_text(encoding="utf-8"))
    before = Reach.of_json(found.read_text(encoding="utf-8"))
    there = {test.partition("::")[0] for test in before.seconds}
    newer = [
        str(path)
        for path in _files(part.tests)
        if path.stat().st_mtime > found.stat().st_mtime or path.relative_to(ROOT).as_posix() not in there
    ]
    if newer:
        more = found.with_name(f"more-{found.name}")
        measure(part.names, newer, more)
        both = before | Reach.of_json(more.read_text(encoding="utf-8"))
        found.write_text(json.dumps(asdict(both)), encoding="utf-8")
    return Reach.of_json(found.read_text(encoding="utf-8"))


def _files(tests: Iterable[str]) -> list[Path]:
    paths = [ROOT / one for one in tests]
    return [file for path in paths for file in (sorted(path.rglob("test_*.py")) if path.is_dir() else [path])]


def measure(modules: Iterable[str], tests: Iterable[str], found: Path) -> None:
    """Run the tests once without a fault. Raises: RuntimeError, if that does not go well."""
    found.parent.mkdir(exist_ok=True)
    found.unlink(missing_ok=True)
    code = _forked(lambda: _measured(list(modules), list(tests), found), timeout=3600, log=str(LOG))
    if code != 0 or not found.exists():
        raise RuntimeError(f"without any fault the tests end with {code}: see {LOG}")


def _measured(modules: list[str], tests: list[str], found: Path) -> int:
    paths = {str(PACKAGE / f"{name}.py"): name for name in modules}
    measured = coverage.Coverage(data_file=None, include=list(paths), config_file=False)
    watched = _Watched(measured)
    measured.start()
    code = pytest.main([*OPTIONS, *tests], plugins=[watched])
    measured.stop()
    data = measured.get_data()
    lines = {name: data.contexts_by_lineno(path) for path, name in paths.items()}
    kept = {"lines": lines, "seconds": watched.seconds, "libraries": _libraries()}
    found.write_text(json.dumps(kept), encoding="utf-8")
    return int(code)


def _libraries() -> list[str]:
    """What a run of tests loads but for the tests themselves."""
    roots = (str(ROOT / ".venv"), os.path.dirname(os.__file__), str(PACKAGE))
    files = {name: getattr(module, "__file__", None) or "" for name, module in list(sys.modules.items())}
    return [name for name, file in files.items() if file.startswith(roots) and "__main__" not in name]


@dataclass(frozen=True)
class Loaded:
    """What is loaded once for all forks, and what each of our modules is used by."""

    graph: grimp.ImportGraph | None = None  # None: no module of ours is loaded

    def forget(self, module: str) -> None:
        """Let a module of ours, and all that was loaded with it, be loaded again."""
        if self.graph is None:
            return
        for name in {module, *self.graph.find_downstream_modules(module)} & sys.modules.keys():
            package, _, last = name.rpartition(".")
            vars(sys.modules[package]).pop(last, None)
            del sys.modules[name]


def load(libraries: Collection[str]) -> Loaded:
    """Load once for all forks what may be loaded before them, and make the database that tests copy."""
    if not libraries:
        return Loaded()
    graph = grimp.build_graph("cws_filedrop", cache_dir=None)
    alone = {ONCE, *graph.find_downstream_modules(ONCE)}
    for name in libraries:
        if name not in alone:
            with contextlib.suppress(Exception):  # one that only loads as a part of another
                importlib.import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        databases.new_database(Path(folder) / "pattern.db").close()
    gc.collect()
    gc.freeze()
    return Loaded(graph)


def killed(mutant: Mutant, reach: Reach, loaded: Loaded, *, most_seconds: float) -> str:
    """What noticed the fault: "test", "load" or "time"; "" if nothing did. Tests of so many seconds are tried."""
    chosen: dict[str, float] = {}
    for test in sorted(reach.tests(mutant), key=lambda one: reach.seconds[one]):
        if sum(chosen.values()) + reach.seconds[test] > most_seconds and chosen:
            break
        chosen[test] = reach.seconds[test]
    return noticed(mutant, chosen, loaded) if chosen else ""


def noticed(mutant: Mutant, tests: Mapping[str, float], loaded: Loaded) -> str:
    """The same, by these tests, of which it is known how many seconds they take."""
    code = _forked(lambda: _tried(mutant, tests, loaded), timeout=20 + 5 * sum(tests.values()))
    if code in (USAGE, NOT_RUN):
        raise RuntimeError(f"{mutant}: the tests could not be run")
    return {0: "", NONE: "", 1: "test", None: "time"}.get(code, "load")


def _tried(mutant: Mutant, chosen: Mapping[str, float], loaded: Loaded) -> int:
    faulty = _Faulty(mutant)
    loaded.forget(faulty.name)
    sys.meta_path.insert(0, faulty)
    files = sorted({test.partition("::")[0] for test in chosen})
    return int(pytest.main([*OPTIONS, "-x", "--hypothesis-seed=0", *files], plugins=[_Only(chosen)]))


class _Faulty(importlib.machinery.SourceFileLoader):
    """Finds one module, and loads it with its fault."""

    def __init__(self, mutant: Mutant) -> None:
        name = f"cws_filedrop.{mutant.module.replace('/', '.')}"
        super().__init__(name, str(PACKAGE / f"{mutant.module}.py"))
        self._source = mutant.source

    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_file_location(name, self.path, loader=self) if name == self.name else None

    def get_code(self, fullname: str) -> object:
        return compile(self._source, self.path, "exec")


def _forked(run: Callable[[], int], *, timeout: float, log: str = os.devnull) -> int | None:
    """Do it in a process of its own. Returns its exit code, or None if it was not done in time."""
    folder = Path(tempfile.mkdtemp(prefix="mutant-"))
    child = os.fork()
    if child == 0:
        _child(run, folder, log)
    try:
        return _ended(child, time.monotonic() + timeout)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _child(run: Callable[[], int], folder: Path, log: str) -> NoReturn:
    code = NOT_RUN
    try:
        os.setsid()
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(folder / "hypothesis")
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # loading all plugins takes longer than most tests
        os.environ["PYTEST_ADDOPTS"] = f"--basetemp={folder}/tests"
        said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        null = os.open(os.devnull, os.O_RDONLY)
        for number, source in ((0, null), (1, said), (2, said)):
            os.dup2(source, number)
        code = run()
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)


def _ended(child: int, deadline: float) -> int | None:
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None
