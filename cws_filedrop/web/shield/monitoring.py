"""Who may ask for metrics and readiness: whoever reaches a listener that is there for that, or gives a token, or, when
neither is set, this machine and private networks.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Final

from fastapi import Request

from cws_filedrop import config
from cws_filedrop.gate.sources import among
from cws_filedrop.settings import WebSettings

PATHS: Final = frozenset({"/metrics", "/readyz"})
MACHINES: Final = PATHS | {"/healthz"}
PRIVATE: Final = "127.0.0.0/8 ::1/128 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 169.254.0.0/16 fc00::/7 fe80::/10"


class Monitoring:
    """As [web] says."""

    def __init__(self, settings: WebSettings, environment: Mapping[str, str]) -> None:
        """Raises: ConfigError when the token cannot be had."""
        self._port = settings.monitoring_port
        self._token = config.secret(settings.monitoring_token, environment, key="[web] monitoring_token")
        self._near = among(PRIVATE)

    def may(self, request: Request) -> bool:
        """May this be asked here, by this client?"""
        path = request.url.path
        if self._port and _port(request) == self._port:
            return path in MACHINES
        if path not in PATHS:
            return True
        if self._token:
            given = request.headers.get("authorization", "")
            return hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode())
        return not self._port and self._near(request.client.host if request.client else "")


def _port(request: Request) -> int:
    """Of the listener that the request came to."""
    server = request.scope.get("server")
    return (server[1] or 0) if server else 0
