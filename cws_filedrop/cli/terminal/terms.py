"""The terms of a new token, as they were typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cws_filedrop.cli.terminal.shared import stop
from cws_filedrop.errors import NotPossible

if TYPE_CHECKING:
    from cws_filedrop.model import Scope
    from cws_filedrop.store.token_rows import TokenTerms


@dataclass(frozen=True, slots=True)
class GivenTerms:
    """What a new token is for, until when and from where, as it was typed."""

    scopes: tuple[str, ...]
    expires: str
    networks: str


def terms(given: GivenTerms, all_scopes: Sequence[Scope]) -> TokenTerms:
    """Raises: typer.Exit with code 2 when they will not do."""
    from cws_filedrop.decisions import token_terms

    now = datetime.now(UTC)
    try:
        return token_terms.terms(given.scopes, given.expires, given.networks, all_scopes=all_scopes, now=now)
    except NotPossible as why:
        raise stop(str(why), 2) from None


def label(text: str) -> str:
    """What a token is for, in words. Raises: typer.Exit with code 2 when it will not do."""
    from cws_filedrop.decisions import token_terms

    try:
        return token_terms.label(text)
    except NotPossible as why:
        raise stop(f"--label: {why}", 2) from None
