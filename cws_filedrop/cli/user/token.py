"""`cws-filedrop user token`: the tokens that operators' programs use the API with."""

from __future__ import annotations

from dataclasses import asdict

from cws_filedrop.cli.completion import answers
from cws_filedrop.cli.terminal.shared import settings, stop
from cws_filedrop.cli.terminal.terms import GivenTerms
from cws_filedrop.cli.tokens import Listed, Made, Owners, token_commands


def _add(name: str, label: str, given: GivenTerms) -> Made:
    from cws_filedrop.cli.terminal import terms
    from cws_filedrop.cli.terminal.decisions import decided
    from cws_filedrop.decisions import user_tokens
    from cws_filedrop.store.users.user_tokens import SCOPES

    made, token = decided(user_tokens.add, name, terms.label(label), terms.terms(given, SCOPES))
    return made.id, made.label, token


def _listing(name: str) -> Listed:
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.store.users import user_tokens, users

    db = database(settings())
    user = users.find(db, name)
    if user is None:
        raise stop(f"there is no user {name}")
    return user.name, [asdict(one) for one in user_tokens.listing(db, user.id)]


def _enable(name: str, token: int, enabled: bool) -> str:
    from cws_filedrop.cli.terminal.decisions import decided
    from cws_filedrop.decisions import user_tokens

    return decided(user_tokens.enable, name, token, enabled)


def _remove(name: str, token: int) -> str:
    from cws_filedrop.cli.terminal.decisions import decided
    from cws_filedrop.decisions import user_tokens

    return decided(user_tokens.remove, name, token)


app = token_commands(
    Owners("user", answers.users, _add, _listing, _enable, _remove),
    summary="Operators' API tokens: add, list, switch off and on, remove.",
    adding="Make a token that has its user's permissions, and show it, once.",
)
