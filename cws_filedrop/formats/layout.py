"""What a file layout is: its headings, the rule columns they stand for, and which of them are required.

May not know how bytes become cells, nor what any cell means.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """One layout of shipped-order files (docs/domain.md#3-formats).

    `headings` maps the heading a seller types, in its usual spelling, to the column name that rules know it by.
    `ignored` are headings that belong to the layout but are not used here.
    """

    name: str
    headings: dict[str, str]
    required: frozenset[str]
    ignored: frozenset[str] = frozenset()

    def heading(self, rule_column: str) -> str:
        """The seller's heading of a rule column.

        Raises: KeyError if the layout has no such column.
        """
        for heading, column in self.headings.items():
            if column == rule_column:
                return heading
        raise KeyError(rule_column)
