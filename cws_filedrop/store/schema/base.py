"""What every table is made with."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

METADATA: Final = sa.MetaData()
SERIAL: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
