"""What programs send and hear of log-ins."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from pms.web.wire import HouseTime, Id, Line, Wire


class LogIn(Wire):
    """Name and password, and what the token is for."""

    username: Annotated[Line, StringConstraints(min_length=1, max_length=60)] = Field(examples=["manager"])
    password: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(
        examples=["correct horse battery"]
    )
    scopes: Annotated[list[Annotated[str, StringConstraints(max_length=40)]], Field(max_length=60)] | None = Field(
        default=None,
        description="Rights that the token is cut down to. Without it: what the role includes, without `locks:secrets`.",
        examples=[["locks:view", "passcodes:make"]],
    )
    hours: Annotated[int, Field(ge=1, le=24)] = Field(default=12, description="How long the token holds.")


class Token(Wire):
    """A bearer token: send it as `Authorization: Bearer …`. It is shown this once."""

    token: str = Field(examples=["3q2-7wXyZ…"])
    token_id: Id
    user_id: Id
    scopes: list[str]
    expires_time: HouseTime
