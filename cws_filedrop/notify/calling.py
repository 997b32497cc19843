"""One call of a web hook: signed, by HTTP POST, to an address that was checked; no redirect is followed.

The connection goes to the very address that was checked, not to the name again, which might lead elsewhere by then.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

import httpx

from cws_filedrop import __version__
from cws_filedrop.errors import Impossible
from cws_filedrop.notify import reaching, signing
from cws_filedrop.notify.reaching import Unreachable

SHOWN_BYTES: Final = 200  # of an answer
GONE: Final = 410


@dataclass(frozen=True, slots=True)
class CallRules:
    """Whom calls may go to, and how long one may take in all."""

    allow_http: bool = False
    allow_private: bool = False
    timeout_seconds: float = 10.0
    ports: Collection[int] = ()  # empty: any


@dataclass(frozen=True, slots=True)
class HookMessage:
    """The message of a call: `id` is the same at every attempt, so that receivers can tell a repetition."""

    id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class CallResult:
    """How a call ended: was it accepted, the answer (status and first characters, or what failed), and does the
    receiver want no more calls (410)?"""

    taken: bool
    answer: str
    gone: bool = False


async def tell(
    target: str, message: HookMessage, *, secret: str, rules: CallRules, clock: Callable[[], float] = time.time
) -> CallResult:
    """Call once. Whatever the receiver, the network or the address is to blame for is a result, never raised."""
    try:
        async with asyncio.timeout(rules.timeout_seconds):
            url = reaching.checked(target, allow_http=rules.allow_http)
            places = await reaching.addresses(url, allow_private=rules.allow_private)
            reaching.check_port(url, rules.ports)
            return await _post(url, places, _signed(message, secret, int(clock())), message.body, rules)
    except TimeoutError:
        return CallResult(False, f"no answer within {rules.timeout_seconds:g} seconds")
    except (Unreachable, ValueError) as error:
        return CallResult(False, str(error))
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        return CallResult(False, f"{type(error).__name__}: {error}"[:SHOWN_BYTES])


def _signed(message: HookMessage, secret: str, now: int) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "user-agent": f"cws_filedrop/{__version__}",
        "webhook-id": message.id,
        "webhook-timestamp": str(now),
        "webhook-signature": signing.signature(secret, message.id, now, message.body),
    }


async def _post(
    url: httpx.URL, places: list[str], headers: dict[str, str], body: bytes, rules: CallRules
) -> CallResult:
    """Call the first of its addresses that can be connected to."""
    host = url.netloc.decode("ascii")
    # The URL holds the IP address that was checked; certificate and Host header are still those of the name.
    named = {"sni_hostname": url.raw_host.decode("ascii")} if url.scheme == "https" else {}
    # trust_env off: a proxy of the environment would connect from elsewhere, past the check.
    async with httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=rules.timeout_seconds) as client:
        for place in places:
            there = url.copy_with(host=place)
            request = client.build_request(
                "POST", there, headers=headers | {"host": host}, content=body, extensions=named
            )
            try:
                answer = await client.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if place == places[-1]:
                    raise
                continue
            try:
                return _result(answer.status_code, await _beginning(answer))
            finally:
                await answer.aclose()
    raise Impossible("a host has one address at least")


async def _beginning(answer: httpx.Response) -> str:
    """The first characters of an answer, on one line; as it came, so that nothing is unpacked."""
    read = b""
    async for chunk in answer.aiter_raw():
        read += chunk[:SHOWN_BYTES]
        if len(read) >= SHOWN_BYTES:
            break
    words = read[:SHOWN_BYTES].decode("utf-8", "replace")
    return " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())


def _result(status: int, words: str) -> CallResult:
    answer = f"{status} {words}".strip()[:SHOWN_BYTES]
    if 300 <= status < 400:
        answer = f"{status}: redirects are not followed"
    return CallResult(200 <= status < 300, answer, gone=status == GONE)
