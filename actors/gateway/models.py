"""What the bodies of requests and answers have in common."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from typing import Annotated, Any, Self

from fastapi import Header, Path
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from actors.gateway.coded import ByName
from actors.gateway.writing import TEXT, Verbatim, proven_name, wrong_texts
from credit.codes import Channel, Material, Segment, Verdict

Number = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,18}$")]
"""An identifier: a number as text, since JSON's numbers are not safe beyond 2⁵³."""
Person = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,8}$"), Field(examples=["1010001"])]
"""A member of staff."""
AccountNumber = Annotated[str, StringConstraints(pattern=r"^([1-9][0-9]{11,17}|[1-8][0-9]{18})$")]
"""An account, as int64 holds it."""
Fen = Annotated[int, Field(ge=0, lt=1 << 53)]
"""Money."""


def _date_in(value: Any) -> dt.date:
    try:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            return dt.date.fromisoformat(value)
    except ValueError:
        pass
    raise PydanticCustomError("date_parsing", "a date as 2026-03-01")


Date = Annotated[dt.date, BeforeValidator(_date_in)]
"""A day, as ISO 8601 text and in no other way: a number would be taken for seconds since 1970."""
Name = Annotated[str, AfterValidator(proven_name)]
"""A customer's name; the form's segment, which stands before it, says whether it is a person's."""
VerdictName = Annotated[Verdict, ByName(Verdict)]
ChannelName = Annotated[Channel, ByName(Channel)]
MaterialName = Annotated[Material, ByName(Material)]
SegmentName = Annotated[Segment, ByName(Segment)]

CasePath = Annotated[str, Path(description="An application's number.", examples=["1000000001"], max_length=40)]
LoanPath = Annotated[str, Path(description="A loan's number.", examples=["100000000101"], max_length=40)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description=(
            "The same key from the same caller about the same branch is the same request: it is done once, and gets the first "
            "answer again, for seven days of the bank's. With other content it is refused (409); at another branch, or later, it "
            "is another request. Of a table each row is a request, by its place."
        ),
        examples=["7f1c2d4e-0001"],
    ),
]


class Model(BaseModel):
    """A body. What it does not know, it refuses."""

    model_config = ConfigDict(extra="forbid")


class Body(Model):
    """The body of a request: a value is of the type that the document names, and none is read as another; texts are written as
    `actors.gateway.writing` has it."""

    model_config = ConfigDict(strict=True)

    @model_validator(mode="after")
    def _proves_texts(self) -> Self:
        """All texts at once: field by field this takes longer than all else about a form."""
        values = vars(self)
        if wrong := wrong_texts(values, _of_people(type(self))):
            error = PydanticCustomError("text_characters", TEXT)
            faults = [InitErrorDetails(type=error, loc=(name,), input=values[name]) for name in wrong]
            raise ValidationError.from_exception_data(type(self).__name__, faults)
        return self


@cache
def _of_people(body: type[Body]) -> tuple[str, ...]:
    """The fields of a body that may hold somebody's writing."""
    return tuple(name for name, field in body.model_fields.items() if Verbatim not in field.metadata)


def shown(example: dict[str, Any]) -> ConfigDict:
    """A model's settings with an example from the worked cases."""
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


class Problem(BaseModel):
    """A refusal (RFC 9457), in Chinese; in English with `Accept-Language: en`. `reason` and `code` say why the core refused;
    `field` what is wrong, and `faults` all that is wrong with a request that is not of its form."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:lendrill:refused",
                    "title": "所填内容有误，请核对后重试",
                    "status": 422,
                    "detail": "金额超出产品范围",
                    "detail_zh": "金额超出产品范围",
                    "detail_en": "amount outside the product's range",
                    "reason": 142,
                    "code": "AMOUNT_RANGE",
                    "field": "amount_fen",
                }
            ]
        },
    )

    type: str
    title: str
    status: int
    detail: str


_PROBLEMS = {
    400: "The request can't be read.",
    401: "Nobody knows who calls.",
    403: "The caller may not do this.",
    404: "There is no such thing.",
    408: "It came too slowly.",
    409: "It does not go together with what has been before.",
    413: "It is too large.",
    415: "It is of another media type.",
    422: "The bank refuses it, and says why.",
    429: "The caller asks too often.",
    500: "A fault of the gateway's own.",
    503: "The bank is busy or away; ask again.",
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": description,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status, description in _PROBLEMS.items()
}
"""What any endpoint may answer besides what it says itself."""
