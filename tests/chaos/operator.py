"""The operator of a campaign: looks at Amazon, then decides what only a person may. By commands, as a person would."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from chaos.amazon_troubles import asked
from chaos.deployment import Amazon, Deployment

TRACKING = re.compile(r"<ShipperTrackingNumber>([^<]+)<")
ENDED = {"done", "rejected", "cut", "replaced"}


class Operator:
    """`decide()` may be called as often as one likes; `decisions` counts them by what was done."""

    def __init__(self, deployment: Deployment, amazon: Amazon, sellers: Iterable[str]) -> None:
        self.deployment, self.amazon, self.sellers = deployment, amazon, list(sellers)
        self.decisions: Counter[str] = Counter()

    def lists(self, *words: str) -> Any:
        """What a command of ours lists, as values."""
        done = self.deployment.command(*words, "--json")
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def let_go_on(self) -> None:
        """Let stopped feeds go on from where they stand, which is never a risk."""
        for feed in self.lists("feed", "list", "--state", "stopped", "--limit", "500").get("feeds", []):
            self._say("feed", "retry", str(feed["no"]))

    def pull_orders(self, seller: str) -> None:
        """Have orders fetched from Amazon now."""
        self._say("orders", "pull", "--seller", seller)

    def decide(self) -> None:
        """Everything that waits for a person, by what Amazon has."""
        feeds = self.lists("feed", "list", "--limit", "5000")["feeds"]
        ours = {feed["amazon_feed_id"] for feed in feeds if feed["amazon_feed_id"] and feed["state"] != "adopted"}
        for feed in feeds:
            if feed["state"] in ("stopped", "adopted"):
                self._decide(feed, ours)
        for seller in self.sellers:
            self._say("orders", "retry", "--seller", seller, "--offered")
        for upload in self.lists("status")["failed_uploads"]:
            self._say("upload", "release", upload)

    def _decide(self, feed: dict[str, Any], ours: set[str]) -> None:
        there = self._at_amazon(feed["no"]) - (ours - {feed["amazon_feed_id"]})
        if feed["intent_at"] and len(there) == 1:
            self._say("feed", "adopt", str(feed["no"]), there.pop())
        elif feed["state"] == "stopped" and feed["offered"] and not there:
            self._say("feed", "send-again", str(feed["no"]), "--yes")
        elif feed["state"] == "stopped":
            self._say("feed", "retry", str(feed["no"]))

    def _at_amazon(self, number: int) -> set[str]:
        """The feeds at Amazon that have packages of a feed of ours."""
        document = self.deployment.command("feed", "show", str(number), "--document").stdout
        numbers = set(TRACKING.findall(document))
        messages = asked(self.amazon.endpoint, "ledger")["messages"] if numbers else []
        return {message["feed_id"] for message in messages if message["tracking"] in numbers}

    def _say(self, *words: str) -> None:
        done = self.deployment.command(*words)
        self.decisions[" ".join(words[:2])] += done.returncode == 0 and bool(done.stdout)

    def open_work(self, acknowledged: Iterable[str]) -> list[str]:
        """Whatever is not at its end yet, in words; [] when all is done. `acknowledged` uploads must be there."""
        status = self.lists("status")
        states: dict[str, int] = {str(name): number for name, number in status["uploads"].items()}
        work = [f"{number} uploads are {state}" for state, number in states.items() if state not in ENDED and number]
        work += [f"feed {one['no']} is {one['state']}: {one['note']}" for one in status["feeds_in_flight"]]
        work += [f"feed {one['no']} is stopped: {one['note']}" for one in status["stopped_feeds"]]
        work += [f"account {number} is stopped: {why}" for number, why in status["stopped_accounts"].items()]
        waiting = self.lists("feed", "list", "--state", "waiting")["feeds"]
        work += [f"feed {one['no']} waits" for one in waiting]
        listed = {one["id"] for one in self.uploads()}
        return work + [f"upload {one} is not listed" for one in acknowledged if one not in listed]

    def uploads(self) -> list[dict[str, Any]]:
        """Every upload that the service knows."""
        found: list[dict[str, Any]] = self.lists("upload", "list", "--limit", "100000")["uploads"]
        return found
