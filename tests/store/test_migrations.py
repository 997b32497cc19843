"""Databases of every version come to the same tables, with the rows they had."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import postgres_kit
import pytest
import sqlalchemy as sa
from pipeline.shop import ITEM, ORDER, OTHER
from postgres_kit import Postgres
from running import Running
from store.conftest import NOW
from store.kept_databases import CANCELLED, KEPT, PACKED, WAITING

from cws_filedrop.errors import ConfigError
from cws_filedrop.feeds import order_fulfillment
from cws_filedrop.feeds.schema import DocumentKind, validate
from cws_filedrop.model import Account, Seller
from cws_filedrop.rules.cancelling import REASONS
from cws_filedrop.store import migrations
from cws_filedrop.store.database import Database
from cws_filedrop.store.feeds import feeds, filling
from cws_filedrop.store.orders import order_book
from cws_filedrop.store.schema import METADATA
from cws_filedrop.store.sellers import sellers, tokens
from cws_filedrop.store.uploads import lines, uploads
from cws_filedrop.store.users import user_tokens

pytestmark = pytest.mark.sqlite
# No program left a database of these: they came to the main branch in one row with the one after them.
TOGETHER_WITH_THE_NEXT = {"0028", "0032"}


def database(folder: Path) -> Database:
    return Database(f"sqlite:///{folder / 'x.db'}")


def tables(db: Database) -> dict[str, object]:
    """What the database itself says of its tables."""
    look = sa.inspect(db.engine)
    return {
        name: {
            "columns": sorted(
                (one["name"], str(one["type"]), one["nullable"], one["default"]) for one in look.get_columns(name)
            ),
            "key": look.get_pk_constraint(name)["constrained_columns"],
            "indexes": sorted((str(one["name"]), one["column_names"]) for one in look.get_indexes(name)),
            "unique": sorted(one["column_names"] for one in look.get_unique_constraints(name)),
            "foreign": sorted(
                (one["constrained_columns"], one["referred_table"]) for one in look.get_foreign_keys(name)
            ),
        }
        for name in look.get_table_names()
        if name != "alembic_version"
    }


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The tables as the schema has them."""
    db = database(tmp_path_factory.mktemp("schema"))
    METADATA.create_all(db.engine)
    found = tables(db)
    db.close()
    return found


@pytest.fixture
def opened() -> Iterator[Callable[[str], Database]]:
    """Opens databases, and closes them at the end."""
    with ExitStack() as stack:

        def one(url: str) -> Database:
            return stack.enter_context(closing(Database(url)))

        yield one


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A server of its own, where there can be one."""
    if why := postgres_kit.missing():
        pytest.skip(why)
    with postgres_kit.postgres() as found:
        yield found


def test_a_new_database_has_the_tables_of_the_schema(tmp_path: Path, wanted: dict[str, object]) -> None:
    db = database(tmp_path)
    db.create()
    assert tables(db) == wanted
    db.close()


def test_making_it_again_changes_nothing(tmp_path: Path, wanted: dict[str, object]) -> None:
    db = database(tmp_path)
    db.create()
    db.create()
    assert tables(db) == wanted
    db.close()


@pytest.mark.parametrize("path", sorted(KEPT.glob("*.db")), ids=lambda path: path.stem)
def test_a_database_of_any_revision_is_brought_up_to_date_and_keeps_its_rows(
    tmp_path: Path, wanted: dict[str, object], path: Path, opened: Callable[[str], Database]
) -> None:
    shutil.copy(path, tmp_path / "x.db")
    db = opened(f"sqlite:///{tmp_path / 'x.db'}")
    before = rows(db)
    db.create()
    assert tables(db) == wanted
    assert lost(before, rows(db)) == []
    what_it_holds_is_read(db)


@pytest.mark.parametrize("path", sorted(KEPT.glob("*.sql")), ids=lambda path: path.stem)
def test_a_dump_of_any_revision_is_brought_up_to_date_and_keeps_its_rows(
    postgres: Postgres, path: Path, opened: Callable[[str], Database]
) -> None:
    db = opened(postgres.restore(f"kept_{path.stem}", path.read_bytes()))
    before = rows(db)
    db.create()
    bare = opened(postgres.create(f"bare_{path.stem}"))
    METADATA.create_all(bare.engine)
    assert tables(db) == tables(bare)
    assert lost(before, rows(db)) == []
    what_it_holds_is_read(db)
    assert sellers.add(db, Seller(0, "new", Account(0, "M9")), password_hash="h", now=NOW), "its own numbers go on"


def test_a_new_database_on_postgresql_has_the_tables_of_the_schema(
    postgres: Postgres, opened: Callable[[str], Database]
) -> None:
    made, bare = opened(postgres.create("made")), opened(postgres.create("bare"))
    made.create()
    METADATA.create_all(bare.engine)
    assert tables(made) == tables(bare)


def rows(db: Database) -> dict[str, list[dict[str, object]]]:
    """Every row of every table that there is, whatever its revision."""
    kept = sa.MetaData()
    kept.reflect(db.engine)
    with db.read() as connection:
        return {
            one.name: [dict(row) for row in connection.execute(one.select()).mappings()]
            for one in kept.sorted_tables
            if one.name != "alembic_version"
        }


def lost(before: dict[str, list[dict[str, object]]], after: dict[str, list[dict[str, object]]]) -> list[object]:
    """The rows of which not everything is there afterwards."""
    return [
        (name, row)
        for name, rows in before.items()
        for row in rows
        if not any(row.items() <= found.items() for found in after[name])
    ]


def what_it_holds_is_read(db: Database) -> None:
    """What `kept_databases` put in is understood by the program of today."""
    assert [(one.name, one.profiles[0].name) for one in sellers.everyone(db)] == [("anna", "shop")]
    assert [one.scopes for one in tokens.listing(db, 1)] == [tokens.SCOPES], "what was for everything still is"
    assert [one.scopes for one in user_tokens.listing(db, 1)] == [user_tokens.SCOPES]
    settled, sent, waiting = reversed(feeds.listing(db))
    assert [one.state for one in (settled, sent, waiting)] == ["settled", "submitted", "filled"]
    assert filling.shipments(db, settled.no)[0]["amazon-order-id"].to_list() == [ORDER, OTHER, ORDER]
    assert filling.shipments(db, sent.no)[0].to_dict("records") == [
        {"amazon-order-id": CANCELLED, "cancel-reason": REASONS[0], "order-item-codes": ITEM}
    ]
    shipment, messages = filling.shipments(db, waiting.no)
    assert (shipment["amazon-order-id"].to_list(), shipment["tracking-number"].to_list()) == ([WAITING], ["Y0000005K"])
    assert messages.to_list() == [1]
    validate(order_fulfillment.document(shipment, "M1").body, DocumentKind.ORDER_FULFILLMENT)
    found = uploads.listing(db)[::-1]
    assert [(one.state, dict(one.outcome.counts)) for one in found] == [
        ("done", {"queued": 2, "rejected": 1}),
        ("done", {"updated": 1, "queued": 1}),
        ("waiting", {"queued": 1}),
        ("waiting", {"queued": 1}),
        ("cut", {}),
    ]
    assert [issue.code for _, issue in found[0].outcome.all_issues] == ["O03"]
    assert [one["code"] for one in lines.unconfirmed(db, 1, limit=9)] == ["A-18028"]
    assert [order_book.find(db, 1, one)[0].state for one in (ORDER, OTHER, PACKED)] == [
        "shipped",
        "unconfirmed",
        "packed",
    ]


def test_a_database_of_the_newest_revision_is_left_as_it_is(tmp_path: Path) -> None:
    path = shutil.copy(KEPT / f"{migrations.HEAD}.db", tmp_path / "x.db")
    db = database(tmp_path)
    db.create()
    db.close()
    with sqlite3.connect(KEPT / f"{migrations.HEAD}.db") as before, sqlite3.connect(path) as after:
        assert list(after.iterdump()) == list(before.iterdump())


@pytest.mark.parametrize(
    "revision", ["0001", "0017", ""], ids=["the first", "the last but one", "one that did not say"]
)
def test_a_database_from_before_the_first_release_is_refused_in_words(tmp_path: Path, revision: str) -> None:
    db = database(tmp_path / "data")
    (tmp_path / "data").mkdir()
    with db.write() as connection:
        connection.execute(sa.text("CREATE TABLE uploads (id TEXT)"))
        if revision:
            connection.execute(sa.text("CREATE TABLE alembic_version (version_num TEXT)"))
            connection.execute(sa.text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})
    way = f"start the program of commit {migrations.LAST_BEFORE} with it once, then this one"
    with pytest.raises(ConfigError, match=way):
        db.create()
    assert list(tables(db)) == ["uploads"]
    db.close()
    (tmp_path / "data/x.db").rename(tmp_path / "data/cws_filedrop.db")
    said = Running(tmp_path).command("seller", "list")
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.startswith("cws-filedrop: [database] url: it was made before the first release")
    assert said.stderr.endswith(f"{way}\n")
    assert "Traceback" not in said.stderr


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    db = database(tmp_path)
    db.create()
    with db.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError, match="newer version"):
        db.create()
    db.close()


def test_the_newest_version_is_the_one_that_is_asked_for_and_of_each_there_is_a_database() -> None:
    versions = {path.name[1:5] for path in Path(migrations.__file__).parent.joinpath("versions").glob("v*.py")}
    assert (min(versions), max(versions)) == (migrations.FIRST, migrations.HEAD)
    kept = versions - TOGETHER_WITH_THE_NEXT
    assert {path.name for path in KEPT.iterdir()} == {f"{one}.{kind}" for one in kept for kind in ("db", "sql")}
