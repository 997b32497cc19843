"""Takes the files that come by HTTP, through pages and API alike: one `HandingIn` in the web server's process."""

from __future__ import annotations

from functools import partial
from typing import Final

from cws_filedrop import log
from cws_filedrop.drop.handing_in import HandingIn
from cws_filedrop.model import Limits
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.sellers import profiles
from cws_filedrop.transports.landing import first_look

LOG: Final = log.get(__name__)


def handing_in(context: ServiceContext) -> HandingIn:
    """The `HandingIn` for uploads by HTTP, once it has removed what a dead process left half taken."""
    limits = context.settings.limits
    bounds = Limits(limits.upload_bytes, limits.unpacked_bytes, limits.lines)
    look = partial(first_look.fault, limits=bounds, profiles_of=partial(profiles.of_name, context.db))
    made = HandingIn(
        context.homes,
        context.spool,
        upload_limit_bytes=limits.upload_bytes,
        least_free_bytes=limits.free_bytes,
        look=look,
    )
    if removed := made.recover():
        LOG.info("api.leftovers_removed", files=removed)
    return made
