"""The documentation is true: its tables are what the code says, what it names exists, no link is dead."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import codes_page
import docs_pages
import pytest
import typer.main
from mutation import figures

from cws_filedrop import config
from cws_filedrop.cli.main import app
from cws_filedrop.formats import known_profiles, profile
from cws_filedrop.formats.claims import FORMATS, ORDER_FORMATS
from cws_filedrop.formats.layout import Format
from cws_filedrop.marketplaces.limits import RATES
from cws_filedrop.rules.order_states import TRANSITIONS, OrderMove
from cws_filedrop.settings import Settings

MOST_LINES = 150  # of the README: what is beyond them moves to docs/
OURS = docs_pages.ROOT / "cws_filedrop"
# Where the blocks of a page are typed; every page that has any is here.
TYPED_BY = {
    "README.md": "tests/test_docs.py",
    "CONTRIBUTING.md": "tests/test_docs_contributing.py",
    "docs/api.md": "tests/web/test_api_by_curl.py tests/journeys/test_docs_typed.py",
    "docs/hooks.md": "tests/journeys/test_docs_typed.py",
    "docs/install.md": "tests/journeys/test_docs_typed.py tests/packaging/test_wheel.py",
    "docs/mail.md": "tests/journeys/test_docs_typed.py",
    "docs/operate.md": "tests/journeys/test_docs_typed.py",
    "docs/sellers.md": "tests/journeys/test_sellers_page.py",
}


def _layouts(layouts: Mapping[str, Format]) -> str:
    rows = ["| format | required | optional |", "| --- | --- | --- |"]
    for one in layouts.values():
        required = [name for name, column in one.headings.items() if column in one.required]
        optional = [name for name, column in one.headings.items() if column not in one.required]
        rows.append(f"| `{one.name}` | {_code(required)} | {_code(optional)} |")
    return "\n".join(rows)


def formats() -> str:
    return _layouts(FORMATS)


def order_formats() -> str:
    return _layouts(ORDER_FORMATS)


def _code(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def profiles() -> str:
    known = [known_profiles.known(name) for name in known_profiles.names()]
    rows = [f"| `{one.name}` | {one.title} | {_code([names[0] for _, names in one.columns])} |" for one in known]
    return "\n".join(["| profile | export | headings it reads |", "| --- | --- | --- |", *rows])


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


def moves() -> str:
    rows = [f"| order is | {' | '.join(OrderMove)} |", f"| --- |{' --- |' * len(OrderMove)}"]
    rows += [
        f"| `{state}` | {' | '.join(str(after.get(move, '')) for move in OrderMove)} |" for state, after in _moves()
    ]
    return "\n".join(rows)


def _moves() -> list[tuple[str, Mapping[OrderMove, object]]]:
    return [(str(state), after) for state, after in TRANSITIONS.items()]


def rates() -> str:
    rows = [f"| `{name}` | {rate.per_second:g} | {rate.burst} |" for name, rate in RATES.items()]
    return "\n".join(["| operation | requests a second | burst |", "| --- | --- | --- |", *rows])


def make_targets() -> str:
    words = ["make", "--no-print-directory", "help"]  # as typed by hand, though `make test` runs this
    done = subprocess.run(words, cwd=docs_pages.ROOT, capture_output=True, text=True, check=True, timeout=60)
    return f"```text\n{done.stdout.rstrip()}\n```"


TABLES: dict[str, Callable[[], str]] = {
    "formats": formats,
    "order formats": order_formats,
    "profiles": profiles,
    "verdicts": codes_page.verdicts,
    "codes": codes_page.codes,
    "settings": settings,
    "moves": moves,
    "rates": rates,
    "make": make_targets,
    "mutants": figures.table,
}
WRITTEN = ("README.md", "CONTRIBUTING.md", "SECURITY.md", *docs_pages.docs())
PLACES = [(page, name) for page in WRITTEN for name in docs_pages.marked(page)]


@pytest.mark.parametrize(("page", "name"), PLACES, ids=[f"{name}-{Path(page).stem}" for page, name in PLACES])
def test_tables_are_what_the_code_says(page: str, name: str, update_golden: bool) -> None:
    wanted = TABLES[name]()
    if update_golden:
        docs_pages.remark(page, name, wanted)
    assert docs_pages.marked(page)[name] == wanted + "\n", "run pytest tests/test_docs.py --update-golden"


def test_every_table_is_on_a_page() -> None:
    assert {name for _, name in PLACES} == set(TABLES)


def test_the_readme_is_short() -> None:
    assert len(docs_pages.text("README.md").splitlines()) <= MOST_LINES


# What readers are told to write into files.


def test_the_profile_it_shows_can_be_used() -> None:
    (text,) = [block.text for block in docs_pages.blocks("docs/formats.md", "toml")]
    shown = profile.parse(text, "shown")
    assert set(profile.SECTIONS) - {"about"} == set(re.findall(r"^\[(\w+)\]", text, re.MULTILINE))
    assert dict(shown.columns)["tracking-number"] == ("Tracking #", "Tracking Number")


SETTINGS = [
    (page, block.text) for page in WRITTEN if page != "docs/formats.md" for block in docs_pages.blocks(page, "toml")
]


@pytest.mark.parametrize(("page", "shown"), SETTINGS, ids=[Path(page).stem for page, _ in SETTINGS])
def test_the_settings_it_shows_can_be_used(page: str, shown: str, tmp_path: Path) -> None:
    (tmp_path / "shown.toml").write_text(shown)
    found = config.load(tmp_path / "shown.toml", {})
    ((section, values),) = tomllib.loads(shown).items()
    assert {name: getattr(getattr(found, section), name) for name in values} == values


def test_the_file_that_the_readme_shows_is_good(tmp_path: Path) -> None:
    (shown,) = [block.text for block in docs_pages.blocks("README.md", "text")]
    (tmp_path / "shipped.txt").write_text(shown)
    words = [sys.executable, "-m", "cws_filedrop", "check", str(tmp_path / "shipped.txt")]
    done = subprocess.run(
        [*words, "--now", "2026-11-22T12:00:00Z"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, "Every line would be accepted" in done.stdout) == (0, True), done.stdout + done.stderr


# What readers are told to type.


def named() -> list[str]:
    return sorted({words[0] for page in WRITTEN for words in docs_pages.commands(page) if words[0][0] != "-"})


@pytest.mark.parametrize("command", named())
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


def subcommands(command: Any) -> dict[str, Any]:
    """The commands of a group, by name; none of a command that is no group."""
    return dict(getattr(command, "commands", {}))


ROOT_COMMAND: Any = typer.main.get_command(app)
GROUPS = {name for name, one in subcommands(ROOT_COMMAND).items() if subcommands(one)}


def resolved(words: list[str]) -> tuple[Any, list[str]]:
    """The command that some words name, however deep, and the words that are left."""
    found = ROOT_COMMAND
    while words and words[0] in subcommands(found):
        found, words = subcommands(found)[words[0]], words[1:]
    return found, words


def unknown(words: list[str]) -> str:
    """What there is not of a command; "" if all of it is."""
    command, rest = resolved(words)
    options = {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"--help"}
    strange = [word for word in rest if word.startswith("--") and word.partition("=")[0] not in options]
    if subcommands(command) and rest and rest[0].isalpha() and rest[0].islower():
        strange.append(rest[0])
    return f"{' '.join(words)}: {', '.join(strange)}" if strange else ""


def bare(page: str) -> list[list[str]]:
    """Commands that a page names without our name before them: `seller hook enable`."""
    spans = [span.split() for span in docs_pages.code_spans(page)]
    return [words for words in spans if len(words) > 1 and words[0] in GROUPS]


def test_what_there_is_not_of_a_command_is_found() -> None:
    assert unknown(["seller", "hook", "enable", "anna", "1"]) == ""
    assert unknown(["seller", "hook", "enabel"]) == "seller hook enabel: enabel"
    assert unknown(["check", "FILE", "--jsno"]) == "check FILE --jsno: --jsno"


@pytest.mark.parametrize("page", [page for page in WRITTEN if docs_pages.commands(page) or bare(page)])
def test_what_is_said_of_commands_is_so(page: str) -> None:
    assert list(filter(None, map(unknown, [*docs_pages.commands(page), *bare(page)]))) == []


def test_every_command_is_on_the_operators_page() -> None:
    """The commands of a group are named in its row, but those that have a row of their own."""
    page = docs_pages.text("docs/operate.md")
    rows = re.findall(r"^\| `cws-filedrop (.*) \|$", page, re.MULTILINE)
    told = {(words[0], word) for words in (re.findall(r"[a-z][a-z-]+", row) for row in rows) for word in words}
    wanted = {(name, sub) for name, one in subcommands(ROOT_COMMAND).items() for sub in subcommands(one) or [name]}
    hidden = {name for name, one in subcommands(ROOT_COMMAND).items() if one.hidden}
    assert {(name, sub) for name, sub in wanted if name not in hidden} - told == set()


def test_every_block_to_be_typed_is_typed_by_a_test() -> None:
    assert {page for page in WRITTEN if docs_pages.blocks(page, "sh", "python", "operator")} == set(TYPED_BY)
    for page, tests in TYPED_BY.items():
        for test in tests.split():
            assert Path(page).name in (docs_pages.ROOT / test).read_text(), f"{test} does not type {page}"


def test_blocks_say_what_they_are() -> None:
    known = {"sh", "python", "operator", "toml", "json", "text", "diff", "mermaid", "{toctree}"}
    strange = [(page, block) for page in WRITTEN for block in docs_pages.blocks(page) if block.language not in known]
    assert [(page, block.text[:60]) for page, block in strange if page != "docs/log-events.md"] == []


def test_what_the_readme_tells_to_type_is_typed_elsewhere() -> None:
    """Its blocks are of `make`, or stand word for word on a page whose blocks are typed."""
    elsewhere = [block.text for page in TYPED_BY if page != "README.md" for block in docs_pages.blocks(page, "sh")]
    for block in docs_pages.blocks("README.md", "sh"):
        lines = block.text.splitlines()
        if not all(line.startswith("make ") for line in lines):
            assert any(all(line in text for line in lines) for text in elsewhere), block.text


MADE = sorted({name for page in WRITTEN for name in re.findall(r"(?:`|^)make ([a-z]+)", docs_pages.text(page), re.M)})


@pytest.mark.parametrize("target", MADE)
def test_every_target_of_make_exists(target: str) -> None:
    words = ["make", "--dry-run", "--assume-old=.venv/run.stamp", "--assume-old=.venv/test.stamp", target]
    done = subprocess.run(words, cwd=docs_pages.ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


# Where pages point to.


@pytest.mark.parametrize("page", docs_pages.pages())
def test_every_page_it_points_to_is_there(page: str) -> None:
    assert list(filter(None, (docs_pages.dead(page, link) for link in docs_pages.links(page)))) == []


def test_every_page_can_be_found_from_the_readme() -> None:
    found, new = set(), {"README.md"}
    while new:
        found |= new
        new = {target for page in new for target in docs_pages.linked(page)} - found
    assert set(docs_pages.pages()) - found == set()


def test_the_figures_of_performance_are_those_of_the_benchmarks() -> None:
    measured = docs_pages.text("bench/README.md")
    rows = re.findall(r"^\|.*\|$", docs_pages.text("docs/performance.md"), re.MULTILINE)
    assert len(rows) > 20
    assert [row for row in rows if row not in measured] == []
