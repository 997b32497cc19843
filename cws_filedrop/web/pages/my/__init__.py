"""The pages of sellers, a module each. A seller sees its own and nothing else: what is another's is not there (404)."""

from __future__ import annotations

from cws_filedrop.web.pages.my import connect, login, now, orders, settings, templates, tokens, upload, uploads

__all__ = ["connect", "login", "now", "orders", "settings", "templates", "tokens", "upload", "uploads"]
