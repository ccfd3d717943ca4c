"""The other way to read a scenario, for `reader.py` to measure against: pydantic models of the same fields.

It is what a fair attempt looks like (few models, discriminated by hand, strict), and no more: no positions, no
names, no matchers. It reads what C YAML gives.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
Duration = Annotated[str, Field(pattern=r"^[0-9.]+(ms|s|m|h|d)$|\$\{")]
Code = Annotated[int, Field(ge=100, le=599)]
Call = Annotated[str, Field(pattern=r"^(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) +\S")]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Expect(Model):
    status: Code | list[Code] | None = None
    json_: Any = Field(None, alias="json")
    exactly: bool = False
    within: Duration | None = None
    sends: dict[Name, dict[str, Any]] = {}


class Capture(Model):
    json_: str | None = Field(None, alias="json")
    header: str | None = None
    cookie: str | None = None
    regex: str | None = None
    status: bool | None = None
    secret: bool = False


class Step(Model):
    step: Name
    call: Call
    as_: Name | None = Field(None, alias="as")
    query: dict[str, Any] = {}
    headers: dict[str, str | int] = {}
    json_: Any = Field(None, alias="json")
    expect: Expect | None = None
    capture: dict[Name, str | Capture] = {}
    cleanup: Call | None = None


class Match(Model):
    method: str | None = None
    path: str | None = None


class When(Model):
    probability: Annotated[float, Field(ge=0, le=1)] = 1.0
    first: int | None = None
    every: int = 1
    after: int = 0


class Limit(Model):
    injections: int | None = None
    seconds: float | None = None


class Status(Model):
    code: Code
    headers: dict[str, str] = {}
    body: Any = ""


class Truncate(Model):
    keep: Annotated[int, Field(ge=0, le=99)] = 50
    length: Literal["right", "wrong"] = "wrong"


class Body(Model):
    truncate: Truncate


class Fault(Model):
    latency: Duration | None = None
    status: Code | Status | None = None
    reset: Literal["request", "headers"] | None = None
    close: Literal["request", "headers"] | None = None
    hang: Duration | None = None
    body: Literal["empty", "html", "truncate"] | Body | None = None
    match: Match | None = None
    when: When | None = None
    limit: Limit | None = None


class Scenario(Model):
    flowprobe: Literal[1]
    scenario: str
    tags: list[Name] = []
    personas: dict[Name, Name | list[Name]]
    workflow: list[Step]
    faults: dict[Name, dict[Name, Fault | list[Fault]]] = {}
    under: dict[str, dict[Name, Expect]] = {}


def read(file: Path) -> Scenario:
    return Scenario.model_validate(yaml.load(file.read_text(), yaml.CSafeLoader))
