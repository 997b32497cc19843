"""What is shipped is what was written: the wheel is built, looked into, installed and run, all without a network."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import docs_pages
import pytest
from cws_filedrop.schemas import CARRIER_CODES, ORDER_FULFILLMENT, PROCESSING_REPORT
from lxml import etree

from cws_filedrop import __version__
from cws_filedrop.formats import known_profiles

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "sample_files" / "shipped-today.txt"


def done(*arguments: object, cwd: Path, **environment: str) -> str:
    """The standard output of a Python command that went well."""
    found = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INDEX": "1", **environment},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout


def tracked() -> list[Path]:
    """The files that belong to the project, relative to its root."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is no checkout: nobody can say which files belong to it")
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    named = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [Path(name) for name in named if name and (ROOT / name).is_file()]


def can_build() -> bool:
    """Are the tools that make a wheel here?"""
    try:
        major, minor = version("setuptools").split(".")[:2]
    except PackageNotFoundError:
        return False
    return (int(major), int(minor)) >= (70, 1) or importlib.util.find_spec("wheel") is not None


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a clean copy of the project."""
    files = tracked()
    if not can_build():
        pytest.skip("setuptools 70.1 or newer (or wheel) is needed here, since nothing is downloaded")
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for path in files:
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, source / path)
    done("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", out, source, cwd=out)
    (found,) = out.iterdir()
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing but what the wheel holds."""
    folder = tmp_path_factory.mktemp("installed")
    done("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", folder, wheel, cwd=folder)
    return folder


def inside(wheel: Path) -> set[str]:
    """The names of the files in the wheel, without its own records."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_it_is_named_by_its_version(wheel: Path) -> None:
    assert wheel.name == f"cws_filedrop-{__version__}-py3-none-any.whl"


def test_every_module_and_its_data_are_inside_and_nothing_else(wheel: Path) -> None:
    wanted = {path.as_posix() for path in tracked() if path.parts[0] == "cws_filedrop"}
    wanted |= {f"cws_filedrop/{path.as_posix()}" for path in tracked() if path.parts[0] == "schemas"}
    assert inside(wheel) == wanted


def test_what_is_read_at_run_time_is_inside(wheel: Path) -> None:
    names = {ORDER_FULFILLMENT, PROCESSING_REPORT, CARRIER_CODES}
    assert {f"cws_filedrop/schemas/{name}" for name in names} <= inside(wheel)
    assert (
        len([name for name in inside(wheel) if name.startswith("cws_filedrop/rules/data/") and name.endswith(".tsv")])
        > 2
    )
    assert {f"cws_filedrop/profiles/{name}.toml" for name in known_profiles.names()} <= inside(wheel)
    assert "cws_filedrop/py.typed" in inside(wheel)


def test_it_brings_the_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [one for one in archive.namelist() if one.endswith("entry_points.txt")]
        assert "cws-filedrop = cws_filedrop.__main__:run" in archive.read(name).decode()


def test_it_runs_where_it_was_installed(installed: Path, tmp_path: Path) -> None:
    own = {"PYTHONPATH": str(installed)}
    program = "import cws_filedrop, cws_filedrop.schemas as s; print(cws_filedrop.__file__, s.__file__, sep='\\n')"
    places = done("-c", program, cwd=tmp_path, **own).split()
    assert all(Path(place).is_relative_to(installed) for place in places)
    command = ("-m", "cws_filedrop", "convert", SAMPLE, "--out", "out", "--now", "2026-11-22T12:00:00Z")
    assert "6 lines (queued 6), 1 documents in out" in done(*command, cwd=tmp_path, **own)
    document = etree.fromstring((tmp_path / "out" / "feed-0001.xml").read_bytes())
    assert len(document.findall("Message")) == 6
    assert set(
        done("-m", "cws_filedrop", "seller", "profile", "known", "--json", cwd=tmp_path, **own).split('"')
    ) >= set(known_profiles.names())


def test_a_checkout_is_installed_as_the_page_says(tmp_path: Path) -> None:
    """docs/install.md, word for word; what it depends on is here already, since nothing is downloaded."""
    if not can_build():
        pytest.skip("setuptools 70.1 or newer (or wheel) is needed here, since nothing is downloaded")
    for path in tracked():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, tmp_path / path)
    (typed,) = [one.text for one in docs_pages.blocks("docs/install.md", "sh") if "pip install" in one.text]
    here = os.pathsep.join(path for path in sys.path if path.endswith("site-packages"))
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0", "PYTHONPATH": here}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    found = subprocess.run(
        ["bash", "-eu", "-c", typed],
        cwd=tmp_path,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **offline, "PATH": path},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert found.stdout.splitlines()[-1] == __version__
