"""What make and CI install is written down, and is what setup.cfg allows."""

from __future__ import annotations

import configparser
import contextlib
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import every_module
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LISTS = ("constraints.txt", "constraints-run.txt")
PRIVATES_ARE_USED = ("paramiko", "pyftpdlib")
PYTHONS = ("3.11", "3.12", "3.13")


def entries(name: str) -> list[str]:
    """Of each release in a list: name, version, marker and hashes, on one line."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", "")
    return [line for line in text.splitlines() if not line.startswith("#")]


def environment(python: str) -> dict[str, str]:
    """Where a marker is asked: this system, with another Python."""
    return {"python_version": python, "python_full_version": f"{python}.9", "extra": ""}


def pins(name: str, python: str) -> dict[str, tuple[str, frozenset[str]]]:
    """What that Python gets, by canonical name: version, and hashes of its files. A release may be for some Pythons."""
    found: dict[str, tuple[str, frozenset[str]]] = {}
    for entry in entries(name):
        requirement = Requirement(entry.partition(" --hash")[0])
        if requirement.marker is None or requirement.marker.evaluate(environment(python)):
            (version,) = requirement.specifier
            assert canonicalize_name(requirement.name) not in found, "two releases for one Python"
            hashes = frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", entry))
            found[canonicalize_name(requirement.name)] = (version.version, hashes)
    return found


PINNED = {python: pins("constraints.txt", python) for python in PYTHONS}


def required() -> list[Requirement]:
    """All that setup.cfg names, extras included."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    texts = [setup["options"]["install_requires"], *setup["options.extras_require"].values()]
    return [Requirement(line) for text in texts for line in text.split("\n") if line]


@pytest.mark.parametrize("name", LISTS)
def test_a_line_is_a_name_and_a_version_and_the_hashes_of_its_files(name: str) -> None:
    form = r"[a-z0-9-]+==[0-9][A-Za-z0-9.]*( ; [a-z_]+ [^-]+)?( +--hash=sha256:[0-9a-f]{64})+ *"
    assert [entry for entry in entries(name) if not re.fullmatch(form, entry)] == []
    assert len(entries(name)) > 50


@pytest.mark.parametrize("python", PYTHONS)
def test_what_the_service_needs_is_the_same_in_both_lists(python: str) -> None:
    run = pins("constraints-run.txt", python)
    assert {name: pin for name, pin in run.items() if PINNED[python][name] != pin} == {}
    assert "pytest" not in run


@pytest.mark.parametrize("python", PYTHONS)
def test_the_lists_are_closed(python: str) -> None:
    """Whatever something listed requires is listed: pip takes nothing else, and would fail with that Python."""
    missing = []
    for name in PINNED[python]:
        with contextlib.suppress(metadata.PackageNotFoundError):  # for another Python or system
            needs = map(Requirement, metadata.requires(name) or [])
            wanted = [one.name for one in needs if one.marker is None or one.marker.evaluate(environment(python))]
            missing += [(name, one) for one in wanted if canonicalize_name(one) not in PINNED[python]]
    assert missing == []


@pytest.mark.parametrize("requirement", required(), ids=lambda requirement: requirement.name)
def test_what_is_required_has_a_version_that_is_allowed(requirement: Requirement) -> None:
    for listed in PINNED.values():
        assert requirement.specifier.contains(listed[canonicalize_name(requirement.name)][0])


@pytest.mark.parametrize("name", PRIVATES_ARE_USED)
def test_libraries_whose_privates_are_used_have_an_upper_bound(name: str) -> None:
    (requirement,) = [one for one in required() if one.name == name]
    assert "<" in {part.operator for part in requirement.specifier}


def test_make_installs_them_and_ci_once_does_not() -> None:
    shown = subprocess.run(
        ["make", "--dry-run", "--always-make", ".venv/run.stamp", ".venv/test.stamp", f"PYTHON={sys.executable}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    installs = [line for line in shown.splitlines() if "pip install" in line]
    checked = [line.split()[-3] for line in installs if " --require-hashes --requirement " in line]
    assert [line for line in installs if " --require-hashes " not in line and " --no-deps " not in line] == []
    assert len(checked) == 2
    assert "CONSTRAINTS=" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_every_module_is_imported_where_they_are_not_installed() -> None:
    files = (path.relative_to(ROOT).with_suffix("").parts for path in (ROOT / "cws_filedrop").rglob("*.py"))
    named = {".".join(parts[:-1] if parts[-1] == "__init__" else parts) for parts in files} - {"cws_filedrop"}
    assert set(every_module.modules()) == named - every_module.NOT_TO_BE_IMPORTED
    assert "every_module.py" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
