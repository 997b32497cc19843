"""The pages of documentation, taken apart: marked tables, headings, links, and what readers are told to type."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
TOP = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
BESIDE = ("deploy/RUNBOOK.md", "bench/README.md", "sample_files/README.md")
MARK = re.compile(r"^<!-- ([a-z ]+) -->\n(.*?)^<!-- /\1 -->$", re.MULTILINE | re.DOTALL)
FENCED = re.compile(r"^```([\w{}]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")


class Block(NamedTuple):
    """A fenced block: what its fence says it is, and what is in it."""

    language: str
    text: str


def pages() -> list[str]:
    """Every page, by its path from the root of the project."""
    return [*TOP, *docs(), *BESIDE]


def docs() -> list[str]:
    """The pages below docs/."""
    return sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))


def text(page: str) -> str:
    """A page as it is written."""
    return (ROOT / page).read_text(encoding="utf-8")


def prose(page: str) -> str:
    """A page without its fenced blocks."""
    return FENCED.sub("", text(page))


def blocks(page: str, *languages: str) -> list[Block]:
    """The fenced blocks of a page, of these languages or all."""
    found = [Block(*pair) for pair in FENCED.findall(text(page))]
    return [one for one in found if not languages or one.language in languages]


def marked(page: str) -> dict[str, str]:
    """What stands between the marks of a page, by the name of the mark."""
    return dict(MARK.findall(text(page)))


def remark(page: str, name: str, content: str) -> None:
    """Put other lines between the marks of that name."""
    pattern = re.compile(rf"^<!-- {name} -->\n.*?^<!-- /{name} -->$", re.MULTILINE | re.DOTALL)
    wanted = f"<!-- {name} -->\n{content}\n<!-- /{name} -->"
    (ROOT / page).write_text(pattern.sub(lambda _: wanted, text(page)), encoding="utf-8")


def anchors(page: str) -> set[str]:
    """The names by which the headings of a page can be linked to, as GitHub makes them."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *$", prose(page), re.MULTILINE):
        slug = _slug(heading)
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def _slug(heading: str) -> str:
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def links(page: str) -> list[str]:
    """Where a page points to within the project."""
    return [link for link in LINK.findall(prose(page)) if not re.match(r"[a-z]+:", link)]


def linked(page: str) -> set[str]:
    """The pages that a page points to."""
    targets = [((ROOT / page).parent / link.partition("#")[0]).resolve() for link in links(page)]
    return {path.relative_to(ROOT).as_posix() for path in targets if path.suffix == ".md" and path.is_file()}


def dead(page: str, link: str) -> str:
    """Why a link leads nowhere; "" if it leads somewhere."""
    path, _, anchor = link.partition("#")
    target = (ROOT / page).parent.joinpath(path).resolve() if path else ROOT / page
    if not target.exists():
        return f"{page}: there is no {link}"
    if anchor and anchor not in anchors(target.relative_to(ROOT).as_posix()):
        return f"{page}: {path or page} has no heading #{anchor}"
    return ""


def code_spans(page: str) -> list[str]:
    """What stands between backquotes in a page's sentences and tables."""
    return re.findall(r"(?<!`)`([^`\n]+)`(?!`)", prose(page))


def commands(page: str) -> list[list[str]]:
    """The words of every command of ours that a page names, in its sentences or its blocks, without our name."""
    spans = [span for span in code_spans(page) if span.startswith("cws-filedrop ")]
    typed = [line.strip() for block in blocks(page, "sh") for line in block.text.replace("\\\n", " ").splitlines()]
    found = [line.split("#")[0].split("|")[0].split(">")[0] for line in [*spans, *typed]]
    return [words[1:] for line in found if (words := line.split()) and words[0].endswith("cws-filedrop")]
