"""The uploads being answered right now, and whose they are: none is started twice, and not all are started at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping


class UploadsInProgress:
    """The groups of uploads in progress. At `most_groups` new arrivals wait, and so form larger groups.

    Every method may be called from any thread. `on_room` is called without the lock, whenever something is given back.
    """

    def __init__(self, most_groups: int, *, on_room: Callable[[], None] = lambda: None) -> None:
        self._most = most_groups
        self._groups: dict[int, dict[str, str]] = {}  # upload -> seller
        self._large: dict[str, str] = {}
        self._on_room = on_room
        self._recorded: set[int] = set()  # groups
        self._number = 0
        self._changed = threading.Condition()
        self._closed = False

    def __contains__(self, upload_id: str) -> bool:
        with self._changed:
            return upload_id in self._large or any(upload_id in group for group in self._groups.values())

    def wait_for_room(self) -> bool:
        """Return when another group may begin; false once closed."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._groups) < self._most or self._closed)
            return not self._closed

    def wait_for_calm(self, timeout_seconds: float) -> None:
        """Return when there is room, or after the timeout: for work that can wait while many receipts are due."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._groups) < self._most or self._closed, timeout_seconds)

    def sellers(self) -> set[str]:
        """The sellers of all uploads in progress."""
        with self._changed:
            return {seller for group in (self._large, *self._groups.values()) for seller in group.values()}

    def with_large(self) -> set[str]:
        """The sellers of large uploads in progress."""
        with self._changed:
            return set(self._large.values())

    def large(self) -> set[str]:
        """The large uploads in progress."""
        with self._changed:
            return set(self._large)

    def wait_for_turn(self, upload_ids: Iterable[str]) -> None:
        """Return when everything that the same sellers dropped before these is recorded, or once closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._is_turn(set(upload_ids)))

    # Groups are read in parallel, but what a file means depends on the seller's files before it (packed, then
    # shipped; a number, then its correction). So a group is recorded only after every earlier group with one of its
    # sellers. Numbers grow and only lower ones are waited for: no two groups wait for each other.
    def _is_turn(self, upload_ids: set[str]) -> bool:
        mine = next((number for number, group in self._groups.items() if upload_ids & group.keys()), 0)
        sellers = set(self._groups.get(mine, {}).values())
        earlier = (group for number, group in self._groups.items() if number < mine and number not in self._recorded)
        return not any(sellers & set(group.values()) for group in earlier)

    def recorded(self, upload_ids: Iterable[str]) -> None:
        """These are in the database; only their answers are outstanding."""
        with self._changed:
            self._recorded |= {n for n, group in self._groups.items() if group.keys() & set(upload_ids)}
            self._changed.notify_all()

    def take(self, group: Mapping[str, str]) -> None:
        """Begin a group of uploads, each with its seller."""
        with self._changed:
            self._number += 1
            self._groups[self._number] = dict(group)

    def take_large(self, upload_id: str, seller: str) -> None:
        """Begin a large upload. Large ones queue among themselves and do not count towards `most_groups`."""
        with self._changed:
            self._large[upload_id] = seller

    def give_back(self, upload_ids: Iterable[str]) -> None:
        """These are answered, or are to be started again."""
        with self._changed:
            for upload_id in upload_ids:
                for group in (self._large, *self._groups.values()):
                    group.pop(upload_id, None)
            # A group that is empty has ended, whether its uploads were answered or are to be taken again: nobody waits
            # for it any more.
            self._groups = {number: group for number, group in self._groups.items() if group}
            self._recorded &= self._groups.keys()
            self._changed.notify_all()
        self._on_room()

    def close(self) -> None:
        """No more groups begin."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
