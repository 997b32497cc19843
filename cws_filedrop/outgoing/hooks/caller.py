"""Queued calls -> web hooks, each until it is accepted. A thread of the worker's.

A call that was not accepted is made again, ever more slowly; so that a dead receiver is not called once for each of
many calls, its hook rests as well. A hook that has accepted nothing for days is switched off.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from cws_filedrop import config, log
from cws_filedrop.backoff import HOOK_NOT_TAKEN
from cws_filedrop.errors import ConfigError
from cws_filedrop.model import HookEvent
from cws_filedrop.notify import calling, reaching, signing
from cws_filedrop.notify.calling import CallResult, CallRules, HookMessage
from cws_filedrop.outgoing.hooks import events
from cws_filedrop.outgoing.mail import notes
from cws_filedrop.pacing.due_rows import Batch, DueRows
from cws_filedrop.pacing.status_due import STATUS_DUE
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import moment
from cws_filedrop.store.outgoing import hooks
from cws_filedrop.store.outgoing.hooks import HookCall
from cws_filedrop.store.sellers import sellers

LOG: Final = log.get(__name__)
ROUND_SECONDS: Final = 1.0
AT_ONCE: Final = 200  # due calls fetched in a round
OF_ONE_HOOK: Final = 20  # made in a round, one after the other
SIDE_BY_SIDE: Final = 16  # hooks
LONGEST_REST_SECONDS: Final = 300.0
MARGIN_SECONDS: Final = 30.0  # beyond its time-out; then a call that somebody began is taken over


class Caller:
    """Makes the calls. `start()` returns at once; `stop()` waits for calls under way."""

    def __init__(self, context: ServiceContext, *, is_ours: Callable[[], bool] = lambda: True) -> None:
        """`is_ours` says whether this process is to make them now.

        Raises: ConfigError when the [hooks] settings cannot be used.
        """
        self._context = context
        self._secret = operators_secret(context)
        batch = Batch(lambda: self.round() > 0, ROUND_SECONDS)
        self._task = DueRows("hooks", batch, is_ours=is_ours, broke=lambda: LOG.exception("hooks.round_failed"))

    def start(self) -> None:
        """Begin; calls that an earlier process had under way are made again."""
        url = self._context.settings.hooks.operators_url
        hooks.keep_operators(self._context.db, url, events.OPERATORS_EVENTS, now=self._context.clock())
        self._task.start()

    def stop(self, *, patience_seconds: float) -> None:
        """Finish the calls under way."""
        self._task.stop(patience_seconds=patience_seconds)

    def round(self) -> int:
        """Make calls that are due; how many were accepted."""
        by_hook: dict[int, list[HookCall]] = {}
        for call in hooks.due(self._context.db, now=self._context.clock(), limit=AT_ONCE):
            by_hook.setdefault(call.hook.id, []).append(call)
        return asyncio.run(self._side_by_side(list(by_hook.values()))) if by_hook else 0

    async def _side_by_side(self, queues: list[list[HookCall]]) -> int:
        places = asyncio.Semaphore(SIDE_BY_SIDE)

        async def one_hook(queue: list[HookCall]) -> int:
            async with places:
                return await self._of_one_hook(queue)

        return sum(await asyncio.gather(*map(one_hook, some_of_each(queues))))

    async def _of_one_hook(self, queue: list[HookCall]) -> int:
        """In order, until one is not accepted: then the hook rests."""
        taken = 0
        for call in queue:
            if self._task.ending.is_set():
                break
            rules = rules_of(self._context)
            until = self._context.clock() + timedelta(seconds=rules.timeout_seconds + MARGIN_SECONDS)
            if not hooks.begin(self._context.db, call, until=until):  # another process has begun it
                continue
            secret = self._secret if call.hook.seller_id is None else call.hook.secret
            seconds = self._context.clock().timestamp
            message = HookMessage(call.message_id, call.body.encode())
            result = await calling.tell(call.hook.url, message, secret=secret, rules=rules, clock=seconds)
            self._ended(call, result)
            if not result.taken:
                break
            taken += 1
        return taken

    def _ended(self, call: HookCall, result: CallResult) -> None:
        db, now = self._context.db, self._context.clock()
        if result.taken:
            hooks.delivered(db, call, answer=result.answer, now=now)
            LOG.info("hook.called", hook=call.hook.id, call=call.no, kind=call.event)
            return
        give_up = timedelta(days=self._context.settings.hooks.give_up_days)
        wait, rest = HOOK_NOT_TAKEN.seconds(call.attempts + 1), HOOK_NOT_TAKEN.seconds(call.hook.failures + 1)
        rests_until = now + timedelta(seconds=min(LONGEST_REST_SECONDS, rest))
        # A receiver that accepts others refuses this very call: given up alone. One that accepts none is switched off.
        took_others = (call.hook.called_at or "") > call.created_at
        over = took_others and moment(call.created_at) + give_up <= now
        next_at = None if over else now + timedelta(seconds=wait)
        hooks.postponed(db, call, answer=result.answer, next_at=next_at, rests_until=rests_until, now=now)
        LOG.warning("hook.not_taken", hook=call.hook.id, call=call.no, attempt=call.attempts + 1, why=result.answer)
        if result.gone:
            self._switch_off(call, f"it answered {result.answer}: gone", now)
        elif call.hook.failing_since is not None and moment(call.hook.failing_since) + give_up <= now:
            days = self._context.settings.hooks.give_up_days
            self._switch_off(call, f"it took nothing for {days:g} days; last: {result.answer}", now)

    def _switch_off(self, call: HookCall, why: str, now: datetime) -> None:
        if not hooks.switch_off(self._context.db, call.hook.id, why=why):
            return
        LOG.error("hook.switched_off", hook=call.hook.id, why=why)
        whose = "the operators'"
        if call.hook.seller_id is not None:
            seller = sellers.by_id(self._context.db, call.hook.seller_id)
            whose = f"of {seller.name}"
            STATUS_DUE.add(seller.name)
        what = f"the web hook {call.hook.id} {whose} is switched off: {why}"
        notes.trouble(self._context, f"hook:{call.hook.id}:off:{now:%Y%m%d%H%M}", about=str(call.hook.id), what=what)


def some_of_each(queues: list[list[HookCall]]) -> list[list[HookCall]]:
    """As many calls of each hook as are made in a round; only one, to try, of a hook whose last call failed."""
    return [queue[: 1 if queue[0].hook.failures else OF_ONE_HOOK] for queue in queues]


def rules_of(context: ServiceContext) -> CallRules:
    """What the settings allow hooks."""
    chosen = context.settings.hooks
    return CallRules(chosen.allow_http, chosen.allow_private, chosen.timeout_seconds, chosen.called_ports)


def operators_secret(context: ServiceContext) -> str:
    """The secret of the operators' hook; "" when there is none. Raises: ConfigError."""
    chosen = context.settings.hooks
    if not chosen.operators_url:
        return ""
    key = "[hooks] operators_secret"
    secret = config.secret(chosen.operators_secret, os.environ, key=key)
    try:
        reaching.checked(chosen.operators_url, allow_http=chosen.allow_http, ports=chosen.called_ports)
        signing.key_of(secret)
    except (reaching.Unreachable, ValueError) as error:
        raise ConfigError(f"[hooks] operators_url or operators_secret: {error}") from error
    return secret


def try_out(context: ServiceContext, hook: hooks.Hook, message_id: str) -> CallResult:
    """Call a hook at once, to see whether it works; nothing is queued."""
    now = context.clock()
    text = events.body(HookEvent.TEST, {"hook_id": hook.id}, now=now, marketplace=context.marketplace)
    message = HookMessage(message_id, text.encode())
    return asyncio.run(calling.tell(hook.url, message, secret=hook.secret, rules=rules_of(context)))
