from __future__ import annotations

import pytest

from pms.core.ids import LARGEST, new_id, read_id
from pms.core.text import fold, phone_words, search_words


def test_ids_rise_and_fit_into_a_database():
    made = [new_id() for _ in range(5000)]
    assert made == sorted(set(made))
    assert 0 < made[0] <= made[-1] <= LARGEST


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7),
        ("0", 0),
        (str(LARGEST), LARGEST),
        (12, 12),
        (str(LARGEST + 1), None),
        ("9" * 40, None),
        ("", None),
        (None, None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("²", None),
        (" 7", None),
    ],
)
def test_an_id_that_somebody_sent_is_read_or_is_none(text, number):
    assert read_id(text) == number


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("  Müller ", "muller"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("Ångström", "angstrom"),
        ("張偉", "張偉"),
    ],
)
def test_names_are_folded_as_they_are_typed(text, folded):
    assert fold(text) == folded


def test_a_name_is_found_by_each_of_its_words_and_a_chinese_one_by_each_of_its_ends():
    assert search_words("Anna-Lena O'Brien") == {"anna", "lena", "o", "brien"}
    assert search_words("欧阳娜娜") == {"欧阳娜娜", "阳娜娜", "娜娜", "娜"}


def test_a_phone_is_found_with_and_without_its_country_code_and_by_its_end():
    words = phone_words("+49 (170) 123-4567")
    assert {"491701234567", "1701234567", "4567"} <= words
    assert phone_words("12") == {"12"}
    assert phone_words("") == set()
