"""Which scope of its token a call takes. What a new route takes is `manage`, until it is said here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from fastapi import Request

from cws_filedrop.model import Scope
from cws_filedrop.web.api.problems import Problem

SAFE: Final = frozenset({"GET", "HEAD"})
UPLOADING: Final = frozenset({"/uploads", "/orders/confirm", "/uploads/{upload_id}/release"})
READING: Final = "/evidence"  # packs what can be read anyway


def needed(method: str, path: str) -> Scope:
    """The scope; `path` is the route's, without the prefix of the API."""
    if method in SAFE or path.endswith(READING):
        return Scope.READ
    return Scope.UPLOAD if path in UPLOADING else Scope.MANAGE


def check(request: Request, scopes: Sequence[Scope]) -> None:
    """Raises: Problem 403, when the token is not for that (RFC 6750, 3.1)."""
    wanted = needed(request.method, request.scope["route"].path)
    if wanted not in scopes:
        has = f"this token has {', '.join(scopes)}" if scopes else "this token has none"
        told = f'Bearer error="insufficient_scope", scope="{wanted}"'
        raise Problem(403, f"That takes the scope {wanted}; {has}", headers={"WWW-Authenticate": told})


def document(paths: dict[str, Any]) -> None:
    """Have every operation name its scope beside the token."""
    for path, operations in paths.items():
        for method, operation in operations.items():
            scope = str(needed(method.upper(), path))
            operation["security"] = [{name: [scope] for name in one} for one in operation.get("security", [])]
