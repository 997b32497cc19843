"""What comments and pages cite is there: every page, and every section of it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import docs_pages
import pytest

CITED = re.compile(r"(?<![\w/.-])((?:[\w.-]+/)*[\w.-]+\.md)(?:#([\w-]+)|, sections? (\d+(?: and \d+)*))?")
SOURCES = ("*.py", "*.md", "*.toml", "*.tsv", "*.cfg", "*.yml", "*.yaml", "*.xsd", "Makefile", ".ci/run")
OUTSIDE = {  # pages of others, and names that are no pages
    "guides/en-US/use-case-guides/feeds-api-use-case-guide/feeds-api-use-case-guide_2021-06-30.md",
    "guides/en-US/usage-plans-rate-limits/Usage-Plans-and-Rate-Limits.md",
    "guides/en-US/developer-guide/SellingPartnerApiDeveloperGuide.md",
    "references/reports-api/reporttype-values.md",
}


def sources() -> list[str]:
    """Every file of the project that may cite a page."""
    patterns = [f":(glob)**/{name}" for name in SOURCES]
    named = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=docs_pages.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if named.returncode:
        pytest.skip("not at hand: this is no checkout")
    return [name for name in named.stdout.splitlines() if (docs_pages.ROOT / name).is_file()]


def sections(page: str) -> set[str]:
    """The numbers of a page's sections."""
    return set(re.findall(r"^## (\d+)\.", docs_pages.text(page), re.MULTILINE))


def trouble(source: str, cited: re.Match[str]) -> str:
    """Why a citation leads nowhere; "" if it leads somewhere."""
    name, anchor, numbers = cited.groups()
    folders = [docs_pages.ROOT / folder for folder in ("", "docs", "deploy", Path(source).parent)]
    found = next((place.resolve() for folder in folders if (place := folder / name).is_file()), None)
    if found is None:
        return f"{source}: there is no {name}"
    page = found.relative_to(docs_pages.ROOT).as_posix()
    if anchor and anchor not in docs_pages.anchors(page):
        return f"{source}: {name} has no #{anchor}"
    missing = set(re.findall(r"\d+", numbers or "")) - sections(page)
    return f"{source}: {name} has no section {', '.join(missing)}" if missing else ""


def test_every_page_and_section_that_is_cited_is_there() -> None:
    found = []
    for source in sources():
        text = (docs_pages.ROOT / source).read_text(encoding="utf-8", errors="replace")
        found += [trouble(source, cited) for cited in CITED.finditer(text) if cited[1] not in OUTSIDE]
    assert list(filter(None, found)) == []


def test_the_contract_and_the_facts_are_cited() -> None:
    """The pages are there for the comments: a section that nothing cites any more is worth a look."""
    code = "".join(path.read_text() for path in (docs_pages.ROOT / "cws_filedrop").rglob("*.py"))
    for page in ("docs/domain.md", "docs/amazon.md"):
        cited = set(re.findall(rf"{re.escape(page)}#(\d+)-", code))
        assert len(cited) >= len(sections(page)) - 3, cited


def test_nothing_is_cited_that_readers_cannot_see() -> None:
    for path in (docs_pages.ROOT / "cws_filedrop").rglob("*.py"):
        assert re.findall(r"\bDOMAIN \d|\bFACTS \d", path.read_text()) == [], path
