from __future__ import annotations

import pytest

from pms.rooms import csv_rows, rules

GOOD = "number,floor,building,type\n101,1,Main,STD\n102,1,Main,STE\n"


def _rows(text: str, encoding: str = "utf-8"):
    return csv_rows.read(text.encode(encoding))


@pytest.mark.parametrize(
    "document",
    [
        GOOD.encode(),
        GOOD.encode("utf-8-sig"),
        GOOD.replace(",", ";").encode(),
        GOOD.replace(",", "\t").encode(),
        GOOD.replace("\n", "\r\n").encode(),
        ("\n\n" + GOOD + "\n  \n").encode(),
        b"Type,Building,FLOOR,Number\nSTD,Main,1,101\nSTE,Main,1,102\n",
        "房型,楼栋,楼层,房号\nSTD,Main,1,101\nSTE,Main,1,102\n".encode(),
        b'number,floor,building,type\n"101","1","Main","STD"\n 102 , 1 , Main , STE \n',
    ],
)
def test_the_same_rooms_come_out_however_the_file_was_saved(document):
    rows, faults = csv_rows.read(document)
    assert not faults
    assert [(r.number, r.floor, r.building, r.type) for r in rows] == [
        ("101", "1", "Main", "STD"),
        ("102", "1", "Main", "STE"),
    ]


def test_the_building_may_be_missing():
    rows, faults = _rows("number,floor,type\n101,1,STD\n")
    assert (rows[0].building, faults) == ("", [])


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [0]),
        ("\n\n", [0]),
        ("number,floor,type\n", [0]),
        ("number,floor\n101,1\n", [1]),
        ("number,floor,type,price\n101,1,STD,9\n", [1]),
        ("number,number,floor,type\n101,101,1,STD\n", [1]),
        ("number,floor,type\n101,1\n102,1,STD\n103,1,STD,x\n", [2, 4]),
        ("number,floor,type\n,1,STD\n102,,STD\n103,1,\n", [2, 3, 4]),
        ("number,floor,type\n101,1,STD\n102,1,STD\n101,2,STD\n", [4]),
        (f"number,floor,type\n{'9' * 13},1,STD\n", [2]),
        (f"number,floor,type\n1,{'x' * 41},STD\n", [2]),
        ('number,floor,type\n101,1,"STD\n102,1,STD\n', [2]),
        ("number,floor,type\n101,1,STD\n102,1,S\0TD\n", [3]),
    ],
)
def test_every_bad_line_is_named_by_its_number(text, lines):
    _rows_found, faults = _rows(text)
    assert sorted(fault.line for fault in faults) == lines
    assert all(fault.message % fault.params for fault in faults)


def test_a_file_in_another_encoding_is_refused_with_its_line():
    _none, faults = _rows("number,floor,type\n101,Erdgeschoß,STD\n", "latin-1")
    assert [fault.line for fault in faults] == [2]


def test_files_that_are_too_large_are_refused_whole():
    many = "number,floor,type\n" + "".join(f"{n},1,STD\n" for n in range(csv_rows.MAX_ROWS + 1))
    assert len(_rows(many)[1]) == 1
    assert _rows("x" * (csv_rows.MAX_BYTES + 1))[1][0].line == 0


@pytest.mark.parametrize("seed", range(200))
def test_no_bytes_make_the_reader_fall_over(seed):
    import random

    source = random.Random(seed)
    document = bytearray(GOOD.encode())
    for _ in range(source.randint(1, 12)):
        document[source.randrange(len(document))] = source.choice(b'\n\r",;\t\0\xff\xc3\x28 1')
    rows, faults = csv_rows.read(bytes(document))
    assert all(row.number and row.floor and row.type for row in rows)
    assert all(fault.message % fault.params for fault in faults)


def test_room_numbers_are_sorted_as_people_do():
    numbers = ["10", "9", "101A", "101", "Penthouse", "2"]
    assert sorted(numbers, key=rules.number_key) == ["2", "9", "10", "101", "101A", "Penthouse"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 61])
def test_names_are_not_empty_and_no_stories(name):
    with pytest.raises(rules.EmptyName):
        rules.clean_name(name, 60)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201])
def test_a_reason_says_something(reason):
    with pytest.raises(rules.NoReason):
        rules.clean_reason(reason)


@pytest.mark.parametrize("number", ["", " ", "1" * 13])
def test_a_room_number_fits_on_a_door(number):
    with pytest.raises(rules.BadRoomNumber):
        rules.clean_number(number)


@pytest.mark.parametrize("beds", [0, -1, 21])
def test_somebody_can_sleep_in_a_room(beds):
    with pytest.raises(rules.BadBeds):
        rules.check_beds(beds)
