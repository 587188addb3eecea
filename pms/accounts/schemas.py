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


class CodeWish(Wire):
    """Where a verification code is to go."""

    recipient: Annotated[Line, StringConstraints(min_length=3, max_length=160)] = Field(
        description="An e-mail address.", examples=["claire@example.org"]
    )


class CodeSent(Wire):
    """The same for every address, whether it is known here or not."""

    expires_time: HouseTime = Field(description="When the code ends. It can be used once, and tried five times.")


class Registration(Wire):
    """The code that came by mail, and who registers with it."""

    recipient: Annotated[Line, StringConstraints(min_length=3, max_length=160)] = Field(
        description="The address that the code went to.", examples=["claire@example.org"]
    )
    code: Annotated[str, StringConstraints(pattern="^[0-9]{6}$")] = Field(examples=["493027"])
    username: Annotated[str, StringConstraints(pattern="^[A-Za-z0-9_.@-]{2,60}$")] = Field(examples=["claire"])
    display_name: Annotated[Line, StringConstraints(min_length=1, max_length=80)] = Field(examples=["Claire Moreau"])
    password: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(
        description="At least 10 characters.", examples=["correct horse battery"]
    )


class Registered(Wire):
    """The new account. As long as it is not active, nobody can log in with it: a manager switches it on."""

    user_id: Id
    username: str = Field(examples=["claire"])
    role: str = Field(examples=["housekeeping"])
    is_active: bool = Field(examples=[False])
