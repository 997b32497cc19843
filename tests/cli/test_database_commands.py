"""`db migrate`, `db check` and `db move`: on a database with something in every table."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import databases
import in_process
import postgres_kit
import pytest
import sqlalchemy as sa
from store.kept_databases import KEPT, contents

from cws_filedrop.processes import data_lock
from cws_filedrop.store import migrations, moving
from cws_filedrop.store.cluster import membership
from cws_filedrop.store.cluster.sessions import LockSession
from cws_filedrop.store.database import Database, default_url
from cws_filedrop.store.sellers import sellers

pytestmark = pytest.mark.sqlite


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder of a service with something in every table."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(KEPT / f"{migrations.HEAD}.db", folder / "cws_filedrop.db")
    return folder


@pytest.fixture
def target() -> str:
    """An empty database on PostgreSQL."""
    if why := postgres_kit.missing():
        pytest.skip(why)
    return databases.empty()


@pytest.fixture
def both(data: Path, target: str) -> Iterator[tuple[Database, Database]]:
    with closing(Database(default_url(data))) as source, closing(Database(target)) as other:
        yield source, other


def db(data: Path, *words: str) -> tuple[int, str, str]:
    done = in_process.run(["db", *words], {"CWS_FILEDROP_SERVICE__DATA_DIR": str(data)})
    return done.returncode, done.stdout, done.stderr


def test_everything_is_moved_and_numbers_go_on(data: Path, both: tuple[Database, Database], target: str) -> None:
    code, told, wrong = db(data, "move", "--to", target)
    assert (code, wrong) == (0, "")
    assert "DIFFERENT" not in told
    source, other = both
    before, after = contents(source), contents(other)
    before["workers"] = []  # those of the old database
    assert {name: sorted(rows, key=str) for name, rows in after.items()} == {
        name: sorted(rows, key=str) for name, rows in before.items()
    }
    assert not moving.is_unfinished(other)
    assert tokens_next(other) > 0


def tokens_next(other: Database) -> int:
    """A number that the database gives now, after those that were moved."""
    with other.write() as connection:
        last = connection.execute(sa.text("SELECT max(id) FROM sellers")).scalar_one()
        given = connection.execute(sa.text("SELECT nextval(pg_get_serial_sequence('sellers', 'id'))")).scalar_one()
    return int(given) - int(last)


def test_what_broke_off_goes_on(data: Path, both: tuple[Database, Database], target: str) -> None:
    source, other = both
    other.create()
    assert len(list(islice(moving.move(source, other), 5))) == 5
    assert "not finished" in db_on(target, data, "check")[1]
    code, told, _ = db(data, "move", "--to", target)
    assert (code, "DIFFERENT" in told) == (0, False)
    assert len(sellers.everyone(other)) == len(sellers.everyone(source))


def db_on(url: str, data: Path, *words: str) -> tuple[int, str, str]:
    given = {"CWS_FILEDROP_SERVICE__DATA_DIR": str(data), "CWS_FILEDROP_DATABASE__URL": url}
    done = in_process.run(["db", *words], given)
    return done.returncode, done.stdout, done.stderr


def test_one_that_is_not_empty_is_left_alone(data: Path, target: str) -> None:
    assert db(data, "move", "--to", target)[0] == 0
    code, _, wrong = db(data, "move", "--to", target)
    assert code == 1
    assert "has rows already" in wrong


def test_nothing_is_moved_while_a_service_runs(data: Path, target: str) -> None:
    with data_lock.take(data):
        code, _, wrong = db(data, "move", "--to", target)
    assert code == 2
    assert "another cws-filedrop works on this data folder" in wrong
    with closing(LockSession(target, "a service")) as session:
        assert session.share(membership.SERVICE)
        code, _, wrong = db(data, "move", "--to", target)
    assert code == 2
    assert "a service works with that database" in wrong


def test_only_from_sqlite_to_postgresql(data: Path) -> None:
    code, _, wrong = db(data, "move", "--to", "sqlite:///other.db")
    assert code == 2
    assert "from SQLite to PostgreSQL" in wrong


def test_an_older_one_is_migrated_and_a_newer_one_refused(data: Path) -> None:
    shutil.copy(KEPT / "0024.db", data / "cws_filedrop.db")
    code, told, _ = db(data, "check")
    assert code == 1
    assert "`cws-filedrop db migrate`" in told
    assert db(data, "migrate")[:2] == (0, f"brought from 0024 to {migrations.HEAD}\n")
    assert db(data, "migrate")[:2] == (0, f"up to date ({migrations.HEAD})\n")
    assert db(data, "check")[0] == 0
    with closing(Database(default_url(data))) as found, found.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    code, told, _ = db(data, "check")
    assert (code, "newer version (9999" in told) == (1, True)
    code, _, wrong = db(data, "migrate")
    assert code == 2
    assert "it was made by a newer version" in wrong


def test_a_row_that_refers_to_nothing_is_found(data: Path) -> None:
    with closing(Database(default_url(data))) as found:
        connection = found.engine.raw_connection()
        connection.cursor().execute("PRAGMA foreign_keys=OFF")
        connection.cursor().execute("DELETE FROM accounts")
        connection.close()
    code, told, _ = db(data, "check")
    assert code == 1
    assert "refers to one of accounts that is missing" in told


def test_one_that_is_away_is_said_in_words(data: Path) -> None:
    code, _, wrong = db_on("postgresql+psycopg://nobody@127.0.0.1:1/none", data, "check")
    assert code == 2
    assert "[database] url: cannot open" in wrong
