"""What an operator has to hear about the marketplace when the service starts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cws_filedrop import log
from cws_filedrop.reports.marketplace import NOTICE, REMEDY, SANDBOX_FEED, MarketplaceKind
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.feeds import lines_sent
from cws_filedrop.store.sellers import sellers

LOG: Final = log.get(__name__)


def warned(context: ServiceContext) -> list[str]:
    """Sentences for the terminal, which are in the log, too."""
    found = list(_warnings(context))
    for words in found:
        LOG.warning("service.marketplace_warned", why=words)
    return found


def _warnings(context: ServiceContext) -> Iterator[str]:
    """That sellers have no real account; or that Amazon never heard of what the sandbox once accepted."""
    if context.marketplace is MarketplaceKind.SANDBOX:
        names = [seller.name for seller in sellers.everyone(context.db)]
        yield f"{NOTICE}{_without_account(names)} {REMEDY}"
    elif lines := lines_sent.accepted_in(context.db, SANDBOX_FEED):
        yield (
            f"{lines:,} {'line' if lines == 1 else 'lines'} confirmed by the built-in sandbox, before Amazon was the"
            " marketplace: Amazon was never told of them, and the same lines dropped again are duplicates. Begin with"
            " an empty data folder."
        )


def _without_account(names: list[str]) -> str:
    if not names:
        return ""
    some = ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")
    return f" That is so for {some}, whose accounts at Amazon are not used."
