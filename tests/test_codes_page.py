"""`docs/codes.md` is what the code says, and every message on it is whole."""

from __future__ import annotations

from pathlib import Path

import codes_page
import pytest

from cws_filedrop.rules.catalogue import CATALOGUE

PAGE = Path(__file__).parents[1] / "docs" / "codes.md"
WORDINGS = [(code, kind) for code, entry in CATALOGUE.items() for kind in ("", *entry.kinds)]


def test_the_page_is_what_the_code_says(update_golden: bool) -> None:
    if update_golden:
        PAGE.write_text(codes_page.page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == codes_page.page(), "run pytest tests/test_codes_page.py --update-golden"


def test_every_wording_has_an_example() -> None:
    assert list(codes_page.EXAMPLES) == WORDINGS
    assert {code[0] for code in CATALOGUE} == set(codes_page.GROUPS)


@pytest.mark.parametrize(("code", "kind"), WORDINGS)
def test_the_example_fills_the_message(code: str, kind: str) -> None:
    """Whatever a wording can show is in its example, and nothing in it looks left out."""
    said, example = codes_page.said(code, kind), codes_page.EXAMPLES[code, kind]
    entry = CATALOGUE[code]
    templates = entry.kinds[kind] if kind else entry
    for text in (said.message, said.remedy):
        assert '""' not in text
        assert "  " not in text
    for name in ("column", "value"):
        if f"{{{name}}}" in templates.message + templates.remedy:
            assert getattr(example, name), f"the {name} is shown"


def test_no_message_speaks_of_what_only_its_makers_know() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for word in ("section ", "DOMAIN", "FACTS", "None", "exception", "parse"):
        assert word not in text
