"""Sellers hear of every change of their tokens, hooks and login, whoever made it; no change waits for a mail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from notify.post_office import PostOffice, part
from outgoing.mailing import Shop, shop_with

from cws_filedrop.decisions import seller_hooks, seller_tokens
from cws_filedrop.outgoing.mail import access_mails
from cws_filedrop.store.outgoing import mails
from cws_filedrop.store.sellers import tokens
from cws_filedrop.store.token_rows import TokenTerms
from cws_filedrop.store.users.decisions import COMMAND_LINE, Who

TERMS = TokenTerms(tokens.SCOPES)


@pytest.fixture
def server() -> Iterator[PostOffice]:
    with PostOffice() as opened:
        yield opened


@pytest.fixture
def shop(tmp_path: Path, server: PostOffice) -> Shop:
    made = shop_with(tmp_path, server, base_url="https://drop.example/")
    made.wants()  # no mails about files: of these it hears all the same
    return made


def send(shop: Shop) -> str:
    """A round of the worker's; the text of the last mail."""
    access_mails.write(shop.context)
    shop.send()
    return part(shop.server.messages()[-1], "plain") if shop.server.taken else ""


def test_a_token_that_somebody_made_is_told_with_who_and_from_where(shop: Shop) -> None:
    made, token = seller_tokens.add(shop.context, "anna", "stock", TERMS, who=Who("seller anna", "192.0.2.7"))
    text = send(shop)
    assert shop.server.recipients == ["anna@example.com"]
    assert shop.subjects() == ["Access of anna was changed"]
    assert f"2026-11-22 12:00 UTC You made the API token {made.id} {token[:10]}… stock, from 192.0.2.7." in text
    assert token not in text
    assert "change your password, switch your API tokens off" in " ".join(text.split())


def test_so_is_what_a_token_and_a_command_did(shop: Shop) -> None:
    by_token = Who("seller anna", "192.0.2.7", "cwsfd_Ab3d")
    hook, secret = seller_hooks.add(shop.context, "anna", "https://example.com/in", [], who=by_token)
    seller_hooks.enable(shop.context, "anna", hook, False, who=COMMAND_LINE)
    seller_hooks.remove(shop.context, "anna", hook, who=Who("olga", "192.0.2.9"))
    text = send(shop)
    told = (
        "You added the web hook 1 https://example.com/in, from 192.0.2.7, with the API token cwsfd_Ab3d….",
        "The operator of the service switched off the web hook 1 https://example.com/in.",
        "An operator removed the web hook 1 https://example.com/in, from 192.0.2.9.",
    )
    assert [words in text for words in told] == [True] * 3
    assert secret not in text
    assert len(shop.server.taken) == 1, "in one mail"


def test_many_changes_are_few_mails_and_all_of_them_are_told(shop: Shop) -> None:
    made, _ = seller_tokens.add(shop.context, "anna", "stock", TERMS, who=COMMAND_LINE)
    send(shop)
    for number in range(20):
        seller_tokens.enable(shop.context, "anna", made.id, bool(number % 2), who=COMMAND_LINE)
        send(shop)
    assert len(shop.server.taken) == 1
    shop.clock.later(minutes=6)
    assert send(shop).count("switched o") == 20
    assert len(shop.server.taken) == 2


def test_without_mail_or_an_address_nothing_is_noted_and_the_change_is_made(shop: Shop) -> None:
    shop.wants(to=())
    seller_tokens.add(shop.context, "anna", "stock", TERMS, who=COMMAND_LINE)
    off = replace(
        shop.context, settings=replace(shop.context.settings, mail=replace(shop.context.settings.mail, host=""))
    )
    shop.wants()
    seller_tokens.add(off, "anna", "shop", TERMS, who=COMMAND_LINE)
    assert mails.untold(shop.context.db, "access") == []
    assert [one.label for one in tokens.listing(shop.context.db, 1)] == ["stock", "shop"]
