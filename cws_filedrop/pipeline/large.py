"""A file of any size -> the database, piece by piece, in a process of its own.

Nothing of it is sent until its upload is WAITING, which the last transaction makes it; what a crash left of an earlier
try is undone first. The pieces are recorded in batches, each a short transaction, so that others never wait long.
"""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import BinaryIO, Final

from cws_filedrop import log
from cws_filedrop.convert import digest, rejected_rows
from cws_filedrop.drop import disk
from cws_filedrop.examine import Examination, Outcome, Piece
from cws_filedrop.model import Seller
from cws_filedrop.pipeline import reading, recording
from cws_filedrop.pipeline.reading import PreparedUpload
from cws_filedrop.pipeline.recording import REJECTED_FILE, ReadUpload
from cws_filedrop.reports import rejected
from cws_filedrop.rules.book import Effect
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import stamp
from cws_filedrop.store.orders.effects import ChangedOrder, Stale
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import lines, uploads
from cws_filedrop.store.uploads.uploads import Upload

LOG: Final = log.get(__name__)
BATCH: Final = 5_000


def read(context: ServiceContext, upload: Upload) -> Upload:
    """Read, check and record a file; the upload as it is afterwards."""
    seller = sellers.by_id(context.db, upload.seller_id)
    given = recording.task(context, upload, seller)
    with given.path.open("rb") as source:
        before = reading.look(source)
        sha256, _ = digest(source)
        changed = partial(reading.changed_meanwhile, given, source, before, sha256)
        opened = reading.opened(context.db, given, source, sha256)
        if isinstance(opened, Examination) and upload.rehearsal:
            opened = reading.rehearsed(context.db, given, source, sha256)
        if isinstance(opened, PreparedUpload):
            return recording.keep(context, [ReadUpload(upload, seller, changed() or opened)])[0]
        return _Recording(context, replace(upload, sha256=sha256), opened, changed).run(seller)


class _Recording:
    """One file on its way into the database."""

    def __init__(
        self,
        context: ServiceContext,
        upload: Upload,
        examination: Examination,
        changed: Callable[[], PreparedUpload | None],
    ) -> None:
        self._context = context
        self._changed = changed
        self._upload = upload
        self._examination = examination
        self._outcome = Outcome(examination.facts)
        self._counts = Counter[str]()
        self._held = False

    def run(self, seller: Seller) -> Upload:
        """Record all lines, and last the upload's outcome."""
        with self._context.db.write() as connection:
            recording.forget_in(connection, self._upload.id)
        self._held = _waits(self._examination, self._upload, seller)
        with (self._context.work_dir(self._upload.id) / REJECTED_FILE).open("wb") as bad:
            facts = self._examination.facts
            bad.write(rejected.header(facts.headings, facts.delimiter))
            for piece in self._examination.pieces():
                self._piece(piece, bad)
            bad.flush()
            disk.sync_file(bad.fileno())
        if changed := self._changed():
            return recording.keep(self._context, [ReadUpload(self._upload, seller, changed)])[0]
        with self._context.db.write() as connection:
            remarks = recording.remarks(connection, self._upload)
            outcome, counts = self._outcome.so_far(), dict(self._counts)
            done = recording.ending(self._upload, outcome, counts, remarks, held=self._held)
            uploads.keep_in(connection, [done])
            recording.replace_in(connection, done)
        LOG.info("upload.read", upload=done.id, seller=done.seller, state=done.state, **self._counts)
        return done

    def _piece(self, piece: Piece, bad: BinaryIO) -> None:
        left: Piece | None = piece
        while left is not None:
            last = self._record(left)
            done, left = (left, None) if last is None else (left.until(last), left.again(last))
            self._outcome.add(done)
            if done.raw:
                bad.write(rejected_rows(done, self._examination))

    def _record(self, piece: Piece) -> int | None:
        """Record a piece; None when all of it is recorded, else the last line before orders that changed meanwhile."""
        last, changed = 0, dict[str, ChangedOrder]()
        for rows, effects in _batches(piece):
            began = time.monotonic()
            # An order whose rows are in several batches was changed by the earlier ones: that is no reason to judge
            # the later ones again.
            before = ((changed.get(effect.amazon_order_id), effect) for effect in effects)
            current = [order.renewed(effect) if order else effect for order, effect in before]
            try:
                with self._context.db.write() as connection:
                    now = stamp(self._context.clock())
                    counts, more = recording.record_in(
                        connection, self._upload, rows, current, held=self._held, now=now
                    )
            except Stale as error:
                LOG.info("upload.judged_again", upload=self._upload.id, seller=self._upload.seller, order=str(error))
                return last
            changed |= more
            self._counts.update(counts)
            last = rows["line"][-1]
            # SQLite does not queue writers: one that waits gets in only if it happens to try during a gap. A gap as
            # long as the batch took gives it an even chance.
            time.sleep(time.monotonic() - began)
        return None


def _waits(examination: Examination, upload: Upload, seller: Seller) -> bool:
    """Will the whole file be held? Then none of it may take effect, so that has to be known before the first batch."""
    if seller.policy.on_error != "hold-file" or upload.releases:
        return False
    counts = Counter[str]()
    for piece in examination.pieces():
        counts.update(str(verdict) for verdict in piece.verdicts)
        if recording.is_held(upload, seller, counts):
            return True
    return False


def _batches(piece: Piece) -> Iterator[tuple[lines.Rows, list[Effect]]]:
    rows = reading.rows(piece)
    places = [effect.line for effect in piece.effects]
    for start in range(0, len(rows["line"]), BATCH):
        batch = {name: cells[start : start + BATCH] for name, cells in rows.items()}
        first, last = batch["line"][0], batch["line"][-1]
        yield batch, piece.effects[bisect_left(places, first) : bisect_right(places, last)]
