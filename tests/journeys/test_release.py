"""A file that changes far more than usual is held; the seller releases it with a file of the same name."""

from __future__ import annotations

import ftplib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Running, rows, wait_for

HEADINGS = "order-id\tstatus\ttracking\tcarrier\n"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path, SERVICE__HEAVY_BYTES=2000)
    running.add_seller("anna")
    yield running.start()
    running.stop()


def shipped(count: int, first: int) -> bytes:
    rows = (f"026-0000000-{first + n:07}\tshipped\t1Z999AA10123456784\tUPS\n" for n in range(count))
    return (HEADINGS + "".join(rows)).encode()


def store(session: ftplib.FTP, name: str, content: bytes) -> None:
    session.storbinary(f"STOR inbox/{name}", io.BytesIO(content))


def answer(running: Running, kind: str, name: str) -> bytes:
    """The answer of a kind to the file of that name, waited for."""

    def look() -> list[str]:
        return [one for one in running.outbox("anna") if one.startswith(f"{name}.") and one.endswith(f".{kind}.txt")]

    (found,) = wait_for(look, what=f"{name}: {kind}; {running.outbox('anna')}")
    return (running.home("anna") / "outbox" / found).read_bytes()


@pytest.mark.parametrize(("lines", "release"), [(21, "all.txt.release"), (60, "all.release")])
def test_a_held_file_is_released_by_ftp(running: Running, lines: int, release: str) -> None:
    with running.ftp("anna") as session:
        store(session, "all.txt", shipped(lines, first=1))
        receipt = answer(running, "receipt", "all").decode()
        assert "HELD" in receipt
        assert f"({lines} orders)" in receipt
        assert '".release"' in receipt
        store(session, release, b"")
        store(session, "next.txt", shipped(2, first=500))
    assert b"You released" in answer(running, "receipt", release)
    assert {row["verdict"] for row in rows(answer(running, "result", "all"))} == {"confirmed"}
    assert len(rows(answer(running, "result", "next"))) == 2


def test_an_empty_release_file_is_taken_from_the_folder_as_well(running: Running) -> None:
    inbox = running.home("anna") / "inbox"
    running.ftp("anna").quit()
    (inbox / "other.txt.release").write_bytes(b"")
    receipt = answer(running, "receipt", "other.txt.release").decode()
    assert "releases nothing" in receipt
