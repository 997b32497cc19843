"""Every client, by every way in: what it uploads is answered like a copied file, and all it does for it just works."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from journeys.client_kit import CUT_BYTES, IMPLICIT, SFTP, Begun, Client
from journeys.client_libraries import Ftplib, Paramiko
from journeys.clients import CLIENTS, REFERENCE, who_can
from running import Running, amazon_file, order_ids, rows, wait_for


@pytest.fixture(scope="module")
def client(request: pytest.FixtureRequest, service: Running, tmp_path_factory: pytest.TempPathFactory) -> Client:
    """A client with a seller of its own."""
    return make(request.param, service, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def copier(service: Running, tmp_path_factory: pytest.TempPathFactory) -> Client:
    """Who copies the same files, for comparison."""
    return make(REFERENCE, service, tmp_path_factory.mktemp("reference"))


def make(name: str, service: Running, folder: Path) -> Client:
    kind, way = CLIENTS[name]
    return kind(service, service.new_seller(), way, folder)


def each(*things: str) -> pytest.MarkDecorator:
    """Every client that can do these things."""
    return pytest.mark.parametrize("client", who_can(*things), indirect=True)


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def shipped(start: int, *, lines: int = 3) -> bytes:
    """Good lines, and then a bad one."""
    good = amazon_file(order_ids(lines + 1, start=start), date="2026-11-20")
    *above, last, end = good.split(b"\r\n")
    return b"\r\n".join([*above, last.replace(b"\t1\t2026-11-20", b"\t0\t2026-11-20"), end])


def answers(client: Client, kind: str, name: str) -> list[str]:
    pattern = re.compile(rf"{re.escape(name.removesuffix('.txt'))}\.[\w-]+\.{kind}\.txt")
    return [one for one in client.service.outbox(client.seller) if pattern.fullmatch(one)]


def receipt(client: Client, name: str, *, but: str = "NOT COMPLETE", seconds: float = 60) -> str:
    """The receipt of that file, waited for; not that of an attempt which was cut."""
    outbox = client.service.home(client.seller) / "outbox"

    def look() -> str:
        texts = (outbox.joinpath(one).read_text() for one in answers(client, "receipt", name))
        return next((text for text in texts if but not in text.split("\n")[0]), "")

    return wait_for(look, seconds=seconds, what=f"the receipt of {name}")


def stripped(text: str) -> str:
    """A receipt without what differs by the way it came: ids, moments, the door."""
    text = re.sub(r"\d{8}-\d{6}-\w{4}", "ID", text)
    text = re.sub(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?", "MOMENT", text)
    return re.sub(r"^(came by|complete) .*\n(?: {12}.*\n)*", "", text, flags=re.MULTILINE)


def compare(client: Client, copier: Client, source: Path, *, seconds: float = 60) -> None:
    """The client's upload of this file is answered like the copied file, and is gone from the inbox."""
    if not answers(copier, "receipt", source.name):
        copier.put(source, f"/inbox/{source.name}")
    found = receipt(client, source.name, seconds=seconds)
    door = "ftps" if client.way == IMPLICIT else client.way
    assert f"came by     {door}\n" in found
    assert hashlib.sha256(source.read_bytes()).hexdigest() in found
    assert stripped(found) == stripped(receipt(copier, source.name, seconds=seconds))
    assert not (client.service.home(client.seller) / "inbox" / source.name).exists()


@each()
def test_upload(client: Client, copier: Client, tmp_path: Path) -> None:
    source = written(tmp_path, "upload.txt", shipped(50))
    client.put(source, "/inbox/upload.txt")
    compare(client, copier, source)
    result = wait_for(lambda: answers(client, "result", "upload.txt"), what="the result")[0]
    found = rows((client.service.home(client.seller) / "outbox" / result).read_bytes())
    good = [(str(line), "confirmed", "") for line in (2, 3, 4)]
    assert [(row["line"], row["verdict"], row["code"]) for row in found] == [*good, ("5", "rejected", "Q01")]


@each("names", "get", "delete")
def test_list_download_and_delete(client: Client, tmp_path: Path) -> None:
    client.put(written(tmp_path, "collect.txt", shipped(100)), "/inbox/collect.txt")
    wait_for(lambda: answers(client, "result", "collect.txt"), what="the result")
    (wanted,) = answers(client, "receipt", "collect.txt")
    on_disk = client.service.home(client.seller) / "outbox" / wanted
    listed = client.names("/outbox")
    assert listed == set(client.service.outbox(client.seller))
    client.get(f"/outbox/{wanted}", tmp_path / "got.txt")
    assert (tmp_path / "got.txt").read_bytes() == on_disk.read_bytes()
    client.delete(f"/outbox/{wanted}")
    assert not on_disk.exists()
    assert client.names("/outbox") == listed - {wanted}
    assert {name.rstrip("/") for name in client.names("/")} >= {"inbox", "orders", "outbox", "test"}


@each("put_and_rename")
def test_a_working_name_and_then_the_final_one(client: Client, copier: Client, tmp_path: Path) -> None:
    source = written(tmp_path, "rename.txt", shipped(200))
    client.put_and_rename(source, "/inbox/rename.txt.part", "/inbox/rename.txt")
    compare(client, copier, source)
    assert answers(client, "receipt", "rename.txt.part") == []


def cut(client: Client, begun: Begun, name: str) -> bool:
    """End an upload that is under way. Are its bytes kept, to be gone on with?"""
    landing = client.service.home(client.seller) / ".landing" / "inbox"
    part = landing / "part" / name
    wait_for(lambda: part.exists() and part.stat().st_size >= CUT_BYTES, what="the middle of the upload")
    begun.kill()
    assert "F07" in receipt(client, name, but="received")
    return (landing / "cut" / name).exists()


@each("resume")
def test_an_upload_whose_client_was_killed_is_resumed(client: Client, copier: Client, tmp_path: Path) -> None:
    source = written(tmp_path, "killed.txt", shipped(1000, lines=3000))
    kept = cut(client, client.begin(source, "/inbox/killed.txt"), "killed.txt")
    assert kept or client.way != SFTP  # an FTP client that is killed seems to have come to the end of its file
    client.resume(source, "/inbox/killed.txt")
    compare(client, copier, source)


@each("resume", "go on")
def test_an_upload_whose_line_broke_goes_on_where_it_was(client: Client, copier: Client, tmp_path: Path) -> None:
    source = written(tmp_path, "broken.txt", shipped(5000, lines=3000))
    library = Paramiko if client.way == SFTP else Ftplib
    broken = library(client.service, client.seller, client.way, tmp_path)
    assert cut(client, broken.begin(source, "/inbox/broken.txt"), "broken.txt")
    # What has arrived is spoiled in the client's own file: the receipt is right only if that is not sent again.
    rest = written(tmp_path, "rest.txt", bytes(CUT_BYTES) + source.read_bytes()[CUT_BYTES:])
    client.resume(rest, "/inbox/broken.txt")
    compare(client, copier, source)


@cache
def large(megabytes: int) -> bytes:
    """Headings, three good rows, and one line without an end: read in no time and refused as a whole (F05)."""
    size = megabytes * 1_000_000 + 12_345  # not a multiple of any block
    return shipped(900, lines=2) + random.Random(megabytes).randbytes(size // 2).hex().encode() + b"\r\n"


def upload_large(client: Client, copier: Client, source: Path) -> None:
    client.put(source, f"/inbox/{source.name}")
    compare(client, copier, source, seconds=120)
    found = receipt(client, source.name)
    assert "NOT USABLE" in found
    assert "F05" in found
    assert "complete    whole" in found


@each()
def test_eight_megabytes(client: Client, copier: Client, tmp_path: Path) -> None:
    upload_large(client, copier, written(tmp_path, "large8.txt", large(8)))


def real(lines: int) -> Iterator[str]:
    """A file of good lines that change an order's state and send nothing, some 180 bytes each."""
    yield "order-id\tstatus\tnote\r\n"
    for order in order_ids(lines, start=10_000_000):
        yield f"{order}\tpacked\t{'n' * 150}\r\n"


@pytest.mark.long
def test_two_hundred_megabytes_of_real_lines(copier: Client, tmp_path: Path) -> None:
    source = tmp_path / "real200.txt"
    with source.open("w") as file:
        file.writelines(real(1_120_000))
    assert source.stat().st_size > 200_000_000
    copier.put(source, "/inbox/real200.txt")
    found = receipt(copier, "real200.txt", seconds=280)
    assert "1,120,000  updated" in found
    assert "complete    whole" in found


@pytest.mark.long
@each()
def test_two_hundred_megabytes(client: Client, copier: Client, tmp_path: Path) -> None:
    upload_large(client, copier, written(tmp_path, "large200.txt", large(200)))
