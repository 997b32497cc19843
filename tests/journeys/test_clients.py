"""The same file by every way in gives the same receipt and the same result."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import paramiko
import pytest
from running import PASSWORD, Running, amazon_file, order_ids, rows, wait_for

NEEDED = {"curl": "curl", "lftp": "lftp", "curltls": "curl", "lftptls": "lftp", "sftp": "sftp"}


def by_ftplib(service: Running, seller: str, path: Path) -> None:
    with service.ftp(seller) as session:
        session.storbinary(f"STOR /inbox/{path.name}", io.BytesIO(path.read_bytes()))


def by_curl(service: Running, seller: str, path: Path) -> None:
    host, port = service.address
    url = f"ftp://{host}:{port}/inbox/"
    subprocess.run(["curl", "-sS", "--user", f"{seller}:{PASSWORD}", "-T", str(path), url], check=True, timeout=60)


def by_lftp(service: Running, seller: str, path: Path) -> None:
    host, port = service.address
    options = "set net:max-retries 1; set ftp:ssl-allow no"
    script = f"{options}; open -u {seller},{PASSWORD} ftp://{host}:{port}; put -O /inbox {path}; bye"
    subprocess.run(["lftp", "-c", script], check=True, timeout=60)


def by_curl_with_tls(service: Running, seller: str, path: Path) -> None:
    host, port = service.address
    url = f"ftp://{host}:{port}/inbox/"
    login = ["--user", f"{seller}:{PASSWORD}", "--ssl-reqd", "--insecure"]
    subprocess.run(["curl", "-sS", *login, "-T", str(path), url], check=True, timeout=60)


def by_lftp_with_tls(service: Running, seller: str, path: Path) -> None:
    host, port = service.address
    options = "set net:max-retries 1; set ftp:ssl-force yes; set ssl:verify-certificate no"
    script = f"{options}; open -u {seller},{PASSWORD} ftp://{host}:{port}; put -O /inbox {path}; bye"
    subprocess.run(["lftp", "-c", script], check=True, timeout=60)


def by_paramiko(service: Running, seller: str, path: Path) -> None:
    with paramiko.SSHClient() as client:
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        host, port = service.sftp_address
        client.connect(host, port, seller, PASSWORD, allow_agent=False, look_for_keys=False, timeout=30)
        client.open_sftp().put(str(path), f"/inbox/{path.name}")


def by_sftp_with_key(service: Running, seller: str, path: Path) -> None:
    key = path.parent / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, timeout=60)
    assert service.command("seller", "key", "add", seller, "--file", f"{key}.pub").returncode == 0
    (path.parent / "batch").write_text(f"put {path} /inbox/{path.name}\n")
    host, port = service.sftp_address
    options = ["StrictHostKeyChecking=no", f"UserKnownHostsFile={path.parent / 'known'}", "IdentitiesOnly=yes"]
    command = ["sftp", "-q", "-b", str(path.parent / "batch"), "-i", str(key), "-P", str(port)]
    command += [word for option in options for word in ("-o", option)]
    subprocess.run([*command, f"{seller}@{host}"], check=True, timeout=60, capture_output=True)


def by_copy(service: Running, seller: str, path: Path) -> None:
    shutil.copy(path, service.home(seller) / "inbox" / path.name)


def by_move(service: Running, seller: str, path: Path) -> None:
    beside = service.data / "homes" / f"moving-{path.name}"
    shutil.copy(path, beside)
    os.rename(beside, service.home(seller) / "inbox" / path.name)


WAYS: dict[str, Callable[[Running, str, Path], None]] = {
    "ftplib": by_ftplib,
    "curl": by_curl,
    "lftp": by_lftp,
    "curltls": by_curl_with_tls,
    "lftptls": by_lftp_with_tls,
    "paramiko": by_paramiko,
    "sftp": by_sftp_with_key,
    "cp": by_copy,
    "mv": by_move,
}


def needs(way: str) -> None:
    if way in NEEDED and shutil.which(NEEDED[way]) is None:
        pytest.skip(f"{NEEDED[way]} is not installed")


def content() -> bytes:
    """Three good lines and a bad one."""
    good = amazon_file(order_ids(4, start=50), date="2026-11-20")
    *lines, last, end = good.split(b"\r\n")
    return b"\r\n".join([*lines, last.replace(b"\t1\t2026-11-20", b"\t0\t2026-11-20"), end])


def stripped(text: str) -> str:
    """A receipt without what differs by the way it came: ids, moments, the door."""
    text = re.sub(r"\d{8}-\d{6}-\w{4}", "ID", text)
    text = re.sub(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?", "MOMENT", text)
    return re.sub(r"^(came by|complete) .*\n(?: {12}.*\n)*", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_in_gives_the_same_answers(service: Running, tmp_path: Path, way: str) -> None:
    needs(way)
    seller = f"way{way}"
    service.add_seller(seller)
    wait_for(lambda: (service.home(seller) / "inbox").is_dir() or service.ftp(seller).quit(), what="the home")
    path = tmp_path / "shipped.txt"
    path.write_bytes(content())
    WAYS[way](service, seller, path)
    result = wait_for(lambda: next((n for n in service.outbox(seller) if n.endswith(".result.txt")), ""), what="result")
    outbox = service.home(seller) / "outbox"
    verdicts = [(row["line"], row["verdict"], row["code"]) for row in rows((outbox / result).read_bytes())]
    assert verdicts == [
        ("2", "confirmed", ""),
        ("3", "confirmed", ""),
        ("4", "confirmed", ""),
        ("5", "rejected", "Q01"),
    ]
    receipt = stripped((outbox / result.replace(".result.", ".receipt.")).read_text())
    by_way = service.folder / "first-receipt.txt"
    if not by_way.exists():
        by_way.write_text(receipt)
    assert receipt == by_way.read_text()
    assert not (service.home(seller) / "inbox" / "shipped.txt").exists()
