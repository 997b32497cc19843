"""Workers that share a PostgreSQL: who does what for all, who takes over, and that the dead stay out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from kept import arrive
from store.conftest import NOW

from cws_filedrop.errors import ConfigError, TakenOver
from cws_filedrop.marketplaces.amazon import Credentials, FeedsClient
from cws_filedrop.model import Account, Seller
from cws_filedrop.processes import roles
from cws_filedrop.processes.roles import ServiceRole
from cws_filedrop.store.cluster import membership, shared_folder, workers
from cws_filedrop.store.cluster.membership import Duty, Membership
from cws_filedrop.store.cluster.sessions import LockSession
from cws_filedrop.store.database import Database, DatabaseError
from cws_filedrop.store.outgoing import alarms
from cws_filedrop.store.schema import SELLERS
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import reading_claims

pytestmark = pytest.mark.postgres(only=True)
Open = Callable[[str], Database]


@pytest.fixture
def opened(db: Database) -> Iterator[Open]:
    """The same database as a worker of that name opens it."""
    with ExitStack() as stack:

        def one(name: str) -> Database:
            return stack.enter_context(closing(Database(db.url, worker=name)))

        yield one


@pytest.fixture
def joined(opened: Open) -> Iterator[Callable[[str], Membership]]:
    """A worker that has joined."""
    with ExitStack() as stack:

        def one(name: str) -> Membership:
            made = Membership(opened(name), clock=lambda: NOW, lost=lambda: None)
            made.join()
            stack.callback(made.leave)
            return made

        yield one


def rename(db: Database, name: str) -> None:
    with db.write() as connection:
        connection.execute(SELLERS.update().values(name=name))


def test_who_was_taken_over_can_neither_write_nor_read_nor_call(db: Database, opened: Open) -> None:
    mine = opened("w1")
    workers.enter(db, "w1", host="h", version="1", now=NOW)
    rename(mine, "before")
    mine.check_worker()
    told: list[str] = []
    mine.when_taken_over = lambda: told.append("taken over")
    workers.end(db, "w1", now=NOW)
    for act in (mine.check_worker, lambda: rename(mine, "after")):
        with pytest.raises(TakenOver):
            act()
    assert workers.end_sessions(db, "w1")
    with pytest.raises(TakenOver):  # by a new session, which is refused
        sellers.everyone(mine)
    with pytest.raises(TakenOver), mine.new_engine().connect():
        pass
    assert [seller.name for seller in sellers.everyone(db)] == ["before"]
    assert told == ["taken over"] * 4


def test_what_it_was_writing_is_undone(db: Database, opened: Open) -> None:
    mine = opened("w1")
    workers.enter(db, "w1", host="h", version="1", now=NOW)

    def half() -> None:
        with mine.write() as connection:
            connection.execute(SELLERS.update().values(name="half"))
            workers.end(db, "w1", now=NOW)  # waits for no writer, though this one holds them all up
            assert workers.end_sessions(db, "w1")

    with pytest.raises(DatabaseError):
        half()
    rename(db, "free")
    assert [seller.name for seller in sellers.everyone(db)] == ["free"]


def test_nothing_is_sent_when_it_may_not_act() -> None:
    def refuse() -> None:
        raise TakenOver("another worker has taken over")

    credentials = Credentials("http://127.0.0.1:1", "http://127.0.0.1:1/token", "c", "s", "r")
    with FeedsClient(credentials, "A1F83G8C2ARO7P", before=refuse) as client, pytest.raises(TakenOver):
        client.create_feed("document")


def test_one_writes_at_a_time(db: Database) -> None:
    def count() -> None:
        for _ in range(25):
            with db.write() as connection:
                before = int(connection.execute(sa.select(SELLERS.c.name)).scalar_one())
                connection.execute(SELLERS.update().values(name=str(before + 1)))

    rename(db, "0")
    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [seller.name for seller in sellers.everyone(db)] == ["100"]


def test_reading_sees_one_moment(db: Database) -> None:
    with db.read() as connection:
        before = connection.execute(sa.select(SELLERS.c.name)).scalar_one()
        rename(db, "meanwhile")
        assert connection.execute(sa.select(SELLERS.c.name)).scalar_one() == before


def test_a_duty_is_one_workers_until_it_ends(joined: Callable[[str], Membership]) -> None:
    first, second = joined("w1"), joined("w2")
    assert [first.has(Duty.MAIL), second.has(Duty.HOOKS), second.has(Duty.MAIL), first.has(Duty.MAIL)] == [
        True,
        True,
        False,
        True,
    ]
    third = joined("w3")
    first.leave()
    assert third.has(Duty.MAIL)
    assert not third.has(Duty.HOOKS)


def test_the_dead_are_taken_over_once_and_the_living_are_not(db: Database, joined: Callable[[str], Membership]) -> None:
    me, adopted = joined("w1"), []
    joined("w2")
    workers.enter(db, "dead", host="h", version="1", now=NOW)  # nobody holds its lock
    assert me.take_over(adopted.append) == ["dead"]
    assert me.take_over(adopted.append) == []
    assert adopted == ["dead"]
    assert [row.name for row in workers.left(db)] == ["w1", "w2"]


def test_what_failed_while_taking_over_is_done_again(db: Database, joined: Callable[[str], Membership]) -> None:
    me, adopted = joined("w1"), []

    def fail(name: str) -> None:
        raise ValueError(name)

    workers.enter(db, "dead", host="h", version="1", now=NOW)
    with pytest.raises(ValueError, match="dead"):
        me.take_over(fail)
    assert me.take_over(adopted.append) == ["dead"]


def test_what_a_single_worker_of_before_left_is_taken_up(joined: Callable[[str], Membership]) -> None:
    adopted: list[str] = []
    joined("w1").take_over_earlier(adopted.append)
    assert adopted == [membership.EARLIER]


def test_nobody_joins_while_the_database_is_moved(db: Database, joined: Callable[[str], Membership]) -> None:
    with closing(LockSession(db.url, "move")) as session:
        assert session.take(membership.SERVICE)
        with pytest.raises(ConfigError, match="is being moved"):
            joined("w1")


def test_a_sellers_files_are_read_by_one_worker(db: Database) -> None:
    one, two = (workers.enter(db, name, host="h", version="1", now=NOW) for name in ("w1", "w2"))
    sellers.add(db, Seller(0, "berta", Account(0, "M2")), password_hash="h", now=NOW)
    first, later = "20261122-120000-aaaa", "20261122-120001-aaaa"
    arrive(db, first)
    assert reading_claims.claim(db, [first], one) == {first}
    arrive(db, later)
    assert reading_claims.claim(db, [first, later], two) == set()
    assert reading_claims.open_to(db, two) == []
    assert reading_claims.open_to(db, one) == [first, later]
    workers.end(db, "w1", now=NOW)
    assert reading_claims.claim(db, [first, later], two) == {first, later}


def test_another_folder_is_refused(db: Database, tmp_path: Path) -> None:
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
    shared_folder.check(db, tmp_path / "a")
    shared_folder.check(db, tmp_path / "a")
    assert not list((tmp_path / "a").rglob(".probe*"))
    with pytest.raises(ConfigError, match=r"is not the folder that other hosts use .* is missing"):
        shared_folder.check(db, tmp_path / "b")
    (tmp_path / "b" / shared_folder.MARK).write_text("another\n")
    with pytest.raises(ConfigError, match="has another mark"):
        shared_folder.check(db, tmp_path / "b")


def test_a_second_host_on_one_sqlite_is_refused(tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path / 'x.db'}")) as db:
        db.create()
        alarms.beat(db, "worker on ship1", now=datetime.now(UTC) - timedelta(minutes=5))
        shared_folder.check(db, tmp_path)
        alarms.beat(db, "worker on ship1", now=datetime.now(UTC))
        with pytest.raises(ConfigError, match="ship1 works with this SQLite database, which is for one host alone"):
            shared_folder.check(db, tmp_path)


def test_roles_are_named() -> None:
    assert roles.parse("doors, web", embedded=False) == {ServiceRole.DOORS, ServiceRole.WEB}
    assert roles.parse("doors,worker,web", embedded=True) == roles.EVERY
    with pytest.raises(ConfigError, match="'door' is none of doors, worker, web"):
        roles.parse("door", embedded=False)
    with pytest.raises(ConfigError, match="SQLite is for one service that does everything"):
        roles.parse("worker", embedded=True)
