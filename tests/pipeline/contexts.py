"""A service context on a real disk and database, and files put into its spool without any door."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from databases import close_later, lay_database

from cws_filedrop.drop.claims import Drop
from cws_filedrop.drop.home import Folder
from cws_filedrop.model import Account, Door, Grade, Policy, Seller
from cws_filedrop.pipeline import reading, recording
from cws_filedrop.pipeline.recording import ReadUpload
from cws_filedrop.service_context import ServiceContext, open_context
from cws_filedrop.settings import DatabaseSettings, Settings
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import uploads
from cws_filedrop.store.uploads.uploads import Upload

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def context_on(folder: Path, policy: Policy | None = None) -> ServiceContext:
    """A service context with the seller `anna`."""
    settings = Settings()
    settings = replace(settings, service=replace(settings.service, data_dir=folder / "data"))
    settings.data.mkdir(parents=True)
    settings = replace(settings, database=DatabaseSettings(url=lay_database(settings.data)))
    context = replace(open_context(settings), clock=lambda: NOW)
    close_later(context.db)
    sellers.add(context.db, Seller(0, "anna", Account(0, "M1"), policy or Policy()), password_hash="h", now=NOW)
    return context


def of_amazon(context: ServiceContext) -> ServiceContext:
    """The same where Amazon answers, so that nothing speaks of the sandbox; whoever plays it is for the test to say."""
    amazon = replace(context.settings.marketplace, kind="amazon")
    return replace(context, settings=replace(context.settings, marketplace=amazon))


def put(
    context: ServiceContext,
    content: bytes,
    *,
    name: str = "a.txt",
    folder: str = "inbox",
    grade: Grade = Grade.WHOLE,
    door: str = "ftp",
    sha256: str = "",
) -> str:
    """Land a file, accept it into the spool, record its arrival. Returns the upload's id."""
    source = context.settings.data / "incoming"
    source.write_bytes(content)
    drop = Drop("anna", Folder(folder), name, Door(door), "127.0.0.1")
    claim = context.spool.land(source, drop, size=len(content), sha256=sha256)
    context.spool.grade(claim.upload_id, grade)
    arrival = context.spool.arrival(claim.upload_id)
    assert arrival is not None
    context.spool.accept(arrival)
    seller = sellers.find(context.db, "anna")
    assert seller is not None
    row = {
        "id": claim.upload_id,
        "seller_id": seller.id,
        "account_id": seller.account.id,
        "folder": folder,
        "name": name,
        "door": door,
        "client": "127.0.0.1",
        "grade": str(grade),
        "evidence": "",
        "arrived_at": "2026-11-22T12:00:00.000Z",
        "size": len(content),
    }
    uploads.arrive(context.db, [row])
    return claim.upload_id


def read(context: ServiceContext, *upload_ids: str) -> Upload:
    """Read and record small uploads in one go, as the worker does. Returns the first of them as it is afterwards."""
    batch = uploads.some(context.db, upload_ids)
    owners = sellers.by_ids(context.db, {upload.seller_id for upload in batch})
    kept: dict[str, Upload] = {}
    while left := [upload for upload in batch if upload.id not in kept]:
        aside = {upload.id: made for upload in left if (made := recording.without_reading(context, upload))}
        some = [upload for upload in left if upload.id not in aside]
        made = reading.prepare(
            context.db, [recording.task(context, upload, owners[upload.seller_id]) for upload in some]
        )
        prepared = aside | {upload.id: one for upload, one in zip(some, made, strict=True)}
        work = [(upload, prepared[upload.id]) for upload in left]
        done = recording.keep(context, [ReadUpload(upload, owners[upload.seller_id], made) for upload, made in work])
        kept |= {upload.id: upload for upload in done}
    return kept[upload_ids[0]]


def outbox(context: ServiceContext, upload_id: str) -> dict[str, bytes]:
    """What the outbox holds about an upload, by kind."""
    folder = context.home("anna").path / "outbox"
    found = {path.name.split(f".{upload_id}.")[1]: path.read_bytes() for path in folder.glob(f"*.{upload_id}.*")}
    return {name.removesuffix(".txt"): content for name, content in found.items()}
