"""CONTRIBUTING.md is true, and so are the settings for editors and for commits."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import docs_pages
import pytest

TYPED = [line for block in docs_pages.blocks("CONTRIBUTING.md", "sh") for line in block.text.splitlines()]
PYTEST = ".venv/bin/python -m pytest "
OURS = ".venv/bin/cws-filedrop "


def test_all_that_is_typed_is_known_here() -> None:
    assert [line for line in TYPED if not line.startswith(("make ", PYTEST, OURS))] == []  # make: see test_docs


def asked_for() -> list[tuple[str, str]]:
    """Which tests the page tells to run: a path, and what their names hold ("" = all of them)."""
    words = [shlex.split(line.removeprefix(PYTEST)) for line in TYPED if line.startswith(PYTEST)]
    return [(one[0], one[one.index("-k") + 1] if "-k" in one else "") for one in words]


def test_the_tests_that_it_names_are_there() -> None:
    paths = sorted({path for path, _ in asked_for()})
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *paths, "--collect-only", "-q", "-p", "no:cacheprovider"],
        cwd=docs_pages.ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    names = done.stdout.splitlines()
    assert len(asked_for()) > 3
    for path, held in asked_for():
        assert any(name.startswith(path) and held in name for name in names), f"{path} -k {held}"


@pytest.mark.parametrize("line", [line for line in TYPED if line.startswith(OURS)])
def test_the_commands_that_it_names_work(line: str) -> None:
    words = [sys.executable, "-m", "cws_filedrop", *shlex.split(line.removeprefix(OURS))]
    done = subprocess.run(words, cwd=docs_pages.ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode in (0, 1), done.stderr
    assert done.stdout


def test_files_that_it_names_are_there() -> None:
    spans = docs_pages.code_spans("CONTRIBUTING.md")
    paths = [span for span in spans if re.fullmatch(r"[\w./-]+/[\w./-]+", span) and not span.startswith("-")]
    places = (docs_pages.ROOT, docs_pages.ROOT / "cws_filedrop")
    assert len(paths) > 3
    assert [path for path in paths if not any((place / path).exists() for place in places)] == []


def test_the_pairs_are_of_this_codes_history() -> None:
    """What a pair ends with is how it reads today, unless it has moved on since: then choose another."""
    sources = (*(docs_pages.ROOT / "cws_filedrop").rglob("*.py"), *(docs_pages.ROOT / "cws_filedrop").rglob("*.tsv"))
    code = "\n".join(path.read_text() for path in sources)
    after = [
        line[1:].strip()
        for one in docs_pages.blocks("CONTRIBUTING.md", "diff")
        for line in one.text.splitlines()
        if line.startswith("+")
    ]
    assert after
    assert [line for line in after if line not in code] == []


def test_commits_are_judged_by_what_the_build_runs() -> None:
    hooks = (docs_pages.ROOT / ".pre-commit-config.yaml").read_text()
    entries = re.findall(r"entry: \.venv/bin/(.+)", hooks)
    makefile = (docs_pages.ROOT / "Makefile").read_text()
    assert entries == ["ruff check", "ruff format --check", "mypy"]
    assert [entry for entry in entries if f"$(BIN)/{entry}" not in makefile] == []


def test_editors_keep_the_length_that_the_linter_wants() -> None:
    editor = (docs_pages.ROOT / ".editorconfig").read_text()
    length = re.search(r"^line-length = (\d+)$", (docs_pages.ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert length is not None
    assert f"max_line_length = {length[1]}\n" in editor


@pytest.mark.parametrize("path", ["Makefile", "setup.cfg", "pyproject.toml", ".editorconfig", *docs_pages.pages()])
def test_text_is_as_the_editors_settings_want_it(path: str) -> None:
    text = (docs_pages.ROOT / Path(path)).read_bytes()
    assert b"\r" not in text
    assert text.endswith(b"\n")
    assert not re.search(rb"[ \t]+$", text, re.MULTILINE)


def test_the_changelog_keeps_its_form() -> None:
    """Versions newest first, each with the headings of Keep a Changelog, in their order."""
    kinds = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
    text = docs_pages.text("CHANGELOG.md")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE)[0] == "Unreleased"
    for version in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        found = re.findall(r"^### (.+)$", version, re.MULTILINE)
        assert found == [kind for kind in kinds if kind in found]
