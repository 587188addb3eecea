"""Generated calls of every operation of the document: each is answered as the document says, whatever is sent.

Half of them are as the document wants them, with ids of things that exist; half are wrong somewhere and must be refused.
What is generated is the same at each run, and each operation finds the house as it was made.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi import checks

from tests.api_docs.conftest import Api
from tests.api_docs.world import World

POSITIVE, NEGATIVE = 7, 3
EVERY_ANSWER = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
_calm = settings(
    derandomize=True, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)


def test_it_answers_as_the_document_says(api: Api, operation):
    faults: set[str] = set()
    answers: list[int] = []
    found = _operation(api, operation)

    @settings(_calm, max_examples=POSITIVE)
    @given(case=found.as_strategy(generation_mode=GenerationMode.POSITIVE), data=st.data())
    def call(case: Case, data: Any) -> None:
        _put_what_exists(case, api.world, data)
        faults.update(_faults(case, api.world.token, EVERY_ANSWER, answers))

    call()
    assert not faults, "\n\n".join(sorted(faults))
    # Where everything was refused, nothing was shown.
    assert 200 in answers, answers


def test_it_refuses_what_the_document_does_not_allow(api: Api, operation):
    found = _operation(api, operation)
    if not (found.body or found.query or found.path_parameters):
        # Nothing can be wrong where nothing is sent.
        return
    faults: set[str] = set()

    @settings(_calm, max_examples=NEGATIVE)
    @given(case=found.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    def call(case: Case) -> None:
        faults.update(_faults(case, api.world.token, [*EVERY_ANSWER, checks.negative_data_rejection]))

    call()
    assert not faults, "\n\n".join(sorted(faults))


def test_it_wants_a_token_that_holds_and_includes_its_right(api: Api, operation):
    found = _operation(api, operation)
    if not found.definition.raw["security"]:
        return
    faults: set[str] = set()

    @settings(_calm, max_examples=1)
    @given(case=found.as_strategy(generation_mode=GenerationMode.POSITIVE))
    def call(case: Case) -> None:
        for token, status in (("", 401), ("nobody's", 401), (api.world.weak_token, 403)):
            answers: list[int] = []
            faults.update(_faults(case, token, EVERY_ANSWER, answers))
            if answers != [status]:
                faults.add(f"{answers} instead of {status} with the token “{token[:8]}”")

    call()
    assert not faults, "\n\n".join(sorted(faults))


def _operation(api: Api, operation: tuple[str, str]) -> Any:
    method, path = operation
    return api.schema[path][method.upper()]


def _faults(case: Case, token: str, wanted: list[Any], answers: list[int] | None = None) -> Iterator[str]:
    """What is wrong with the answer, in words; nothing is raised, so that nothing is called twice."""
    headers = {"Accept-Language": "en", **({"Authorization": f"Bearer {token}"} if token else {})}
    try:
        response = case.call(headers=headers)
    except Exception:
        yield f"{case.method} {case.formatted_path} {case.body!r}:\n{traceback.format_exc()[-1500:]}"
        return
    if answers is not None:
        answers.append(response.status_code)
    if response.status_code >= 500 and response.status_code != 503:
        yield f"{case.method} {case.formatted_path} {case.body!r}: {response.status_code}"
    try:
        case.validate_response(response, checks=wanted)
    except (Failure, FailureGroup) as failure:
        causes = failure.exceptions if isinstance(failure, FailureGroup) else [failure]
        for cause in causes:
            yield (
                f"{case.method} {case.formatted_path} {case.query or ''} {case.body!r}\n"
                f"→ {response.status_code} {response.text[:300]}\n{cause}"
            )


def _put_what_exists(case: Case, world: World, data: Any) -> None:
    """Most ids become those of things that exist; the others stay what they are."""

    def replace(name: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: replace(key, inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [replace(name, inner) for inner in value]
        return value if value is None else data.draw(st.sampled_from(world.values_for(case.path, name, value)))

    if isinstance(case.body, dict):
        case.body = {**world.needed_at(case.path), **case.body}
    for part in ("path_parameters", "query", "body"):
        content = getattr(case, part)
        if isinstance(content, dict):
            setattr(case, part, {name: replace(name, value) for name, value in content.items()})
