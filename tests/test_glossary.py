"""The glossary can be read by machines: one row a word, nothing said twice, no retired word recommended."""

from __future__ import annotations

import glossary
import pytest


def test_terms_are_in_order_and_each_is_a_sentence() -> None:
    terms = glossary.terms()
    assert list(terms) == sorted(terms, key=str.casefold)
    assert len(terms) > 60
    assert [meaning for meaning in terms.values() if not (meaning[0].isupper() or meaning[0] == "`")] == []
    assert [meaning for meaning in terms.values() if not meaning.endswith(".")] == []


def test_retired_words_are_in_order_and_each_has_another() -> None:
    rows = glossary.retired()
    keys = [(one.kind, one.word) for one in rows]
    assert keys == sorted(set(keys))
    assert {one.kind for one in rows} == {"class", "module"}
    assert [one for one in rows if not one.use] == []


@pytest.mark.parametrize("kind", ["class", "module"])
def test_no_retired_word_is_recommended(kind: str) -> None:
    words = {one.word for one in glossary.retired() if one.kind == kind}
    recommended = {name for one in glossary.retired() if one.kind == kind for name in one.use}
    assert words & recommended == set()


def test_classes_are_named_as_classes_and_modules_as_modules() -> None:
    for one in glossary.retired():
        for name in (one.word, *one.use):
            assert name[0].isupper() == (one.kind == "class"), name
            assert name.removesuffix("…").isidentifier(), name
