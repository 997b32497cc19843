"""The terms of a new token, as they were typed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from cws_filedrop.cli.terminal.shared import stop
from cws_filedrop.cli.tokens import GivenTerms
from cws_filedrop.decisions import token_terms
from cws_filedrop.errors import NotPossible
from cws_filedrop.model import Scope
from cws_filedrop.store.token_rows import TokenTerms


def terms(given: GivenTerms, all_scopes: Sequence[Scope]) -> TokenTerms:
    """Raises: typer.Exit with code 2 when they will not do."""
    now = datetime.now(UTC)
    try:
        return token_terms.terms(given.scopes, given.expires, given.networks, all_scopes=all_scopes, now=now)
    except NotPossible as why:
        raise stop(str(why), 2) from None
