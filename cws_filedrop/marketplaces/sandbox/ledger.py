"""The ledger, to look at: every line of every message that was ever processed, what was taken of it, and what came
twice. Refused lines are in it, too: it is the witness in tests that nothing was sent twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from cws_filedrop.marketplaces.sandbox.rows import SandboxRows

FILTERS: Final = {  # parameter of the query: condition
    "order": "order_id = ?",
    "account": "account = ?",
    "feed": "feed = ?",
    "outcome": "outcome = ?",
    "after": "no > CAST(? AS INTEGER)",
}
LINE: Final = "account, order_id, item_code, tracking"
MOST_NAMED: Final = 100
TAKEN: Final = ("accepted", "warning")
NAMES: Final = {"account": "account", "order_id": "order_id", "item_code": "item", "tracking": "tracking"}

Query = Mapping[str, str]
Entry = dict[str, Any]


def messages(rows: SandboxRows, query: Query) -> Entry:
    """Every line, oldest first; of `taken` packages one entry each, with the feeds; and `twice`, what was sent again
    after it had been taken."""
    rows.settle()
    where, values = _conditions(rows, query)
    statement = f"SELECT * FROM ledger WHERE {where} ORDER BY no"  # noqa: S608 - conditions are ours, values are bound
    with rows.state.read() as connection:
        found = [_entry(rows, dict(row)) for row in connection.execute(statement, values)]
    taken = _taken(found)
    twice = [one for one in taken if one["times"] > 1]
    return {"messages": found, "count": len(found), "taken": taken, "twice": twice}


def _conditions(rows: SandboxRows, query: Query) -> tuple[str, list[str]]:
    given = {name: query[name] for name in FILTERS if name in query}
    if "feed" in given:
        given["feed"] = str(rows.feed_no(given["feed"]))
    return " AND ".join(FILTERS[name] for name in given) or "1", list(given.values())


def _entry(rows: SandboxRows, row: Entry) -> Entry:
    return row | {"feed_id": rows.feed_id(row.pop("feed")), "message_id": row.pop("message")}


def _taken(found: Iterable[Entry]) -> list[Entry]:
    """Packages by account, order, item and tracking number. `times` counts from the first time that it was taken on:
    what was refused before was free to be sent again, what comes after was sent twice, whatever became of it."""
    packages: dict[tuple[str, ...], Entry] = {}
    for row in found:
        if row["outcome"] == "cancelled":
            continue
        key = tuple(row[name] for name in NAMES)
        package = packages.get(key)
        if package is None and row["outcome"] in TAKEN:
            package = {new: row[name] for name, new in NAMES.items()} | {"quantity": 0, "times": 0, "feeds": []}
            packages[key] = package
        if package is not None:
            package["times"] += 1
            package["feeds"].append(row["feed_id"])
            package["quantity"] += (row["quantity"] or 0) if row["outcome"] in TAKEN else 0
    return list(packages.values())


def summary(rows: SandboxRows, query: Query) -> Entry:
    """How many lines, how many distinct ones, and which of them came more than once."""
    rows.settle()
    where, values = _conditions(rows, query)
    source = f"FROM (SELECT {LINE}, count(*) AS times FROM ledger WHERE {where} GROUP BY {LINE})"  # noqa: S608
    with rows.state.read() as connection:
        total, different = connection.execute(f"SELECT coalesce(sum(times), 0), count(*) {source}", values).fetchone()
        again = connection.execute(f"SELECT * {source} WHERE times > 1 LIMIT {MOST_NAMED}", values).fetchall()
    return {"lines": total, "different": different, "more_than_once": [dict(row) for row in again]}
