from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pms.outage import rules, sealed
from pms.outage.rules import PasswordsDiffer, WeakDeskPassword
from tests.outage.conftest import ROUNDS

GOOD = "night desk at seven"


@pytest.mark.parametrize("password", ["", "short one", "aaaaaaaaaaaaaaaaaa", "ababcabcabcabc", "LINDEN house 2026"])
def test_a_password_that_can_be_guessed_is_refused(password):
    with pytest.raises(WeakDeskPassword):
        rules.clean_password(password, password, "Linden House")


def test_a_password_is_the_same_however_it_is_typed():
    assert rules.clean_password("Schlu\u0308ssel am Haken", "Schl\u00fcssel am Haken", "Hotel") == "Schlüssel am Haken"
    with pytest.raises(PasswordsDiffer):
        rules.clean_password(GOOD, GOOD + "!", "Hotel")


def test_a_pack_stands_for_the_hour_in_which_it_was_made():
    assert rules.full_hour(datetime(2026, 6, 12, 10, 59, 59, 5, tzinfo=UTC)) == datetime(2026, 6, 12, 10, tzinfo=UTC)


def test_the_seal_is_what_the_page_can_open_and_bound_to_its_pack(monkeypatch):
    """The other half is WebCrypto in the file; here the format is opened by hand."""
    monkeypatch.setattr(sealed, "ROUNDS", 1000)
    part = sealed.seal([{"code": "1234567890"}], password=GOOD, place="now")
    again = sealed.seal([{"code": "1234567890"}], password=GOOD, place="now")
    assert (part.salt, part.nonce, part.text) != (again.salt, again.nonce, again.text)
    salt, nonce, text = map(base64.b64decode, (part.salt, part.nonce, part.text))
    key = AESGCM(hashlib.pbkdf2_hmac("sha256", GOOD.encode(), salt, part.rounds))
    assert json.loads(key.decrypt(nonce, text, b"now")) == [{"code": "1234567890"}]
    with pytest.raises(InvalidTag):
        key.decrypt(nonce, text, b"then")


def test_guessing_costs_what_it_should():
    assert ROUNDS >= 600_000
