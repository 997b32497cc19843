"""Whatever is dropped, there is a receipt; every line has one verdict; nothing is ever a traceback."""

from __future__ import annotations

import uuid
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pipeline.contexts import context_on, outbox, put, read
from running import rows

from cws_filedrop.model import Grade
from cws_filedrop.pipeline import outbox as delivering
from cws_filedrop.store.uploads import uploads

HEADINGS = (
    b"order-id\tship-date\ttracking-number\tcarrier-code\r\n",
    b"order-id\tstatus\ttracking\tcarrier\tship_date\n",
    b"order-id,ship-date\n",
    b"\xff\xfeo\x00r\x00d\x00",
    b"",
)
CELLS = st.sampled_from(
    [
        b"112-1234567-1234567",
        b"2026-11-20",
        b"shipped",
        b"UPS",
        b"1Z999AA10123456784",
        b'"',
        b"\xe9",
        b"\x00",
        b"9E+9",
        b"",
    ]
)
LINES = st.lists(CELLS, max_size=6).map(b"\t".join)
FILES = st.one_of(
    st.binary(max_size=400),
    st.tuples(st.sampled_from(HEADINGS), st.lists(LINES, max_size=8).map(b"\n".join), st.binary(max_size=30)).map(
        b"".join
    ),
)


def test_any_bytes_have_a_receipt(tmp_path_factory) -> None:  # type: ignore[no-untyped-def]
    root: Path = tmp_path_factory.mktemp("any")

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        content=FILES, grade=st.sampled_from([Grade.WHOLE, Grade.DOUBTFUL]), folder=st.sampled_from(["inbox", "test"])
    )
    def any_bytes(content: bytes, grade: Grade, folder: str) -> None:
        context = context_on(root / uuid.uuid4().hex)
        upload_id = put(context, content, grade=grade, folder=folder)
        upload = read(context, upload_id)
        assert upload == uploads.get(context.db, upload_id)
        delivering.answer(context, [upload])
        found = outbox(context, upload_id)
        assert upload_id.encode() in found["receipt"]
        if "result" in found:
            table = rows(found["result"])
            assert len({row["line"] for row in table}) == len(table)
            assert upload.state == "rejected" or len(table) == upload.line_count
        context.db.close()

    any_bytes()
