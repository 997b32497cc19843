"""Profiles are kept by seller and name, and come with the seller."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from databases import new_database

from cws_filedrop.formats import profile
from cws_filedrop.model import Account, Seller
from cws_filedrop.store.database import Database
from cws_filedrop.store.sellers import profiles, sellers
from cws_filedrop.store.sellers.profiles import StoredProfile

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 23, 12, tzinfo=UTC)
TEXT = '[columns]\norder-id = "Order"\n'
OTHER = '[columns]\norder-id = "Nr."\n'


@pytest.fixture
def db(tmp_path: Path) -> Database:
    db = new_database(tmp_path / "x.db")
    for name in ("anna", "ben"):
        sellers.add(db, Seller(0, name, Account(0, "M1")), password_hash="h", now=NOW)
    return db


def seller(db: Database, name: str = "anna") -> Seller:
    found = sellers.find(db, name)
    assert found is not None
    return found


def test_profiles_come_with_their_seller(db: Database) -> None:
    anna = seller(db).id
    assert profiles.put(db, anna, "shop", TEXT, now=NOW)
    assert profiles.put(db, anna, "depot", OTHER, now=NOW)
    wanted = (profile.parse(OTHER, "depot"), profile.parse(TEXT, "shop"))
    assert seller(db).profiles == wanted
    assert sellers.by_id(db, anna).profiles == wanted
    assert [one.profiles for one in sellers.everyone(db)] == [wanted, ()]
    assert profiles.of_name(db, "Anna") == wanted
    assert profiles.of_name(db, "ben") == profiles.of_name(db, "nobody") == ()
    db.close()


def test_a_profile_of_the_same_name_is_replaced(db: Database) -> None:
    anna = seller(db).id
    assert profiles.put(db, anna, "shop", TEXT, now=NOW)
    assert not profiles.put(db, anna, "shop", OTHER, now=LATER)
    assert profiles.listing(db, anna) == [StoredProfile("shop", OTHER, "2026-11-23T12:00:00.000Z")]
    assert seller(db).profiles == (profile.parse(OTHER, "shop"),)
    db.close()


def test_a_profile_can_be_removed_and_is_nobody_elses(db: Database) -> None:
    anna, ben = seller(db).id, seller(db, "ben").id
    profiles.put(db, anna, "shop", TEXT, now=NOW)
    assert not profiles.remove(db, ben, "shop")
    assert profiles.remove(db, anna, "shop")
    assert not profiles.remove(db, anna, "shop")
    assert profiles.listing(db, anna) == []
    assert seller(db).profiles == ()
    db.close()


def test_one_that_cannot_be_used_any_more_stops_nothing(db: Database) -> None:
    anna = seller(db).id
    profiles.put(db, anna, "shop", TEXT, now=NOW)
    profiles.put(db, anna, "worn", OTHER, now=NOW)
    with db.write() as connection:
        connection.execute(sa.text("UPDATE profiles SET text = 'of another time' WHERE name = 'worn'"))
    assert [one.name for one in seller(db).profiles] == ["shop"]
    db.close()
