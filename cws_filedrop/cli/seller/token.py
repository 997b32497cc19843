"""`cws-filedrop seller token`: the tokens that a seller's programs use the API with."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import typer

from cws_filedrop.cli.completion import answers
from cws_filedrop.cli.terminal.shared import settings, stop
from cws_filedrop.cli.tokens import Listed, Made, Owners, token_commands


def _add(name: str, label: str) -> Made:
    from cws_filedrop.cli.terminal.decisions import recorded
    from cws_filedrop.cli.terminal.opened import database, seller_id
    from cws_filedrop.store.sellers import tokens
    from cws_filedrop.store.token_rows import LONGEST_LABEL, is_label

    if not is_label(label):
        raise stop(f"--label: {LONGEST_LABEL} printable characters at most", 2)
    db = database(settings())
    made = tokens.add(db, seller_id(db, name), label, now=datetime.now(UTC))
    if made is None:
        raise stop(f"{name.lower()} has {tokens.MOST_TOKENS} tokens already; remove one of them")
    recorded(db, "seller.token-add", name.lower(), f"{made[0].id} {label}".strip())
    return made[0].id, label, made[1]


def _listing(name: str) -> Listed:
    from cws_filedrop.cli.terminal.opened import database, seller_id
    from cws_filedrop.store.sellers import tokens

    db = database(settings())
    return name.lower(), [asdict(one) for one in tokens.listing(db, seller_id(db, name))]


def _enable(name: str, token: int, enabled: bool) -> str:
    from cws_filedrop.cli.terminal.decisions import recorded
    from cws_filedrop.cli.terminal.opened import database, seller_id
    from cws_filedrop.store.sellers import tokens

    db = database(settings())
    if tokens.enable(db, seller_id(db, name), token, enabled=enabled) is None:
        raise _not_there(name, token)
    recorded(db, "seller.token-enable" if enabled else "seller.token-disable", name.lower(), str(token))
    return f"token {token} is switched {'on' if enabled else 'off'}"


def _remove(name: str, token: int) -> str:
    from cws_filedrop.cli.terminal.decisions import recorded
    from cws_filedrop.cli.terminal.opened import database, seller_id
    from cws_filedrop.store.sellers import tokens

    db = database(settings())
    if tokens.remove(db, seller_id(db, name), token) is None:
        raise _not_there(name, token)
    recorded(db, "seller.token-remove", name.lower(), str(token))
    return f"token {token} is removed"


def _not_there(name: str, token: int) -> typer.Exit:
    return stop(f"{name.lower()} has no token {token}")


app = token_commands(
    Owners("seller", answers.sellers, _add, _listing, _enable, _remove),
    summary="API tokens: add, list, switch off and on, remove.",
    adding="Make a token, and show it, once.",
)
