from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cws_filedrop.model import Account, DateOrder, Policy, Seller
from cws_filedrop.store.database import Database
from cws_filedrop.store.sellers import sellers

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_policy_comes_back_as_it_was(db: Database) -> None:
    policy = Policy("Asia/Tokyo", DateOrder.DAY_FIRST, "reject", "hold-file", "hold", (("river", "Other"),))
    assert sellers.add(db, Seller(0, "ben", Account(0, "M2"), policy), password_hash="h", now=NOW)
    found = sellers.find(db, "BEN")
    assert found is not None
    assert found.policy == policy


def test_names_are_taken_once_whatever_their_case(db: Database) -> None:
    assert not sellers.add(db, Seller(0, "anna", Account(0, "M9")), password_hash="h", now=NOW)


def test_sellers_of_one_merchant_share_the_account(db: Database) -> None:
    sellers.add(db, Seller(0, "ben", Account(0, "M1")), password_hash="h", now=NOW)
    assert len({one.account.id for one in sellers.everyone(db)}) == 1


def test_a_change_asks_every_login_anew(db: Database) -> None:
    before = sellers.access(db, "anna", NOW)
    assert sellers.change(db, "Anna", {"password_hash": "new"})
    after = sellers.access(db, "anna", NOW)
    assert before is not None
    assert after == replace(before, password_hash="new", version=before.version + 1)
    assert not sellers.change(db, "nobody", {"enabled": True})


def test_disabled_and_removed_sellers_do_not_come_in(db: Database) -> None:
    sellers.change(db, "anna", {"enabled": False})
    assert sellers.access(db, "anna", NOW) is None
    assert sellers.remove(db, "anna", now=NOW)
    assert sellers.find(db, "anna") is None
    assert sellers.add(db, Seller(0, "anna", Account(0, "M1")), password_hash="h", now=NOW), "the name is free again"


def test_a_seller_whose_time_is_over_does_not_come_in(db: Database) -> None:
    sellers.change(db, "anna", {"expires_at": "2026-11-22T12:00:00.000Z"})
    assert sellers.access(db, "anna", NOW) is None
    assert sellers.access(db, "anna", NOW - timedelta(seconds=1)) is not None
