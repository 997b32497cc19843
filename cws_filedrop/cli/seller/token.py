"""`cws-filedrop seller token`: the tokens that a seller's programs use the API with."""

from __future__ import annotations

from dataclasses import asdict

from cws_filedrop.cli.completion import answers
from cws_filedrop.cli.terminal.shared import settings
from cws_filedrop.cli.terminal.terms import GivenTerms
from cws_filedrop.cli.tokens import Listed, Made, Owners, token_commands


def _add(name: str, label: str, given: GivenTerms) -> Made:
    from cws_filedrop.cli.terminal import terms
    from cws_filedrop.cli.terminal.decisions import decided
    from cws_filedrop.decisions import seller_tokens
    from cws_filedrop.store.sellers import tokens

    made, token = decided(seller_tokens.add, name, terms.label(label), terms.terms(given, tokens.SCOPES))
    return made.id, made.label, token


def _listing(name: str) -> Listed:
    from cws_filedrop.cli.terminal.opened import database, seller_id
    from cws_filedrop.store.sellers import tokens

    db = database(settings())
    return name.lower(), [asdict(one) for one in tokens.listing(db, seller_id(db, name))]


def _enable(name: str, token: int, enabled: bool) -> str:
    from cws_filedrop.cli.terminal.decisions import decided
    from cws_filedrop.decisions import seller_tokens

    decided(seller_tokens.enable, name, token, enabled)
    return f"token {token} is switched {'on' if enabled else 'off'}"


def _remove(name: str, token: int) -> str:
    from cws_filedrop.cli.terminal.decisions import decided
    from cws_filedrop.decisions import seller_tokens

    decided(seller_tokens.remove, name, token)
    return f"token {token} is removed"


app = token_commands(
    Owners("seller", answers.sellers, _add, _listing, _enable, _remove),
    summary="API tokens: add, list, switch off and on, remove.",
    adding="Make a token, and show it, once.",
)
