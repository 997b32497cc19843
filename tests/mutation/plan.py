"""Which tests are to notice faults of which modules."""

from __future__ import annotations

from dataclasses import dataclass

from mutation import mutants


@dataclass(frozen=True)
class Part:
    """Modules, as patterns below cws_filedrop, and the tests that are to notice their faults."""

    title: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        return mutants.names(*self.modules)


PARTS = (
    Part(
        "sender and ledger",
        (
            "pipeline/answers",
            "pipeline/looking_up",
            "pipeline/orders_seen",
            "pipeline/returned",
            "pipeline/sending",
            "rules/feed_states",
            "rules/pieces",
            "store/feeds",
            "store/orders/effects",
            "store/orders/ledgers",
            "store/orders/undoing",
        ),
        (
            "tests/decisions",
            "tests/orders/test_pulling.py",
            "tests/orders/test_reading_back.py",
            "tests/pipeline/test_answers.py",
            "tests/pipeline/test_cancelling.py",
            "tests/pipeline/test_deadlines.py",
            "tests/pipeline/test_held_up.py",
            "tests/pipeline/test_keeping_documents.py",
            "tests/pipeline/test_ledger.py",
            "tests/pipeline/test_look_ups.py",
            "tests/pipeline/test_looking_up.py",
            "tests/pipeline/test_orders_and_uploads.py",
            "tests/pipeline/test_returned.py",
            "tests/pipeline/test_taking_up.py",
            "tests/rules/test_already_shipped.py",
            "tests/rules/test_feed_states.py",
            "tests/rules/test_ledger.py",
            "tests/rules/test_ledger_differences.py",
            "tests/rules/test_orders_shown.py",
            "tests/store/test_feeds.py",
            "tests/store/test_filling.py",
            "tests/store/test_order_book.py",
            "tests/views/test_evidence.py",
        ),
    ),
    Part(
        "cells",
        ("feeds", "formats", "rules"),
        (
            "tests/feeds",
            "tests/formats/test_cells.py",
            "tests/formats/test_encodings.py",
            "tests/formats/test_encodings_table.py",
            "tests/formats/test_heading_names.py",
            "tests/formats/test_headings.py",
            "tests/formats/test_lines.py",
            "tests/formats/test_not_text.py",
            "tests/formats/test_order_files.py",
            "tests/formats/test_packed.py",
            "tests/formats/test_profile.py",
            "tests/formats/test_profile_reading.py",
            "tests/formats/test_profile_suggestion.py",
            "tests/pipeline/test_cancelling.py",
            "tests/pipeline/test_ledger.py",
            "tests/rules",
            "tests/samples",
        ),
    ),
)
