"""Tokens as they are listed, whoever owns them: their beginnings, never themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from cws_filedrop.cli.shared import show_json, show_table


def show_tokens(found: Sequence[Any], kind: str, owner: str, *, json: bool) -> None:
    """Tokens (`store.token_rows`) of an owner of that kind, as a table or for machines."""
    if json:
        show_json({"version": 1, kind: owner, "tokens": [asdict(one) for one in found]})
        return
    rows = [
        (one.id, one.label, f"{one.hint}…", "on" if one.enabled else "off", one.created_at, one.used_at or "never")
        for one in found
    ]
    show_table(f"Tokens of {owner}", ("id", "label", "token", "state", "made", "last used"), rows)
