"""A file that changes far more than usual is held; the seller releases it with a file of the same name."""

from __future__ import annotations

import ftplib
import io
from collections.abc import Iterator

import pytest
from running import Running, rows, wait_for

HEADINGS = "order-id\tstatus\ttracking\tcarrier\n"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("service"), SERVICE__HEAVY_BYTES=2000)
    yield running.start()
    running.stop()


@pytest.fixture
def seller(running: Running) -> str:
    return running.new_seller()


def shipped(count: int, first: int) -> bytes:
    rows = (f"026-0000000-{first + n:07}\tshipped\t1Z999AA10123456784\tUPS\n" for n in range(count))
    return (HEADINGS + "".join(rows)).encode()


def store(session: ftplib.FTP, name: str, content: bytes) -> None:
    session.storbinary(f"STOR inbox/{name}", io.BytesIO(content))


def answer(running: Running, seller: str, kind: str, name: str) -> bytes:
    """The answer of a kind to the file of that name, waited for."""

    def look() -> list[str]:
        return [one for one in running.outbox(seller) if one.startswith(f"{name}.") and one.endswith(f".{kind}.txt")]

    (found,) = wait_for(look, what=f"{name}: {kind}; {running.outbox(seller)}")
    return (running.home(seller) / "outbox" / found).read_bytes()


@pytest.mark.parametrize(("lines", "release"), [(21, "all.txt.release"), (60, "all.release")])
def test_a_held_file_is_released_by_ftp(running: Running, seller: str, lines: int, release: str) -> None:
    with running.ftp(seller) as session:
        store(session, "all.txt", shipped(lines, first=1))
        receipt = answer(running, seller, "receipt", "all").decode()
        assert "HELD" in receipt
        assert f"({lines} orders)" in receipt
        assert '".release"' in receipt
        store(session, release, b"")
        store(session, "next.txt", shipped(2, first=500))
    assert b"You released" in answer(running, seller, "receipt", release)
    assert {row["verdict"] for row in rows(answer(running, seller, "result", "all"))} == {"confirmed"}
    assert len(rows(answer(running, seller, "result", "next"))) == 2


def test_an_empty_release_file_is_taken_from_the_folder_as_well(running: Running, seller: str) -> None:
    inbox = running.home(seller) / "inbox"
    running.ftp(seller).quit()
    (inbox / "other.txt.release").write_bytes(b"")
    receipt = answer(running, seller, "receipt", "other.txt.release").decode()
    assert "releases nothing" in receipt
