"""The document of the JSON API is OpenAPI 3.1, says what each operation is for, and holds the promised models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from pms.web import openapi

# A schema says what a value is by one of these.
_SAYS_WHAT = {"type", "$ref", "anyOf", "oneOf", "allOf", "const", "enum"}

# The data models that the lock server promises by name.
MODELS = {"Data", "Report", "Modify", "CommonFormatData", "OfflinePassword", "Command"}


@pytest.fixture
def document(app) -> dict[str, Any]:
    return openapi.document(app)


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def _schemas(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema of the document, with where it stands; those inside of others too."""
    waiting = [(name, schema) for name, schema in document["components"]["schemas"].items()]
    for where, operation in _operations(document):
        waiting += [(f"{where} {parameter['name']}", parameter["schema"]) for parameter in operation["parameters"]]
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        contents = [body["content"]["application/json"] for body in [*bodies, *operation["responses"].values()]]
        waiting += [(where, content["schema"]) for content in contents]
    while waiting:
        where, schema = waiting.pop()
        yield where, schema
        for name, inner in schema.get("properties", {}).items():
            waiting.append((f"{where}.{name}", inner))
        for key in ("anyOf", "oneOf", "allOf"):
            waiting += [(f"{where} {key}", inner) for inner in schema.get(key, [])]
        for key in ("items", "additionalProperties"):
            if isinstance(schema.get(key), dict):
                waiting.append((f"{where}[]", schema[key]))


def test_it_has_the_form_of_openapi_3_1(document):
    assert document["openapi"].startswith("3.1.")
    assert {"title", "version"} <= set(document["info"])
    ids = []
    for where, operation in _operations(document):
        ids.append(operation["operationId"])
        assert set(operation) <= {
            "operationId",
            "summary",
            "description",
            "tags",
            "parameters",
            "requestBody",
            "responses",
            "security",
            "x-operation-number",
        }, where
        named = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"}
        assert named == {part[1:-1] for part in where.split("/") if part.startswith("{")}, where
        assert all(parameter["in"] in ("path", "query") for parameter in operation["parameters"]), where
        assert all(parameter["required"] for parameter in operation["parameters"] if parameter["in"] == "path"), where
        assert "200" in operation["responses"], where
        for status, answer in operation["responses"].items():
            assert status.isdecimal(), where
            assert answer["description"], f"{where} {status}"
        for needed in operation["security"]:
            assert set(needed) <= set(document["components"]["securitySchemes"]), where
        assert set(operation["tags"]) <= {tag["name"] for tag in document["tags"]}, where
    assert len(ids) == len(set(ids))


def test_every_schema_is_valid_and_refers_to_what_exists(document):
    for where, schema in _schemas(document):
        jsonschema_rs.meta.validate({key: value for key, value in schema.items() if key != "$ref"})
        if "$ref" in schema:
            prefix, _slash, name = schema["$ref"].rpartition("/")
            assert prefix == "#/components/schemas", where
            assert name in document["components"]["schemas"], where


def test_every_operation_says_in_a_sentence_what_it_does(document):
    for where, operation in _operations(document):
        assert len(operation["summary"].split()) >= 2, where
        assert operation["summary"].endswith("."), where
        assert len(operation["summary"]) <= 120, where


def test_every_number_of_the_list_stands_at_one_operation_only(document):
    numbers = [
        operation["x-operation-number"]
        for _where, operation in _operations(document)
        if "x-operation-number" in operation
    ]
    assert sorted(numbers) == sorted(set(numbers))
    assert set(numbers) <= set(range(1, 82))


def test_every_field_says_what_it_is(document):
    vague = [where for where, schema in _schemas(document) if not _SAYS_WHAT & set(schema)]
    assert not vague


def test_text_lists_and_numbers_that_are_sent_have_bounds(document):
    """What comes from outside is never as long as somebody likes."""
    sent: list[tuple[str, dict[str, Any]]] = []
    for where, operation in _operations(document):
        sent += [(f"{where} {parameter['name']}", parameter["schema"]) for parameter in operation["parameters"]]
        if "requestBody" in operation:
            sent.append((where, operation["requestBody"]["content"]["application/json"]["schema"]))
    bounds = {"string": ("maxLength", "pattern", "enum", "const"), "array": ("maxItems",), "integer": ("maximum",)}
    seen: set[str] = set()
    loose = []
    while sent:
        where, schema = sent.pop()
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            if name not in seen:
                seen.add(name)
                sent.append((name, document["components"]["schemas"][name]))
            continue
        if schema.get("type") in bounds and not set(bounds[schema["type"]]) & set(schema):
            loose.append(where)
        sent += [(f"{where}.{name}", inner) for name, inner in schema.get("properties", {}).items()]
        sent += [(where, inner) for inner in schema.get("anyOf", [])]
        sent += [(f"{where}[]", schema["items"])] if isinstance(schema.get("items"), dict) else []
    assert not loose


def test_every_example_fits_its_schema(document):
    for where, schema in _schemas(document):
        for example in schema.get("examples", []):
            validator = jsonschema_rs.Draft202012Validator({**schema, "components": document["components"]})
            assert validator.is_valid(example), f"{where}: {example!r}"
    for where, operation in _operations(document):
        for status, answer in operation["responses"].items():
            content = answer["content"]["application/json"]
            if "example" in content:
                schema = {**content["schema"], "components": document["components"]}
                assert jsonschema_rs.Draft202012Validator(schema).is_valid(content["example"]), f"{where} {status}"
                assert str(content["example"]["code"]) == status


def test_the_six_data_models_are_there_by_name(document):
    assert set(document["components"]["schemas"]) >= MODELS
