"""The tables of our own rows, and nothing else. The durable engine keeps its tables in the same database.

Moments are ISO-8601 text in UTC with milliseconds: they sort by time, and are the same on SQLite and PostgreSQL.
"""

from __future__ import annotations

from cws_filedrop.store.schema.accounts import ACCOUNTS, CARRIER_NAMES, KEYS, PROFILES, RESTORED_LOOKS, SELLERS
from cws_filedrop.store.schema.alarms import ALARMS, BEATS
from cws_filedrop.store.schema.base import METADATA, SERIAL
from cws_filedrop.store.schema.cluster import SHARED_FOLDERS, WORKERS
from cws_filedrop.store.schema.connections import CONNECTIONS
from cws_filedrop.store.schema.doors import AUDIT, AUDIT_EXPORTS, GUARD
from cws_filedrop.store.schema.feeds import BUCKETS, FEEDS, PULLS
from cws_filedrop.store.schema.hooks import HANDED_IN, HOOK_CALLS, HOOKS
from cws_filedrop.store.schema.mail import MAIL_NOTES, MAILS
from cws_filedrop.store.schema.orders import OPEN_SOON, ORDER_HISTORY, ORDER_KEPT, ORDER_LINES, ORDER_PEOPLE, ORDERS
from cws_filedrop.store.schema.uploads import CLAIMS, LINES, QUIET_LINES, SIGHTINGS, TO_SEND, UPLOADS, VERDICT_COUNTS
from cws_filedrop.store.schema.web import API_TOKENS, CASES, DECISIONS, USER_TOKENS, USERS, WEB_SESSIONS

__all__ = [
    "ACCOUNTS",
    "ALARMS",
    "API_TOKENS",
    "AUDIT",
    "AUDIT_EXPORTS",
    "BEATS",
    "BUCKETS",
    "CARRIER_NAMES",
    "CASES",
    "CLAIMS",
    "CONNECTIONS",
    "DECISIONS",
    "FEEDS",
    "GUARD",
    "HANDED_IN",
    "HOOKS",
    "HOOK_CALLS",
    "KEYS",
    "LINES",
    "MAILS",
    "MAIL_NOTES",
    "METADATA",
    "OPEN_SOON",
    "ORDERS",
    "ORDER_HISTORY",
    "ORDER_KEPT",
    "ORDER_LINES",
    "ORDER_PEOPLE",
    "PROFILES",
    "PULLS",
    "QUIET_LINES",
    "RESTORED_LOOKS",
    "SELLERS",
    "SERIAL",
    "SHARED_FOLDERS",
    "SIGHTINGS",
    "TO_SEND",
    "UPLOADS",
    "USERS",
    "USER_TOKENS",
    "VERDICT_COUNTS",
    "WEB_SESSIONS",
    "WORKERS",
]
