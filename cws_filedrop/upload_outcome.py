"""What reading found in an upload, or why there was nothing to read; and its JSON, as `uploads.outcome` keeps it.

Rows with an outcome are kept for years: a key may be added, none may change its meaning, and one that is missing reads
as "nothing". Keys that this version does not know are left out: a row is never written again out of what was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from cws_filedrop.model import Issue, Severity

WHOLE: Final = 0  # in place of a line's number: the whole file is meant


@dataclass(frozen=True, slots=True)
class UsedProfile:
    """The seller's own layout that the file was read by, as its TOML was then."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class UploadOutcome:
    """What is said of an upload; without a `format` the file was not read.

    `counts` are its lines by verdict when they were recorded, `codes` the issues of its lines by code. `first_issues`
    are (line, issue). `remarks` are what the order of uploads told; None where nobody looked for any, which is so in
    rehearsals.
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
    remarks: tuple[Issue, ...] | None = None
    failure: str = ""  # we failed: how
    refused: str = ""  # an operator refused it: why

    @property
    def whole_file(self) -> tuple[Issue, ...]:
        """What there is to say of the file as a whole."""
        return (*self.file_issues, *(self.remarks or ()))

    @property
    def said(self) -> list[tuple[int, Issue]]:
        """All that there is to say, with the line it is about; WHOLE where it is about the file."""
        return [*((WHOLE, issue) for issue in self.whole_file), *self.first_issues]

    def to_json(self) -> dict[str, Any]:
        """Plain values, as they are kept and shown."""
        issues = _plain(self.file_issues)
        if not self.format:
            said = {"file_issues": issues, "failure": self.failure, "refused": self.refused}
            return {name: value for name, value in said.items() if value}
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
        return profile | read | remarks

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> UploadOutcome:
        """What `to_json` made, in this version or an earlier one."""
        said, used, remarks = kept.get, kept.get("profile"), kept.get("remarks")
        return cls(
            profile=UsedProfile(used["name"], used["text"]) if used else None,
            format=said("format", ""),
            encoding=said("encoding", ""),
            line_ends=said("line_ends", ""),
            packed=said("packed", ""),
            notes=tuple(said("notes", ())),
            file_issues=_issues(said("file_issues", ())),
            counts=said("counts", {}),
            codes=said("codes", {}),
            first_issues=tuple([(one["line"], _issue(one)) for one in said("first_issues", ())]),
            remarks=None if remarks is None else _issues(remarks),
            failure=said("failure", ""),
            refused=said("refused", ""),
        )


_SEVERITIES: Final = {str(one): one for one in Severity}


def _plain(issues: Iterable[Issue]) -> list[dict[str, str]]:
    return [issue.as_json() for issue in issues]


def _issues(kept: Iterable[Mapping[str, Any]]) -> tuple[Issue, ...]:
    return tuple(map(_issue, kept))


def _issue(kept: Mapping[str, Any]) -> Issue:
    said = kept.get  # spelled out and by place: lists of uploads make thousands of them
    words = said("column", ""), said("value", ""), said("message", ""), said("remedy", "")
    return Issue(kept["code"], _SEVERITIES[kept["severity"]], *words)
