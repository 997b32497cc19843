"""The README is true: its tables are what the code says, its commands exist and run."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import codes_page
import pytest

from cws_filedrop.formats import known_profiles, profile
from cws_filedrop.formats.claims import FORMATS
from cws_filedrop.rules.catalogue import CATALOGUE
from cws_filedrop.settings import Settings

README = Path(__file__).parents[1] / "README.md"


def formats() -> str:
    rows = ["| format | required | optional |", "| --- | --- | --- |"]
    for one in FORMATS.values():
        required = [name for name, column in one.headings.items() if column in one.required]
        optional = [name for name, column in one.headings.items() if column not in one.required]
        rows.append(f"| `{one.name}` | {_code(required)} | {_code(optional)} |")
    return "\n".join(rows)


def _code(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def profiles() -> str:
    known = [known_profiles.known(name) for name in known_profiles.names()]
    rows = [f"| `{one.name}` | {one.title} | {_code([names[0] for _, names in one.columns])} |" for one in known]
    return "\n".join(["| profile | export | headings it reads |", "| --- | --- | --- |", *rows])


def codes() -> str:
    rows = [
        f"| {entry.code} | {entry.severity}{' (file)' if entry.scope == 'file' else ''} | {_cell(entry.rule)} |"
        for entry in CATALOGUE.values()
    ]
    return "\n".join(["| code | severity | rule |", "| --- | --- | --- |", *rows])


def settings() -> str:
    rows = ["| section | key | default | meaning |", "| --- | --- | --- | --- |"]
    for section in fields(Settings):
        part = getattr(Settings(), section.name)
        rows += [
            f"| `{section.name}` | `{item.name}` | `{getattr(part, item.name)}` | {_cell(item.metadata['doc'])} |"
            for item in fields(part)
        ]
    return "\n".join(rows).replace("``", "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


TABLES = {
    "formats": formats,
    "profiles": profiles,
    "verdicts": codes_page.verdicts,
    "codes": codes,
    "settings": settings,
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_what_the_code_says(name: str, update_golden: bool) -> None:
    text = README.read_text()
    wanted = f"<!-- {name} -->\n{TABLES[name]()}\n<!-- /{name} -->"
    pattern = rf"<!-- {name} -->\n.*?<!-- /{name} -->"
    if update_golden:
        README.write_text(re.sub(pattern, lambda _: wanted, text, flags=re.DOTALL))
        return
    found = re.search(pattern, text, re.DOTALL)
    assert found is not None
    assert found[0] == wanted, "run pytest tests/test_readme.py --update-golden"


def test_the_profile_it_shows_can_be_used() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", README.read_text(), re.DOTALL)
    shown = profile.parse(text, "shown")
    assert set(profile.SECTIONS) - {"about"} == set(re.findall(r"^\[(\w+)\]", text, re.MULTILINE))
    assert dict(shown.columns)["tracking-number"] == ("Tracking #", "Tracking Number")


def commands() -> list[str]:
    found = re.findall(r"`cws-filedrop ([a-z]+)", README.read_text())
    return sorted(set(found))


@pytest.mark.parametrize("command", commands())
def test_every_command_named_exists(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cws_filedrop", command, "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Usage:" in done.stdout


def test_every_page_it_points_to_is_there() -> None:
    pages = re.findall(r"\]\(([\w/.-]+)\)", README.read_text())
    assert pages
    assert [page for page in pages if not (README.parent / page).is_file()] == []
