"""A seller drops an export of its shipping program by FTP: refused before its profile is set, answered after."""

from __future__ import annotations

import ftplib
import io
from pathlib import Path

import pytest
from running import Running, rows, wait_for

EXPORT = Path(__file__).parents[2] / "sample_files" / "profiles" / "shipstation.csv"


def dropped(session: ftplib.FTP, name: str) -> str:
    """The answer to dropping the export under a name."""
    return session.storbinary(f"STOR inbox/{name}", io.BytesIO(EXPORT.read_bytes()))


def outbox(session: ftplib.FTP, name: str, kind: str) -> bytes:
    """What the outbox has of an upload, once it is there."""

    def look() -> str:
        found = (one.rpartition("/")[2] for one in session.nlst("outbox"))
        return next((one for one in found if one.startswith(name) and one.endswith(f".{kind}.txt")), "")

    body = io.BytesIO()
    session.retrbinary(f"RETR outbox/{wait_for(look, what=f'the {kind} of {name}')}", body.write)
    return body.getvalue()


def test_an_export_is_read_by_the_profile_that_was_set(service: Running) -> None:
    seller = service.new_seller()
    with service.ftp(seller) as session:
        with pytest.raises(ftplib.error_perm, match=r'550 .*The column "order-id" is missing'):
            dropped(session, "before.csv")
        # What cannot be used is kept all the same, and read: by the profile, were it there by then.
        assert [row["verdict"] for row in rows(outbox(session, "before", "result"))] == ["rejected"]
        done = service.command("seller", "profile", "set", seller, "shipstation")
        assert done.returncode == 0, done.stderr
        assert dropped(session, "after.csv").startswith("226 ")
        result = rows(outbox(session, "after", "result"))
        receipt = outbox(session, "after", "receipt").decode()
        rejected = outbox(session, "after", "rejected").decode()
    assert [(row["line"], row["verdict"]) for row in result] == [
        ("2", "confirmed"),
        ("4", "confirmed"),
        ("5", "rejected"),
        ("6", "rejected"),
    ]
    assert "format      profile shipstation" in receipt
    assert rejected.startswith("Order - Number,")
    assert '"Leave it\r\nwith the neighbour"' in rejected
