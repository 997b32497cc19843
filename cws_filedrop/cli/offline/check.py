"""`cws-filedrop check FILE`: what would happen to a file; no service, no network, no database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cws_filedrop.cli.offline.options import (
    File,
    Now,
    Order,
    OrderBook,
    UnknownOrderPolicy,
    UnknownOrders,
    Zone,
    context,
    look_up,
    readable,
)
from cws_filedrop.cli.offline.profile_source import Chosen, chosen
from cws_filedrop.cli.terminal.shared import show_json
from cws_filedrop.formatting import printable
from cws_filedrop.model import Issue, JudgementContext, Verdict
from cws_filedrop.rules.book import LookUp
from cws_filedrop.settings import OrderSettings

SHOWN_LINES: Final = 50
SHOWN_HELD: Final = 5
NOT_KNOWN: Final = (
    "Not known here: what was dropped and sent before. The service also tells duplicates, corrections and what is left"
    " to ship, and knows the seller's own carrier names and limits."
)
NO_BOOK: Final = (
    "No order book was given (--order-book), so orders, items, quantities and purchase dates were not compared."
)
COLOURS: Final = {"error": "red", "held": "yellow", "warning": "yellow", "info": "cyan"}


def check(
    file: File,
    json: Annotated[bool, typer.Option("--json", help="one JSON object, for machines")] = False,
    now: Now = "",
    time_zone: Zone = "UTC",
    date_order: Order = None,
    order_book: OrderBook = None,
    unknown_orders: UnknownOrders = UnknownOrderPolicy.ACCEPT,
    profile: Chosen = "",
) -> None:
    """Tell what would happen to a file. Exit code 1 when any line would be rejected."""
    given = context(now, time_zone, date_order, unknown_orders, chosen(profile))
    answer = examined(readable(file), given, look_up(order_book, given))
    answer["not_known"] = [*([] if order_book else [NO_BOOK]), NOT_KNOWN] if answer["format"] else []
    if json:
        show_json(answer)
    else:
        _show(answer)
    if answer["summary"].get(Verdict.REJECTED, 0) or any(
        issue["severity"] == "error" for issue in answer["file_issues"]
    ):
        raise typer.Exit(1)


def examined(path: Path, given: JudgementContext, book: LookUp | None = None) -> dict[str, Any]:
    """The object of docs/domain.md#11-json: every line that has an issue, and a count of all."""
    from cws_filedrop.errors import FileRejected
    from cws_filedrop.examine import examine

    with path.open("rb") as source:
        try:
            examination = examine(source, file_name=path.name, context=given, look_up=book)
        except FileRejected as error:
            return _answer(path, None, [issue.as_json() for issue in error.issues])
        facts = examination.facts
        change = examination.alarm(OrderSettings().brake_orders)
        answer = _answer(path, facts, [issue.as_json() for issue in (*facts.issues, *_unusual(change))])
        counts: Counter[str] = Counter()
        for piece in examination.pieces():
            counts.update({str(verdict): int(n) for verdict, n in piece.verdicts.value_counts().items()})
            answer["lines"] += _lines(piece)
        answer |= {"summary": dict(counts), "line_count": sum(counts.values())}
        return _held(answer) if facts.holding or change.crowds else answer


def _held(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer for a file that waits as a whole: nothing becomes of its lines, but of the rejected ones."""
    kept = {verdict: count for verdict, count in answer["summary"].items() if verdict == Verdict.REJECTED}
    waiting = answer["line_count"] - sum(kept.values())
    lines = [
        line if line["verdict"] == Verdict.REJECTED else line | {"verdict": str(Verdict.HELD)}
        for line in answer["lines"]
    ]
    return answer | {"lines": lines, "summary": kept | {str(Verdict.HELD): waiting} if waiting else kept}


def _unusual(change: Any) -> list[Issue]:
    """Why the service would hold the file, by its usual limits and as far as the file alone tells (F09)."""
    from cws_filedrop.rules import catalogue

    crowds, most = change.crowds[:SHOWN_HELD], OrderSettings().brake_cancellations
    held = [catalogue.issue("F09", value=one.tracking, detail=f"tracking={one.orders} orders") for one in crowds]
    if change.cancelled > most:
        usual = "held if that is 3 times the most of the last 30 days, which is not known here"
        held.append(catalogue.issue("F09", detail=f"it cancels {change.cancelled} orders; {usual}"))
    return held


def _answer(path: Path, facts: Any, file_issues: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "version": 1,
        "file": path.name,
        "format": facts.format.name if facts else None,
        "encoding": facts.encoding if facts else None,
        "line_count": 0,
        "file_issues": file_issues,
        "lines": [],
        "summary": {},
        "notes": list(facts.notes) if facts else [],
    }


def _lines(piece: Any) -> list[dict[str, Any]]:
    orders, verdicts = piece.keys["order-id"].to_dict(), piece.verdicts.to_dict()
    in_json = {line: [issue.as_json() for issue in issues] for line, issues in sorted(piece.issues_by_line.items())}
    return [
        {"line": line, "order_id": orders[line], "verdict": verdicts[line], "issues": issues}
        for line, issues in in_json.items()
    ]


def _show(answer: Mapping[str, Any]) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    facts = ", ".join(filter(None, (answer["format"], answer["encoding"], f"{answer['line_count']:,} lines")))
    console.print(f"[b]{_plain(answer['file'])}[/]: {facts if answer['format'] else 'not usable'}")
    for note in answer["notes"]:
        console.print(f"  {_plain(note)}")
    _show_issues(console, "the whole file", answer["file_issues"])
    for line in answer["lines"][:SHOWN_LINES]:
        _show_issues(console, f"line {line['line']} [b]{line['verdict']}[/] {_plain(line['order_id'])}", line["issues"])
    if (more := len(answer["lines"]) - SHOWN_LINES) > 0:
        console.print(f"and {more:,} more lines with something to say (--json lists them all)")
    console.print(_conclusion(answer))
    for words in answer["not_known"]:
        typer.echo(words, err=True)


def _show_issues(console: Any, where: str, issues: Iterable[Mapping[str, str]]) -> None:
    issues = list(issues)
    if issues:
        console.print(where)
    for issue in issues:
        colour = COLOURS[issue["severity"]]
        console.print(f"  [{colour}]{issue['code']}[/] {_plain(issue['message'])} [dim]{_plain(issue['remedy'])}[/]")


def _plain(text: str) -> str:
    """A text from a file, which is no markup and moves no cursor."""
    from rich.markup import escape

    return escape(printable(text))


def _conclusion(answer: Mapping[str, Any]) -> str:
    if not answer["format"]:
        return "[red]The file as a whole would be rejected.[/]"
    counts = ", ".join(f"{verdict} {number:,}" for verdict, number in answer["summary"].items()) or "no lines"
    if answer["summary"].get(Verdict.HELD):
        return f"[yellow]The file would be held:[/] {counts}"
    good = not answer["summary"].get(Verdict.REJECTED, 0)
    return (
        f"[green]Every line would be accepted:[/] {counts}"
        if good
        else f"[red]Some lines would be rejected:[/] {counts}"
    )
