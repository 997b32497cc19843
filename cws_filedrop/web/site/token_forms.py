"""The form that a new token is asked for with, of sellers and operators alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Form, Request

from cws_filedrop.decisions import token_terms
from cws_filedrop.model import Scope
from cws_filedrop.store.token_rows import TokenTerms
from cws_filedrop.web.site import visitors, web_context
from cws_filedrop.web.site.forms import Text

SCOPE_WORDS: Final = {
    Scope.READ: "read",
    Scope.UPLOAD: "hand in files",
    Scope.MANAGE: "change anything else",
}


@dataclass(frozen=True, slots=True)
class TokenForm:
    """What was asked for."""

    label: str
    scopes: tuple[str, ...]
    expires: str
    networks: str

    def terms(self, request: Request, all_scopes: Sequence[Scope]) -> TokenTerms:
        """Raises: Forbidden."""
        now = web_context.of(request).context.clock()
        with visitors.decided(400):
            return token_terms.terms(self.scopes, self.expires, self.networks, all_scopes=all_scopes, now=now)


def _given(
    label: Text = "",
    scopes: Annotated[tuple[str, ...], Form(max_length=10)] = (),
    chosen: Text = "",
    expires: Text = "",
    networks: Text = "",
) -> TokenForm:
    # A program that sends no boxes wants everything; a person who unticked them all does not.
    if chosen and not scopes:
        raise visitors.Forbidden("Nothing was done: tick what the token is for.", 400)
    return TokenForm(label, scopes, expires, networks)


Given = Annotated[TokenForm, Depends(_given)]


def words_of(scopes: Sequence[Scope]) -> dict[Scope, str]:
    """What the boxes of a form say."""
    return {scope: SCOPE_WORDS[scope] for scope in scopes}
