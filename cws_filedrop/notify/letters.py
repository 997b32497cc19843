"""What a mail says: a template and values -> subject, text and HTML. Knows no address.

The text template's first line is the subject. Whatever a template prints becomes one line without control characters,
so that a file's name can neither begin a header nor forge a paragraph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import jinja2
from markupsafe import Markup

from cws_filedrop.reports.marketplace import MarketplaceKind

LONGEST_SUBJECT: Final = 200


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail's content; `subject` is one line."""

    subject: str
    text: str
    html: str


def one_line(value: str) -> str:
    """A text without line breaks and other control characters."""
    return " ".join("".join(one if one.isprintable() else " " for one in value).split())


def _printed(value: Any) -> Any:
    # What is markup comes from a template; one_line would put it into one line, and have it escaped again.
    return one_line(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _environment(*, autoescape: bool) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("cws_filedrop.notify"),
        autoescape=autoescape,  # noqa: S701 - off for plain text
        undefined=jinja2.StrictUndefined,
        finalize=_printed,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


_TEXT: Final = _environment(autoescape=False)
_HTML: Final = _environment(autoescape=True)


def write(template: str, values: Mapping[str, Any], marketplace: MarketplaceKind = MarketplaceKind.AMAZON) -> Letter:
    """The letter that a template makes of values; that of a service at the sandbox says so in subject and text.

    Raises: jinja2.UndefinedError when the template needs a value that is not there.
    """
    first, _, text = _TEXT.get_template(f"{template}.txt").render(values).partition("\n")
    subject, notice = marketplace.subject(one_line(first.removeprefix("Subject:"))), marketplace.notice
    if len(subject) > LONGEST_SUBJECT:
        subject = f"{subject[: LONGEST_SUBJECT - 1]}…"
    html = _HTML.get_template(f"{template}.html").render({**values, "subject": subject, "notice": notice})
    return Letter(subject, "\n".join([*([notice, ""] if notice else []), text.strip("\n")]) + "\n", html)
