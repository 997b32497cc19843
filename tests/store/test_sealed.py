"""What is kept encrypted: a copy of the database alone opens no second factor, no web hook, and names no buyer."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from databases import lay_database
from pipeline.contexts import NOW

from cws_filedrop.credentials.sealing import Sealing, is_sealed
from cws_filedrop.errors import ConfigError
from cws_filedrop.model import Account, HookEvent, Role, Seller
from cws_filedrop.store import sealed_rows
from cws_filedrop.store.database import Database, default_url
from cws_filedrop.store.outgoing import hooks
from cws_filedrop.store.schema import ORDER_PEOPLE, ORDERS
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.users import users

pytestmark = pytest.mark.sqlite

SEED = "JBSWY3DPEHPK3PXPJBSWY3DP"
HOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BUYER = '{"buyer_name": "Theodora Example"}'
SECRETS = (SEED, HOOK_SECRET, BUYER)
RAW = ("select totp_secret from users", "select secret from hooks", "select cells from order_people")


def opened(folder: Path, *, keys: bool = True) -> Database:
    return Database(default_url(folder), Sealing(folder / "keys" / "database.key") if keys else None)


def fill(db: Database) -> None:
    """One of everything that is secret."""
    users.add(db, "olga", password_hash="h", role=Role.ADMIN, now=NOW)
    users.change(db, "olga", {"totp_secret": SEED})
    sellers.add(db, Seller(0, "anna", Account(0, "M1")), password_hash="h", now=NOW)
    hooks.add(db, 1, "https://example.com/", secret=HOOK_SECRET, events=list(HookEvent)[:1], now=NOW)
    with db.write() as connection:
        order = {"no": 1, "account_id": 1, "amazon_order_id": "1", "state": "new", "created_at": "", "changed_at": ""}
        connection.execute(ORDERS.insert().values(**order))
        connection.execute(ORDER_PEOPLE.insert().values(order_no=1, cells=BUYER))


def read(db: Database) -> tuple[str, ...]:
    user = users.find(db, "olga")
    assert user is not None
    with db.read() as connection:
        cells = connection.execute(sa.select(ORDER_PEOPLE.c.cells)).scalar_one()
    return user.totp_secret, hooks.listing(db, 1)[0].secret, cells


def raw(folder: Path) -> list[str]:
    """The cells as they are on disk."""
    with sqlite3.connect(folder / "cws_filedrop.db") as connection:
        return [connection.execute(query).fetchone()[0] for query in RAW]


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("cws_filedrop.db*"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lay_database(tmp_path)
    return tmp_path


@pytest.fixture
def db(folder: Path) -> Iterator[Database]:
    db = opened(folder)
    fill(db)
    yield db
    db.close()


def test_the_database_alone_tells_no_secret(db: Database, folder: Path) -> None:
    assert read(db) == SECRETS
    assert all(map(is_sealed, raw(folder)))
    for secret in (*SECRETS, "Theodora"):
        assert secret.encode() not in on_disk(folder)
    key_file = folder / "keys" / "database.key"
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    key_file.unlink()
    copied = opened(folder)
    with pytest.raises(ConfigError, match=r"put the file back"):
        read(copied)
    copied.close()


def test_a_copy_without_its_keys_is_not_served(db: Database, folder: Path) -> None:
    sealed_rows.prepare(db)
    (folder / "keys" / "database.key").rename(folder / "elsewhere")
    copied = opened(folder)
    with pytest.raises(ConfigError, match=r"key_file"):
        sealed_rows.prepare(copied)
    copied.close()
    Sealing(folder / "keys" / "database.key").seal("makes a new one", "x")
    copied = opened(folder)
    with pytest.raises(ConfigError, match=r"key_file"):
        sealed_rows.prepare(copied)
    copied.close()


def test_a_value_belongs_to_its_column_and_cannot_be_changed(db: Database, folder: Path) -> None:
    keys = Sealing(folder / "keys" / "database.key")
    sealed = keys.seal("text", "users.totp_secret")
    assert keys.seal("text", "users.totp_secret") != sealed
    with pytest.raises(ConfigError, match="was changed"):
        keys.open(sealed, "hooks.secret")
    for wrong in (sealed[:-6] + "AAAA==", sealed[:20], sealed + "x"):
        with pytest.raises(ConfigError):
            keys.open(wrong, "users.totp_secret")


def test_what_an_earlier_version_left_plain_is_sealed_and_read_meanwhile(folder: Path) -> None:
    plain = opened(folder, keys=False)
    fill(plain)
    plain.close()
    assert raw(folder) == list(SECRETS)
    db = opened(folder)
    assert read(db) == SECRETS
    sealed_rows.prepare(db)
    assert all(map(is_sealed, raw(folder)))
    assert all(secret.encode() not in on_disk(folder) for secret in SECRETS)
    before = raw(folder)
    sealed_rows.prepare(db)
    assert (raw(folder), read(db)) == (before, SECRETS)
    db.close()


def test_more_than_a_piece_is_sealed(folder: Path) -> None:
    plain = opened(folder, keys=False)
    fill(plain)
    with plain.write() as connection:
        for number in range(2, 2 * sealed_rows.PIECE):
            order = {"no": number, "account_id": 1, "amazon_order_id": f"{number}", "state": "new", "created_at": ""}
            connection.execute(ORDERS.insert().values(**order, changed_at=""))
            connection.execute(ORDER_PEOPLE.insert().values(order_no=number, cells=BUYER))
    plain.close()
    db = opened(folder)
    sealed_rows.prepare(db)
    with sqlite3.connect(folder / "cws_filedrop.db") as connection:
        assert all(is_sealed(cells) for (cells,) in connection.execute(RAW[2]))
    db.close()


def test_a_new_key_seals_everything_and_other_processes_go_on(db: Database, folder: Path) -> None:
    other = opened(folder)
    assert read(other) == SECRETS
    before = raw(folder)
    for _ in range(3):
        assert sealed_rows.rotate(db) == 3
        assert read(other) == read(db) == SECRETS
    users.change(other, "olga", {"totp_secret": "ANOTHER"})
    keys = Sealing(folder / "keys" / "database.key")
    assert len(keys.names()) == 2
    assert all(cell.split(":")[2] == keys.names()[0] for cell in raw(folder))
    assert not set(raw(folder)) & set(before)
    other.close()


def test_processes_that_start_at_once_make_one_key(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "database.key"
    first, second = Sealing(path), Sealing(path)
    assert second.open(first.seal("a", "x"), "x") == "a"
    assert first.open(second.seal("b", "x"), "x") == "b"
    assert os.listdir(path.parent) == ["database.key"]


@pytest.mark.parametrize("content", ["", "no key\n", "AAAA\n", "\xff"])
def test_a_key_file_that_is_none_is_told(tmp_path: Path, content: str) -> None:
    path = tmp_path / "database.key"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(ConfigError, match="key_file"):
        Sealing(path).seal("a", "x")
