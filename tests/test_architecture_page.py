"""`docs/architecture.md` says what is so: the rooms, what they may import, and where things are added."""

from __future__ import annotations

import re

import architecture_page
import pytest
from architecture_page import ROOT, SOURCE

PAGE = ROOT / "docs" / "architecture.md"
MADE = {"rooms": architecture_page.table, "feed-states": architecture_page.feed_states}
ROOMS = {path.stem for path in SOURCE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
PATHS = re.compile(r"`([\w.-]+(?:/[\w.-]+)*/?)`")


@pytest.mark.parametrize("name", MADE)
def test_what_is_made_of_the_code_is_what_the_code_says(name: str, update_golden: bool) -> None:
    text = PAGE.read_text(encoding="utf-8")
    begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
    head, _, rest = text.partition(begin)
    there, _, tail = rest.partition(end)
    wanted = MADE[name]() + "\n"
    if update_golden:
        PAGE.write_text(head + begin + wanted + end + tail, encoding="utf-8")
        return
    assert there == wanted, "run pytest tests/test_architecture_page.py --update-golden"


def test_every_room_has_its_floor() -> None:
    named = {room for floor in architecture_page.floors() for room in floor}
    assert named | {"__init__"} == ROOMS | {"__main__"}


@pytest.mark.parametrize("room", sorted(ROOMS - {"__init__"}))
def test_a_room_imports_only_what_the_table_allows(room: str) -> None:
    floors = architecture_page.floors()
    place = next(number for number, floor in enumerate(floors) if room in floor)
    allowed = {room, *(one for floor in floors[place + 1 :] for one in floor)}
    paths = [SOURCE / f"{room}.py"] if (SOURCE / f"{room}.py").exists() else list((SOURCE / room).rglob("*.py"))
    assert {path.name: found for path in paths if (found := architecture_page.imports(path) - allowed)} == {}


def _places() -> list[str]:
    text = PAGE.read_text(encoding="utf-8")
    return sorted({name for name in PATHS.findall(text) if "/" in name and not name.startswith(("data/", "landed/"))})


@pytest.mark.parametrize("place", _places())
def test_every_place_that_is_named_is_there(place: str) -> None:
    beside = [ROOT / place, SOURCE / place, *(SOURCE / folder / place for folder in ("marketplaces", "web"))]
    assert [path for path in beside if path.exists()] or place in ("arrived/", "homes/SELLER/"), place


def test_each_name_beside_a_place_is_in_it() -> None:
    """Where a row says `path` `name`, the file defines or holds the name."""
    for path, name in re.findall(r"`([\w/.-]+\.py)` `(\w+)`", PAGE.read_text(encoding="utf-8")):
        assert re.search(rf"\b{name}\b", (SOURCE / path).read_text(encoding="utf-8")), (path, name)
