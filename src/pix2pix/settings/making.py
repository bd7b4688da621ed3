"""Sections of the settings that name a class, made by Hydra; what cannot be made is told with its cause."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import instantiate

from pix2pix.errors import ConfigError

ADVICE = ", set env var HYDRA_FULL_ERROR=1 to see chained exception."


def make(key: str, section: Mapping[str, Any], **arguments: Any) -> Any:
    """What a section describes, its containers plain.

    Args:
        key: of the section, for the message.
        arguments: further ones of the class, or of Hydra.

    Raises ConfigError where the class cannot be imported or refuses its arguments, with the cause and where it lies.
    """
    try:
        return instantiate(section, **{"_convert_": "all", **arguments})
    except InstantiationException as error:
        said = [str(error).replace(ADVICE, "")]
        cause: BaseException | None = error.__cause__
        if cause is not None:
            if str(cause) not in said[0] and repr(cause) not in said[0]:
                said.append(str(cause))
            said += _place(cause)
        raise ConfigError(f"{key}: " + "\n  ".join(line for each in said for line in each.splitlines())) from error


def _place(cause: BaseException) -> list[str]:
    """The line of code that raised an error, where it is not Hydra's or Python's own."""
    while cause.__cause__ is not None:
        cause = cause.__cause__
    trace = cause.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return []
    file = trace.tb_frame.f_code.co_filename
    own = not file.startswith("<") and "/hydra/" not in file and "/importlib/" not in file
    return [f"in {file}, line {trace.tb_lineno}"] if own else []
