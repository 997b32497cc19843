"""`make docs` makes a site of the pages, and a dead link is an error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import docs_pages
import pytest

ROOT = docs_pages.ROOT
OPTIONS = ["--fail-on-warning", "--keep-going", "--nitpicky", "--quiet"]


def built(pages: Path, site: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "sphinx", "--conf-dir", str(ROOT / "docs"), *OPTIONS, str(pages), str(site)]
    return subprocess.run(words, capture_output=True, text=True, timeout=500, check=False)


def test_every_page_is_on_the_site_and_no_link_is_dead(tmp_path: Path) -> None:
    done = built(ROOT, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    made = {path.relative_to(tmp_path).with_suffix(".md").as_posix() for path in tmp_path.rglob("*.html")}
    assert set(docs_pages.pages()) <= made


@pytest.mark.parametrize(("page", "anchor"), [("nowhere", ""), ("index", "#nothing")])
def test_a_dead_link_is_an_error(tmp_path: Path, page: str, anchor: str) -> None:
    link = f"{page}.md{anchor}"
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(f"# A page\n\n[a link]({link})\n", encoding="utf-8")
    done = built(tmp_path, tmp_path / "site")
    assert done.returncode == 1
    assert (anchor.removeprefix("#") or link) in done.stderr


def test_make_builds_it_as_strictly() -> None:
    words = ["make", "--dry-run", "docs", f"PYTHON={sys.executable}"]
    shown = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
    assert "-m sphinx --conf-dir docs " + " ".join(OPTIONS) in shown
