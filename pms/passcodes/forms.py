"""Forms of passcodes: nothing but an id, so that a double click makes one code."""

from __future__ import annotations

from pms.web.forms import Form, request_id_field


class PasscodeForm(Form):
    """Make or revoke."""

    request_id = request_id_field()
