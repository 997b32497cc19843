"""An entry of the audit trail as one line of JSON, the same wherever it goes."""

from __future__ import annotations

import json
from dataclasses import asdict

from cws_filedrop.store.doors.audit import AuditRow


def line(entry_id: int, row: AuditRow) -> str:
    """One object, without a line break; `id` is there once only, and grows."""
    return json.dumps({"id": entry_id, **asdict(row)}, ensure_ascii=False)
