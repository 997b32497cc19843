"""Which uploads are being answered at the moment, so that none is begun twice and not all are begun at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping


class UploadsInProgress:
    """The groups of uploads that are being answered. At the limit, arrivals wait and form larger groups meanwhile."""

    def __init__(self, most_groups: int, *, on_room: Callable[[], None] = lambda: None) -> None:
        self._most = most_groups
        self._groups: dict[int, dict[str, str]] = {}  # upload -> seller
        self._large: dict[str, str] = {}
        self._on_room = on_room  # called when uploads were given back
        self._recorded: set[int] = set()  # numbers of groups
        self._number = 0
        self._changed = threading.Condition()
        self._closed = False

    def __contains__(self, upload_id: str) -> bool:
        with self._changed:
            return upload_id in self._large or any(upload_id in group for group in self._groups.values())

    def wait_for_room(self) -> bool:
        """Wait until another group may begin; false when none may any more."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._groups) < self._most or self._closed)
            return not self._closed

    def wait_for_calm(self, timeout_seconds: float) -> None:
        """Wait until there is room, or the time is up: for work that should give way while many receipts are due."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._groups) < self._most or self._closed, timeout_seconds)

    def sellers(self) -> set[str]:
        """The sellers whose uploads are being answered."""
        with self._changed:
            return {seller for group in (self._large, *self._groups.values()) for seller in group.values()}

    def with_large(self) -> set[str]:
        """The sellers whose large uploads are being answered."""
        with self._changed:
            return set(self._large.values())

    def wait_for_turn(self, upload_ids: Iterable[str]) -> None:
        """Wait until everything that the same sellers dropped before these is recorded, or work ends."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._is_turn(set(upload_ids)))

    def _is_turn(self, upload_ids: set[str]) -> bool:
        """Is no earlier group still to be recorded that has a seller in common with this one?

        Groups are read side by side, but what a file means depends on the same seller's files before it (packed, then
        shipped; a tracking number, then its correction): recorded in another order, a correction could come before what
        it corrects. Different sellers do not depend on each other, so only groups with a common seller wait; and only
        until the earlier one is recorded, since receipts may be written in any order. Groups are numbered as they
        begin, and the queue hands out each seller's files in order of arrival, so a lower number means earlier files. A
        group that is not there any more counts as number 0, and waits for nothing.
        """
        mine = next((number for number, group in self._groups.items() if upload_ids & group.keys()), 0)
        sellers = set(self._groups.get(mine, {}).values())
        earlier = (group for number, group in self._groups.items() if number < mine and number not in self._recorded)
        return not any(sellers & set(group.values()) for group in earlier)

    def recorded(self, upload_ids: Iterable[str]) -> None:
        """Note that these are in the database, and only their answers are still due."""
        with self._changed:
            self._recorded |= {n for n, group in self._groups.items() if group.keys() & set(upload_ids)}
            self._changed.notify_all()

    def take(self, group: Mapping[str, str]) -> None:
        """Begin a group of uploads, each with its seller."""
        with self._changed:
            self._number += 1
            self._groups[self._number] = dict(group)

    def take_large(self, upload_id: str, seller: str) -> None:
        """Begin a large upload. Large ones queue among themselves, and take no room from the others."""
        with self._changed:
            self._large[upload_id] = seller

    def give_back(self, upload_ids: Iterable[str]) -> None:
        """Note that these are answered, or are to be taken up again."""
        with self._changed:
            for upload_id in upload_ids:
                for group in (self._large, *self._groups.values()):
                    group.pop(upload_id, None)
            self._groups = {number: group for number, group in self._groups.items() if group}
            self._recorded &= self._groups.keys()
            self._changed.notify_all()
        self._on_room()

    def close(self) -> None:
        """Let no more groups begin, and release whoever waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
