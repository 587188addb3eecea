"""What the program says when it refuses.

A service raises a small subclass of `DomainError`; `pms.web.errors` turns it into words in the reader's language, a form
error, a toast or a JSON answer. `message` is a translatable template in which `params` are filled in; dates and instants
among the params are formatted for the reader.
"""

from __future__ import annotations

from typing import ClassVar

from pms.core.text import N_


class DomainError(Exception):
    """Base of every refusal. `field` names the form field at fault, if one is."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409
    message: ClassVar[str] = N_("This cannot be done.")
    field: ClassVar[str | None] = None

    def __init__(self, **params: object) -> None:
        super().__init__(self.message)
        self.params = params


class NotFound(DomainError):
    """The thing does not exist, or is not for the caller to know of."""

    code = "not_found"
    status = 404
    message = N_("This does not exist, or no longer.")


class Forbidden(DomainError):
    """The caller lacks the right."""

    code = "forbidden"
    status = 403
    message = N_("Your role does not include this.")


class Invalid(DomainError):
    """A value that cannot be right; `field` as a parameter names the input."""

    code = "invalid"
    status = 422
    message = N_("Please check what was entered.")


class ChangedMeanwhile(DomainError):
    """Somebody else changed the row after this form was opened."""

    code = "changed_meanwhile"
    message = N_("Somebody else changed this a moment ago. Look at it again, then repeat your change.")
