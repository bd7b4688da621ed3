"""Types of single settings: what each takes, and how what it expects is called."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    Strict,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

STRICT = ConfigDict(extra="forbid")
MOST_PIXELS = 8192 * 8192

# Strict: what is checked here is used as it was typed, and the text "no" would count as true.
Flag = Annotated[bool, Strict()]
Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Count = Annotated[Whole, Field(ge=1)]
# Bounds of what takes memory or time by itself, far above what anybody trains: they hold for records of strangers too.
Width = Annotated[Whole, Field(ge=1, le=4096)]  # channels
Layers = Annotated[Whole, Field(ge=1, le=256)]
Halvings = Annotated[Whole, Field(ge=1, le=12)]
Pairs = Annotated[Whole, Field(ge=1, le=1_000_000)]
Natural = Annotated[Whole, Field(ge=0)]
Weight = Annotated[Number, Field(ge=0)]
Share = Annotated[Number, Field(ge=0, le=1)]
Probability = Annotated[Number, Field(ge=0, lt=1)]
Rate = Annotated[Number, Field(gt=0)]
Text = Annotated[str, Field(min_length=1)]


def _height_and_width(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        height, width = handler(value)
    except ValidationError:
        raise PydanticCustomError("size", "[HEIGHT,WIDTH] in pixels, such as [128,256]") from None
    if height * width > MOST_PIXELS:
        raise PydanticCustomError("size", "[HEIGHT,WIDTH] of at most 67 million pixels, such as [8192,8192]")
    return height, width


def _limits(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(value)
    except ValidationError:
        expected = "[LOW,HIGH] with the low below the high, one such pair a channel, or 'measured'"
        raise PydanticCustomError("range", expected) from None


def _rising(limits: tuple[float, float]) -> tuple[float, float]:
    if limits[0] >= limits[1]:
        raise ValueError
    return limits


def _two_texts(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(value)
    except ValidationError:
        raise PydanticCustomError("names", "two texts, one a side, such as [BF,DAPI]; numbers in quotes") from None


Names = Annotated[tuple[Text, Text], WrapValidator(_two_texts)]
Size = Annotated[tuple[Count, Count], WrapValidator(_height_and_width)]
Pair = Annotated[tuple[Number, Number], AfterValidator(_rising)]
Range = Annotated[Pair | list[Pair] | Literal["measured"], WrapValidator(_limits)]
