"""How the sandbox behaves for as long as it is told to: clocks that differ, things that show late, operations that are
refused for good, orders that spoil a whole feed. Knows no HTTP and no feed.

POST /sandbox/behaviour changes what its JSON names and leaves the rest; DELETE goes back to the usual; GET tells. It is
kept in the sandbox's file, so that a restart changes nothing of it.

    clock_skew_seconds     its clock is ahead of ours by that much: the Date header, createdTime, everything
    list_after_seconds     getFeeds does not list a feed for so long after its creation
    report_after_seconds   a feed that is DONE has no resultFeedDocumentId for so long
    show_after_seconds     getOrder does not show a shipment for so long after its feed was processed
    forbidden              operations that are answered 403, whoever asks (`token`: unauthorized_client)
    guilty                 order ids, each with a code: nothing of a feed that has such an order is taken, and its
                           report says so about the document (MessageID 0) with that code
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Final

from cws_filedrop.marketplaces.sandbox.state import State

KEPT: Final = "behaviour"  # its row in the table of single values


@dataclass(frozen=True, slots=True)
class Behaviour:
    """All of it at one moment; the module says what each means."""

    clock_skew_seconds: float = 0.0
    list_after_seconds: float = 0.0
    report_after_seconds: float = 0.0
    show_after_seconds: float = 0.0
    forbidden: tuple[str, ...] = ()
    guilty: Mapping[str, str] = field(default_factory=dict)

    def changed(self, wanted: object) -> Behaviour:
        """With what a JSON object names. Raises: ValueError with plain words when it makes no sense."""
        if not isinstance(wanted, dict):
            raise ValueError("behaviour is a JSON object")
        known = {one.name: getattr(self, one.name) for one in fields(self)}
        if strange := set(wanted) - set(known):
            raise ValueError(f"unknown: {', '.join(sorted(strange))}; known are {', '.join(sorted(known))}")
        return replace(self, **{name: _like(known[name], value, name) for name, value in wanted.items()})


def _like(usual: object, value: object, name: str) -> Any:
    """A value from JSON, as the field of that name keeps it. Raises: ValueError when it is of another kind."""
    if isinstance(usual, float) and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(usual, tuple) and isinstance(value, list):
        return tuple(str(one) for one in value)
    if isinstance(usual, dict) and isinstance(value, dict):
        return {str(order): str(code) for order, code in value.items()}
    raise ValueError(f"{name}: {value!r} is of another kind than {usual!r}")


class BehaviourStore:
    """The behaviour of now. May be used from any thread."""

    def __init__(self, state: State, usual: Behaviour) -> None:
        self._state = state
        self._usual = usual
        self._lock = threading.Lock()
        self._now = usual.changed(self._kept())

    @property
    def now(self) -> Behaviour:
        """That of this moment."""
        return self._now

    def change(self, wanted: object) -> None:
        """Change what a JSON object names, and keep it. Raises: ValueError."""
        with self._lock:
            changed = self._now.changed(wanted)
            self._keep(changed)
            self._now = changed

    def reset(self) -> None:
        """Behave as usual again."""
        with self._lock:
            self._keep(self._usual)
            self._now = self._usual

    def _kept(self) -> object:
        with self._state.read() as connection:
            row = connection.execute("SELECT value FROM meta WHERE name = ?", (KEPT,)).fetchone()
        return {} if row is None else json.loads(row["value"])

    def _keep(self, wanted: Behaviour) -> None:
        usual = asdict(self._usual)
        said = {name: value for name, value in asdict(wanted).items() if value != usual[name]}
        with self._state.write() as connection:
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (KEPT, json.dumps(said)))
