"""Databases of every version come to the same tables, with the rows they had."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from cws_filedrop.errors import ConfigError
from cws_filedrop.store import migrations
from cws_filedrop.store.database import Database
from cws_filedrop.store.migrations.versions import v0001_first
from cws_filedrop.store.schema import METADATA


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


@pytest.mark.parametrize("versions_kept", [True, False], ids=["of version 0001", "made before versions were kept"])
def test_the_first_version_is_brought_up_to_date_and_keeps_its_rows(
    tmp_path: Path, wanted: dict[str, object], versions_kept: bool
) -> None:
    db = database(tmp_path)
    with db.write() as connection:
        context = MigrationContext.configure(connection)
        with Operations.context(context):
            v0001_first.upgrade()
        if versions_kept:
            connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
            connection.execute(sa.text("INSERT INTO alembic_version VALUES ('0001')"))
        connection.execute(sa.text("INSERT INTO accounts (merchant_id, marketplace_id) VALUES ('M', 'P')"))
        connection.execute(
            sa.text("INSERT INTO sellers (name, account_id, password_hash, created_at) VALUES ('anna', 1, 'h', '')")
        )
        connection.execute(
            sa.text(
                "INSERT INTO uploads (id, seller_id, account_id, folder, name, door, client, grade, evidence,"
                " arrived_at, size, state)"
                " VALUES ('u1', 1, 1, 'inbox', 'a', 'ftp', '', 'whole', '', '2026-11-22', 1, 'done')"
            )
        )
        connection.execute(
            sa.text(
                "INSERT INTO claims (account_id, shipment_key, upload_id, line) VALUES (1, 'A-1|0123|T|9', 'u1', 2)"
            )
        )
    db.create()
    assert tables(db) == wanted
    with db.read() as connection:
        assert connection.execute(sa.text("SELECT name, networks FROM sellers")).all() == [("anna", "")]
        claims = connection.execute(sa.text("SELECT * FROM claims")).all()
        assert claims == [(1, "A-1", "0123", "T|9", None, "u1", 2, "")]
        orders = connection.execute(sa.text("SELECT amazon_order_id, state, made_by FROM orders")).all()
        assert orders == [("A-1", "shipped", "u1")]
    db.close()


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    db = database(tmp_path)
    db.create()
    with db.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError, match="newer version"):
        db.create()
    db.close()


def test_the_newest_version_is_the_one_that_is_asked_for() -> None:
    versions = Path(migrations.__file__).parent.joinpath("versions").glob("v*.py")
    assert max(path.name[1:5] for path in versions) == migrations.HEAD
