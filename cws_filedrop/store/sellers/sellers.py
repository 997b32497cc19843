"""Sellers and their Amazon accounts: rows in, `model.Seller` out. Knows nothing of how passwords are checked."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.model import Account, Allowance, DateOrder, Issue, MailEvent, Mailing, Policy, Profile, Seller
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.schema import ACCOUNTS, PROFILES, SELLERS, WEB_SESSIONS
from cws_filedrop.store.sellers import profiles

MOST_HEADINGS: Final = 100  # sets of headings that are remembered


def policy_text(policy: Policy) -> str:
    """A policy as the JSON stored in the row; only what differs from the default."""
    plain = asdict(Policy())
    return json.dumps({key: value for key, value in asdict(policy).items() if value != plain[key]})


def policy_of(text: str) -> Policy:
    """The policy a row holds."""
    values = json.loads(text)
    if values.get("date_order"):
        values["date_order"] = DateOrder(values["date_order"])
    aliases = values.pop("carrier_aliases", ())
    known = tuple(values.pop("known_headings", ()))
    aliased = tuple((str(name), str(code)) for name, code in aliases)
    return Policy(**values, carrier_aliases=aliased, known_headings=known)


def allowance_of(text: str) -> Allowance:
    """The limits a row holds."""
    return Allowance(**json.loads(text))


def allowance_text(allowance: Allowance) -> str:
    """Limits as the JSON stored in the row; only those that are set."""
    return json.dumps({name: value for name, value in asdict(allowance).items() if value})


def mailing_of(text: str) -> Mailing:
    """The mail settings that a row holds."""
    values = json.loads(text)
    events = tuple(MailEvent(event) for event in values.get("events", ()))
    return Mailing(tuple(values.get("addresses", ())), events, bool(values.get("buyers", False)))


def mailing_text(mailing: Mailing) -> str:
    """Mail settings as the JSON stored in the row."""
    return json.dumps({name: value for name, value in asdict(mailing).items() if value})


def _sellers(connection: sa.Connection, query: sa.Select[Any]) -> list[Seller]:
    rows = connection.execute(query).all()
    having = [row.id for row in rows if row.has_profiles]
    own = profiles.of_sellers(connection, having) if having else {}
    return [_seller(row, own.get(row.id, ())) for row in rows]


def _seller(row: Any, own: tuple[Profile, ...]) -> Seller:
    account = Account(row.account_id, row.merchant_id, row.marketplace_id)
    policy, allowance, mailing = policy_of(row.policy), allowance_of(row.allowance), mailing_of(row.mailing)
    return Seller(row.id, row.name, account, policy, row.enabled, allowance, mailing, own)


def _select() -> sa.Select[Any]:
    some = sa.exists().where(PROFILES.c.seller_id == SELLERS.c.id)
    # Not the second factor, which is sealed: sellers are looked up all the time.
    plain = [column for column in SELLERS.c if not column.name.startswith("totp")]
    columns = (*plain, ACCOUNTS.c.merchant_id, ACCOUNTS.c.marketplace_id, some.label("has_profiles"))
    return sa.select(*columns).select_from(SELLERS.join(ACCOUNTS))


def add(db: Database, seller: Seller, *, password_hash: str, now: datetime, refresh_token: str = "") -> bool:
    """Add a seller (its id is ignored); false when the name is taken."""
    with db.write() as connection:
        taken = connection.execute(sa.select(SELLERS.c.removed_at).where(SELLERS.c.name == seller.name)).first()
        if taken is not None:
            return False
        connection.execute(
            SELLERS.insert().values(
                name=seller.name,
                account_id=_account_id(connection, seller.account, refresh_token),
                password_hash=password_hash,
                policy=policy_text(seller.policy),
                created_at=stamp(now),
            )
        )
    return True


def _account_id(connection: sa.Connection, account: Account, refresh_token: str) -> int:
    same = (ACCOUNTS.c.merchant_id == account.merchant_id) & (ACCOUNTS.c.marketplace_id == account.marketplace_id)
    known = connection.execute(sa.select(ACCOUNTS.c.id).where(same)).scalar()
    if known is not None:
        if refresh_token:
            connection.execute(ACCOUNTS.update().where(same).values(refresh_token=refresh_token))
        return int(known)
    values = {
        "merchant_id": account.merchant_id,
        "marketplace_id": account.marketplace_id,
        "refresh_token": refresh_token,
        **_inherited(connection),
    }
    return int(connection.execute(ACCOUNTS.insert().values(values).returning(ACCOUNTS.c.id)).scalar_one())


def _inherited(connection: sa.Connection) -> Mapping[str, Any]:
    """What a new account of a restored database is marked with: it may be one that the backup does not have yet."""
    columns = [ACCOUNTS.c[name] for name in ("restored_at", "unseen_since", "unseen_note")]
    query = sa.select(*columns).where(ACCOUNTS.c.unseen_since.is_not(None)).order_by(ACCOUNTS.c.unseen_since).limit(1)
    row = connection.execute(query).first()
    return dict(row._mapping) if row is not None else {}


def find(db: Database, name: str) -> Seller | None:
    """The seller of that name, matched without regard to case."""
    return by_name(db, [name]).get(name.lower())


def by_name(db: Database, names: Iterable[str]) -> dict[str, Seller]:
    """The sellers with these names, as far as they exist, by name in lower case."""
    query = _select().where(SELLERS.c.removed_at.is_(None), SELLERS.c.name.in_({name.lower() for name in names}))
    with db.read() as connection:
        return {seller.name: seller for seller in _sellers(connection, query)}


def by_id(db: Database, seller_id: int) -> Seller:
    """The seller with that id, removed ones included."""
    return by_ids(db, [seller_id])[seller_id]


def by_ids(db: Database, seller_ids: Iterable[int]) -> dict[int, Seller]:
    """The sellers with these ids, removed ones included."""
    query = _select().where(SELLERS.c.id.in_(set(seller_ids)))
    with db.read() as connection:
        return {seller.id: seller for seller in _sellers(connection, query)}


def everyone(db: Database) -> list[Seller]:
    """Every seller, by name."""
    with db.read() as connection:
        query = _select().where(SELLERS.c.removed_at.is_(None)).order_by(SELLERS.c.name)
        return _sellers(connection, query)


@dataclass(frozen=True, slots=True)
class Access:
    """How a seller may log in; `version` grows when earlier logins become invalid."""

    seller_id: int
    password_hash: str
    clear_password_hash: str | None  # for logins without encryption
    version: int
    networks: str
    expires_at: str | None
    allowance: Allowance


# Built once, since every login runs it, and building it takes longer than running it.
_VERSIONS: Final = sa.select(SELLERS.c.name, SELLERS.c.version).where(
    SELLERS.c.enabled,
    SELLERS.c.removed_at.is_(None),
    sa.or_(SELLERS.c.expires_at.is_(None), SELLERS.c.expires_at > sa.bindparam("now")),
)
_VERSION: Final = _VERSIONS.where(SELLERS.c.name == sa.bindparam("name"))


def access(db: Database, name: str, now: datetime) -> Access | None:
    """How the seller of that name may log in; None when it may not."""
    columns = (SELLERS.c[item.name] for item in fields(Access) if item.name != "seller_id")
    admitted = (SELLERS.c.name == name.lower(), SELLERS.c.enabled, SELLERS.c.removed_at.is_(None))
    with db.read() as connection:
        row = connection.execute(sa.select(SELLERS.c.id.label("seller_id"), *columns).where(*admitted)).first()
    if row is None or (row.expires_at is not None and row.expires_at <= stamp(now)):
        return None
    return Access(**{**row._mapping, "allowance": allowance_of(row.allowance)})


def expiring(db: Database, *, before: datetime) -> list[tuple[str, str]]:
    """Sellers whose access ends before a moment, or has ended: (name, stamp)."""
    query = sa.select(SELLERS.c.name, SELLERS.c.expires_at).where(SELLERS.c.enabled, SELLERS.c.removed_at.is_(None))
    with db.read() as connection:
        rows = connection.execute(query.where(SELLERS.c.expires_at < stamp(before)).order_by(SELLERS.c.name))
        return [(row.name, row.expires_at) for row in rows]


def versions(db: Database, names: Collection[str], now: datetime) -> dict[str, int]:
    """The login versions of some sellers, by name in lower case; those who may not log in are missing."""
    wanted = {name.lower() for name in names}
    one = {"name": next(iter(wanted))} if len(wanted) == 1 else {}
    with db.read() as connection:
        found = connection.execute(_VERSION if one else _VERSIONS, {"now": stamp(now), **one})
        return {name: version for name, version in found if name in wanted}


def change(db: Database, name: str, values: Mapping[str, object]) -> bool:
    """Set columns of a seller and invalidate its logins; false when there is none of that name."""
    with db.write() as connection:
        return change_in(connection, name, values)


def change_in(connection: sa.Connection, name: str, values: Mapping[str, object]) -> bool:
    """`change`, in a transaction."""
    mine = (SELLERS.c.name == name.lower(), SELLERS.c.removed_at.is_(None))
    done = SELLERS.update().where(*mine).values({**values, "version": SELLERS.c.version + 1})
    return connection.execute(done).rowcount > 0


def set_factor_in(connection: sa.Connection, seller_id: int, secret: str) -> None:
    """Ask for codes of that secret on the pages from now on, "" = none; browsers are logged out, doors are not."""
    connection.execute(SELLERS.update().where(SELLERS.c.id == seller_id).values(totp_secret=secret))
    connection.execute(WEB_SESSIONS.delete().where(WEB_SESSIONS.c.seller_id == seller_id))


def set_mailing(db: Database, name: str, mailing: Mailing) -> bool:
    """Store a seller's mail settings, which leaves logins valid; false when there is none of that name."""
    with db.write() as connection:
        mine = (SELLERS.c.name == name.lower(), SELLERS.c.removed_at.is_(None))
        return connection.execute(SELLERS.update().where(*mine).values(mailing=mailing_text(mailing))).rowcount > 0


def set_policy(db: Database, name: str, policy: Policy) -> bool:
    """Store how a seller's files are read and judged, which leaves logins valid; false when there is none."""
    with db.write() as connection:
        mine = (SELLERS.c.name == name.lower(), SELLERS.c.removed_at.is_(None))
        return connection.execute(SELLERS.update().where(*mine).values(policy=policy_text(policy))).rowcount > 0


def remember_headings_in(connection: sa.Connection, seller_id: int, issues: Iterable[Issue]) -> None:
    """A file that these issues held was released: files of the seller with the same headings are not held again."""
    marks = [issue.value for issue in issues if issue.code == "F13"]
    if not marks:
        return
    mine = SELLERS.c.id == seller_id
    policy = policy_of(connection.execute(sa.select(SELLERS.c.policy).where(mine)).scalar_one())
    known = tuple(dict.fromkeys((*policy.known_headings, *marks)))[-MOST_HEADINGS:]
    connection.execute(SELLERS.update().where(mine).values(policy=policy_text(replace(policy, known_headings=known))))


def remove(db: Database, name: str, *, now: datetime) -> bool:
    """Take a seller out of use. The row stays, under another name, since uploads point to it."""
    parked = f"{name.lower()}~{stamp(now)}"
    return change(db, name, {"enabled": False, "removed_at": stamp(now), "name": parked})


def account(db: Database, account_id: int) -> Account:
    """The account with that id."""
    with db.read() as connection:
        row = connection.execute(sa.select(ACCOUNTS).where(ACCOUNTS.c.id == account_id)).one()
    return Account(row.id, row.merchant_id, row.marketplace_id)


def accounts(db: Database, account_ids: Iterable[int]) -> dict[int, Account]:
    """The accounts with these ids."""
    query = sa.select(ACCOUNTS.c.id, ACCOUNTS.c.merchant_id, ACCOUNTS.c.marketplace_id)
    with db.read() as connection:
        return {row.id: Account(*row) for row in connection.execute(query.where(ACCOUNTS.c.id.in_(set(account_ids))))}


def refresh_token(db: Database, account_id: int) -> str:
    """The reference to the account's refresh token ("" = none)."""
    with db.read() as connection:
        return str(
            connection.execute(sa.select(ACCOUNTS.c.refresh_token).where(ACCOUNTS.c.id == account_id)).scalar_one()
        )
