"""What is needed to speak with Amazon: each account's clients, and how often each operation may be called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cws_filedrop.backoff import amazon_works_on_it
from cws_filedrop.marketplaces import limits
from cws_filedrop.marketplaces.amazon import DocumentPlace, Feed
from cws_filedrop.marketplaces.orders_api import AmazonOrder
from cws_filedrop.model import Account, FeedKind
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.feeds.feeds import RateLimit


class FeedClient(Protocol):
    """What is needed of Amazon (marketplaces.amazon.FeedsClient)."""

    def create_feed_document(self) -> DocumentPlace: ...
    def upload(self, url: str, body: bytes) -> None: ...
    def create_feed(self, document_id: str, kind: FeedKind = ...) -> str: ...
    def get_feed(self, feed_id: str) -> Feed: ...
    def get_feeds(self, created_since: datetime) -> list[Feed]: ...
    def get_report(self, document_id: str) -> bytes: ...


class OrderClient(Protocol):
    """What is needed of Amazon to look an order up (marketplaces.orders_api.OrdersClient)."""

    def get_order(self, order_id: str) -> AmazonOrder | None: ...


@dataclass(frozen=True)
class AmazonContext:
    """A desk, and how to reach each account's marketplace."""

    context: ServiceContext
    client: Callable[[Account], FeedClient]
    orders: Callable[[Account], OrderClient]
    rate_scale: float

    def rate_limit(self, operation: str, *, spare: int = 0) -> RateLimit:
        """How a token of that operation is taken; of the burst, `spare` tokens are left to what matters more."""
        rate = limits.RATES[operation].scaled(self.rate_scale).sparing(spare)
        return RateLimit(operation, lambda arrival, now: limits.reserve(arrival, now, rate))

    def poll_seconds(self, looks: int) -> float:
        """How long to leave something alone that Amazon works on, after that many looks."""
        settings = self.context.settings.marketplace
        return amazon_works_on_it(settings.poll_seconds, settings.poll_slowest_seconds).seconds(looks + 1)
