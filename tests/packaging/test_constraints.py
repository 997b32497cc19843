"""What make and CI install is written down, and is what setup.cfg allows."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
from pathlib import Path

import every_module
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
TYPED = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
PINS = dict(line.split("==") for line in TYPED if not line.startswith("#"))
PINNED = {canonicalize_name(name): version for name, version in PINS.items()}
PRIVATES_ARE_USED = ("paramiko", "pyftpdlib")


def required() -> list[Requirement]:
    """All that setup.cfg names, extras included."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    texts = [setup["options"]["install_requires"], *setup["options.extras_require"].values()]
    return [Requirement(line) for text in texts for line in text.split("\n") if line]


def test_a_line_is_a_name_and_a_version_and_nothing_else() -> None:
    lines = [line for line in TYPED if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line)] == []


@pytest.mark.parametrize("requirement", required(), ids=lambda requirement: requirement.name)
def test_what_is_required_has_a_version_that_is_allowed(requirement: Requirement) -> None:
    assert requirement.specifier.contains(PINNED[canonicalize_name(requirement.name)])


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
    assert len(installs) == 2
    assert [line for line in installs if " --constraint constraints.txt " not in line] == []
    assert "CONSTRAINTS=" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_every_module_is_imported_where_they_are_not_installed() -> None:
    files = (path.relative_to(ROOT).with_suffix("").parts for path in (ROOT / "cws_filedrop").rglob("*.py"))
    named = {".".join(parts[:-1] if parts[-1] == "__init__" else parts) for parts in files} - {"cws_filedrop"}
    assert set(every_module.modules()) == named - every_module.NOT_TO_BE_IMPORTED
    assert "every_module.py" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
