"""What reading found in an upload, or why there was nothing to read; and its JSON, as stored in `uploads.outcome`.

Rows with an outcome are kept for years: a key may be added, none may change its meaning, and a missing one means
"nothing". Keys that this version does not know are ignored, which loses nothing: a row is never rewritten from what was
read out of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from cws_filedrop.model import Issue, Severity

WHOLE: Final = 0  # instead of a line number: the whole file


@dataclass(frozen=True, slots=True)
class UsedProfile:
    """The seller's own layout that the file was read by, as its TOML was at the time."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class UploadOutcome:
    """What is reported about an upload; without a `format` the file was not read.

    `counts` are its lines by verdict when they were recorded, `codes` the issues of its lines by code. `first_issues`
    are (line, issue). `unknown_carriers` has names that are not on Amazon's list, with their lines. `remarks` come from
    comparing the upload with earlier ones; None where that was not done, as in rehearsals.
    """

    profile: UsedProfile | None = None
    format: str = ""
    encoding: str = ""
    line_ends: str = ""
    packed: str = ""
    notes: tuple[str, ...] = ()
    file_issues: tuple[Issue, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    codes: Mapping[str, int] = field(default_factory=dict)
    first_issues: tuple[tuple[int, Issue], ...] = ()
    unknown_carriers: Mapping[str, int] = field(default_factory=dict)
    remarks: tuple[Issue, ...] | None = None
    failure: str = ""  # how we failed
    refused: str = ""  # why an operator refused it

    @property
    def whole_file(self) -> tuple[Issue, ...]:
        """The issues of the file as a whole."""
        return (*self.file_issues, *(self.remarks or ()))

    @property
    def all_issues(self) -> list[tuple[int, Issue]]:
        """All issues that are kept, each with its line; WHOLE for those of the file."""
        return [*((WHOLE, issue) for issue in self.whole_file), *self.first_issues]

    def to_json(self) -> dict[str, Any]:
        """Plain values, as stored and shown."""
        issues = _plain(self.file_issues)
        if not self.format:
            unread = {"file_issues": issues, "failure": self.failure, "refused": self.refused}
            return {name: value for name, value in unread.items() if value}
        profile = {} if self.profile is None else {"profile": asdict(self.profile)}
        remarks = {} if self.remarks is None else {"remarks": _plain(self.remarks)}
        read = {
            "format": self.format,
            "encoding": self.encoding,
            "line_ends": self.line_ends,
            "packed": self.packed,
            "notes": list(self.notes),
            "file_issues": issues,
            "counts": dict(self.counts),
            "codes": dict(self.codes),
            "first_issues": [{"line": line} | issue.as_json() for line, issue in self.first_issues],
        }
        unknown = {"unknown_carriers": dict(self.unknown_carriers)} if self.unknown_carriers else {}
        return profile | read | unknown | remarks

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> UploadOutcome:
        """The outcome that `to_json` of this version or an earlier one wrote."""
        value, used, remarks = kept.get, kept.get("profile"), kept.get("remarks")
        return cls(
            profile=UsedProfile(used["name"], used["text"]) if used else None,
            format=value("format", ""),
            encoding=value("encoding", ""),
            line_ends=value("line_ends", ""),
            packed=value("packed", ""),
            notes=tuple(value("notes", ())),
            file_issues=_issues(value("file_issues", ())),
            counts=value("counts", {}),
            codes=value("codes", {}),
            first_issues=tuple([(one["line"], _issue(one)) for one in value("first_issues", ())]),
            unknown_carriers=value("unknown_carriers", {}),
            remarks=None if remarks is None else _issues(remarks),
            failure=value("failure", ""),
            refused=value("refused", ""),
        )


_SEVERITIES: Final = {str(one): one for one in Severity}


def _plain(issues: Iterable[Issue]) -> list[dict[str, str]]:
    return [issue.as_json() for issue in issues]


def _issues(kept: Iterable[Mapping[str, Any]]) -> tuple[Issue, ...]:
    return tuple(map(_issue, kept))


def _issue(kept: Mapping[str, Any]) -> Issue:
    value = kept.get  # spelled out and by place: lists of uploads make thousands of them
    words = value("column", ""), value("value", ""), value("message", ""), value("remedy", "")
    return Issue(kept["code"], _SEVERITIES[kept["severity"]], *words)
