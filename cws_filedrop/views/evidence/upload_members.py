"""An upload as evidence: the file as it was dropped, the session in which it came, its lines, what was answered."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from cws_filedrop.drop.home import regular, result_name
from cws_filedrop.errors import FileRejected
from cws_filedrop.formats.file import open_file
from cws_filedrop.pipeline.outbox import profiles_of
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.doors import audit
from cws_filedrop.store.feeds.lines_sent import SentLine
from cws_filedrop.store.lists import upload_events
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads.uploads import Upload
from cws_filedrop.store.users import decisions
from cws_filedrop.views.evidence.members import ZipMember, digest_of, lines_of, safe

ANSWERS: Final = ("receipt", "rejected", "result", "unconfirmed")
EXTRACT: Final = "lines.txt"
FACTS: Final = ("id", "seller", "name", "folder", "door", "client", "arrived_at", "size", "sha256", "grade", "evidence")
AFTERWARDS: Final = ("state", "line_count", "releases", "answered_at", "done_at")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of an upload or a feed, as plain values, and the files to go with it."""

    facts: dict[str, Any]
    members: list[ZipMember]


def of_upload(context: ServiceContext, upload: Upload, lines: Sequence[SentLine], *, only_this_order: bool) -> Evidence:
    """An upload, as far as lines of one order are concerned."""
    file, original = _original(context, upload)
    if original and only_this_order:
        file |= {"why": "the lines of this order, below their heading row"}
    heading, typed = _typed(context, upload, {one.line for one in lines}) if original else ("", {})
    facts: dict[str, Any] = {name: getattr(upload, name) for name in (*FACTS, *AFTERWARDS)}
    facts |= {"session": _session(context, upload), "file": file, "heading": heading}
    facts["lines"] = [{"line": one.line, "text": typed.get(one.line)} | _line(one) for one in lines]
    given, answers = [original] if original else [], _answers(context, upload)
    if only_this_order:
        given = list(_own_lines(upload, heading, typed))
        answers = list(_own_answers(answers, [one.line for one in lines]))
        file |= {"path": given[0].name if given else None}
    facts["answers"] = [{"path": one.name, "sha256": digest_of(one.content)} for one in answers]
    facts["decided"] = plain(decisions.listing(context.db, about=upload.id))
    return Evidence(facts, [*given, *answers])


def _line(line: SentLine) -> dict[str, Any]:
    return {name: value for name, value in asdict(line).items() if name not in ("upload_id", "line")}


def plain(found: Sequence[decisions.Decision]) -> list[dict[str, str]]:
    """What people decided, oldest first; without the addresses of operators, which are nobody else's business."""
    return [{"at": one.at, "who": one.who, "what": one.what, "detail": one.detail} for one in reversed(found)]


def _session(context: ServiceContext, upload: Upload) -> list[dict[str, Any]]:
    seen = upload_events.at_the_doors(context.db, upload.id)
    login = audit.login_before(context.db, seen[0]) if seen else None
    return [asdict(one) for one in ([login] if login else []) + seen]


def _original(context: ServiceContext, upload: Upload) -> tuple[dict[str, Any], ZipMember | None]:
    try:
        path = context.spool.data_path(upload.id)
    except FileNotFoundError:
        days = context.settings.service.keep_results_days
        why = f"not kept any more: files are kept for {days} days after they came"
        return {"path": None, "sha256": None, "matches": None, "why": why}, None
    member = ZipMember(_place(upload, safe(upload.name)), upload.arrived_at, path)
    sha256 = digest_of(path)
    return {"path": member.name, "sha256": sha256, "matches": sha256 == upload.sha256, "why": ""}, member


def _place(upload: Upload, name: str) -> str:
    return f"uploads/{upload.id}/{name}"


def _typed(context: ServiceContext, upload: Upload, wanted: Collection[int]) -> tuple[str, dict[int, str]]:
    """The heading row, and lines as they were typed, by number; nothing of a file that cannot be read any more."""
    seller = sellers.by_id(context.db, upload.seller_id)
    limits = context.judging(seller.policy, context.clock()).limits
    typed: dict[int, str] = {}
    try:
        with context.spool.data_path(upload.id).open("rb") as source:
            file = open_file(source, file_name=upload.name, limits=limits, profiles=profiles_of(upload))
            for chunk in file.chunks():
                here = {*chunk.lines.index.to_list(), *chunk.issues["line"].to_list()} & set(wanted)
                typed |= dict(zip(sorted(here), chunk.raw(sorted(here)), strict=True))
                if len(typed) == len(wanted):
                    break
            return file.facts.delimiter.join(file.facts.headings), typed
    except (FileRejected, FileNotFoundError):
        return "", {}


def _answers(context: ServiceContext, upload: Upload) -> list[ZipMember]:
    """The answers that the seller got and has not removed."""
    outbox = context.homes.root / upload.seller / "outbox"
    answers = []
    for kind in ANSWERS:
        name = result_name(upload.name, upload.id, kind)
        if regular(outbox / name) is not None:
            at = upload.done_at if kind in ("result", "unconfirmed") else upload.answered_at
            answers.append(ZipMember(_place(upload, safe(name)), at or upload.arrived_at, outbox / name))
    return answers


def _own_lines(upload: Upload, heading: str, typed: dict[int, str]) -> Iterator[ZipMember]:
    """The lines of the order as they were dropped, below their heading row."""
    if typed:
        text = "".join(f"{row}\r\n" for row in (heading, *(typed[line] for line in sorted(typed))))
        yield ZipMember(_place(upload, EXTRACT), upload.arrived_at, text.encode(errors="replace"))


def _own_answers(answers: Sequence[ZipMember], numbers: Sequence[int]) -> Iterator[ZipMember]:
    """Of the result the rows of the order; the other answers do not number their lines."""
    wanted = {b"line", *(str(number).encode() for number in numbers)}
    for answer in answers:
        if answer.name.endswith(".result.txt"):
            rows = (row for row in lines_of(answer.content) if row.partition(b"\t")[0] in wanted)
            yield ZipMember(answer.name, answer.at, b"".join(rows))
