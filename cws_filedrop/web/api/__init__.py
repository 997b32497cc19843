"""The REST API (`build`). By tokens only; knows nothing of pages and sessions."""

from __future__ import annotations

from cws_filedrop.web.api.app import build

__all__ = ["build"]
