"""`cws-filedrop seller hook`: the web hooks of a seller."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from cws_filedrop.cli.completion import answers
from cws_filedrop.cli.terminal.shared import settings, show_json, show_table, stop
from cws_filedrop.model import SELLERS_EVENTS

app = typer.Typer(help="Web hooks: add, list, try out, switch off and on, remove.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="user name", autocompletion=answers.sellers)]
HookId = Annotated[int, typer.Argument(help="as `seller hook list` shows it")]
Json = Annotated[bool, typer.Option("--json", help="for machines")]


@app.command()
def add(
    name: Name,
    url: Annotated[str, typer.Argument(help="such as https://example.com/hook")],
    event: Annotated[
        list[str] | None,
        typer.Option(help="may be repeated [default: all]", autocompletion=answers.one_of(*SELLERS_EVENTS)),
    ] = None,
    json: Json = False,
) -> None:
    """Send events of a seller's uploads and orders to an address; show the secret that signs the calls, once."""
    from cws_filedrop.cli.terminal.decisions import decided
    from cws_filedrop.decisions import seller_hooks
    from cws_filedrop.notify import reaching

    chosen = settings()
    for wanted in event or ():
        if wanted not in SELLERS_EVENTS:
            raise stop(f"--event {wanted}: use {', '.join(SELLERS_EVENTS)}", 2)
    events = [known for known in SELLERS_EVENTS if not event or known in event]
    try:
        reaching.checked(url, allow_http=chosen.hooks.allow_http, ports=chosen.hooks.called_ports)
    except reaching.Unreachable as error:
        raise stop(f"{url}: {error}", 2) from None
    hook_id, secret = decided(seller_hooks.add, name, url, events)
    if json:
        show_json({"version": 1, "id": hook_id, "url": url, "events": events, "secret": secret})
    else:
        typer.echo(f"hook   {hook_id}\nsecret {secret}\nThis secret is shown once.")


@app.command("list")
def list_(name: Name, json: Json = False) -> None:
    """Show a seller's hooks, and how they are doing."""
    from cws_filedrop.cli.terminal.opened import database, seller_id
    from cws_filedrop.store.outgoing import hooks

    db = database(settings())
    listed = hooks.listing(db, seller_id(db, name))
    waiting = hooks.waiting(db, [hook.id for hook in listed])
    if json:
        plain = [{**asdict(hook), "waiting": waiting.get(hook.id, 0)} for hook in listed]
        for hook in plain:
            del hook["secret"]
        show_json({"version": 1, "seller": name.lower(), "hooks": plain})
        return
    rows = [
        (hook.id, hook.url, " ".join(hook.events), _state(hook), waiting.get(hook.id, 0), hook.last_answer)
        for hook in listed
    ]
    show_table(f"Web hooks of {name.lower()}", ("id", "address", "events", "state", "waiting", "last answer"), rows)


@app.command("test")
def try_out(name: Name, hook: HookId, json: Json = False) -> None:
    """Call a hook now with an event `hook.test`, and show what it answers."""
    import secrets

    from cws_filedrop.cli.terminal.opened import context, seller_id
    from cws_filedrop.outgoing.hooks import caller
    from cws_filedrop.store.outgoing import hooks

    opened = context(settings())
    kept = hooks.get(opened.db, seller_id(opened.db, name), hook)
    if kept is None:
        raise stop(f"{name.lower()} has no web hook {hook}")
    result = caller.try_out(opened, kept, f"msg_test{secrets.token_hex(12)}")
    if json:
        show_json({"version": 1, "taken": result.taken, "answer": result.answer})
    elif result.taken:
        typer.echo(f"taken: {result.answer}")
    if not result.taken:
        raise stop(f"not taken: {result.answer}")


@app.command()
def disable(name: Name, hook: HookId) -> None:
    """Stop calling a hook; nothing new is queued for it."""
    _enable(name, hook, enabled=False)


@app.command()
def enable(name: Name, hook: HookId) -> None:
    """Call a hook again; events queued when it was switched off are sent now."""
    _enable(name, hook, enabled=True)


@app.command()
def remove(name: Name, hook: HookId) -> None:
    """Remove a hook, and what is queued for it."""
    from cws_filedrop.cli.terminal.decisions import decided
    from cws_filedrop.decisions import seller_hooks

    decided(seller_hooks.remove, name, hook)
    typer.echo(f"web hook {hook} is removed")


def _enable(name: str, hook: int, *, enabled: bool) -> None:
    from cws_filedrop.cli.terminal.decisions import decided
    from cws_filedrop.decisions import seller_hooks

    decided(seller_hooks.enable, name, hook, enabled)
    typer.echo(f"web hook {hook} is switched {'on' if enabled else 'off'}")


def _state(hook: Any) -> str:
    if not hook.enabled:
        return f"off: {hook.why_disabled}" if hook.why_disabled else "off"
    return f"failing since {hook.failing_since}" if hook.failing_since else "on"
