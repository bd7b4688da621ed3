"""Mistakes in settings, in words: what the schema has against them, and what was not given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pix2pix.hints import nearest, typed


def dotted(plain: Any, prefix: str = "") -> Iterator[str]:
    """Every key of nested mappings, joined by dots."""
    if isinstance(plain, Mapping):
        for name, value in plain.items():
            yield f"{prefix}{name}"
            yield from dotted(value, f"{prefix}{name}.")


def missing_values(plain: Mapping[str, Any]) -> list[str]:
    """Settings that have no default and were not given; interpolations need not be resolved."""
    missing = [key for key in dotted(plain) if _value(plain, key.split(".")) == "???"]
    values = {
        "data.root": "FOLDER. What else a folder's data need: pix2pix data check FOLDER",
        "data.derive": "edges (or grey, holes, downscale)",
    }
    return [f"{key} is not set, and it has no default: type {key}={values.get(key, 'VALUE')}" for key in missing]


UNKNOWN, MISSING = "unexpected_keyword_argument", "missing"  # as pydantic calls keys that a dataclass does not have


def schema_problems(
    schema: TypeAdapter[Any], plain: Mapping[str, Any], prefix: str = "", passed_over: Sequence[str] = ()
) -> list[str]:
    """What a schema has against plain settings, a line a key.

    Args:
        prefix: where they stand.
        passed_over: complaints that do not count, as pydantic calls them.
    """
    try:
        schema.validate_python(plain)
    except ValidationError as error:
        expected: dict[tuple[str, ...], list[str]] = {}
        for complaint in error.errors():
            if complaint["type"] in passed_over:
                continue
            path = _path_within(plain, complaint["loc"], unknown=complaint["type"] in (UNKNOWN, MISSING))
            names = _names(schema) if complaint["type"] == UNKNOWN else ()
            expected.setdefault(path, []).append(_expectation(complaint, names, path))
        return [_line(plain, path, prefix, said) for path, said in expected.items()]
    return []


def _line(plain: Mapping[str, Any], path: tuple[str, ...], prefix: str, said: Sequence[str]) -> str:
    key = ".".join(([prefix] if prefix else []) + list(path))
    if said[0].startswith("is "):
        return f"{key} {said[0]}"
    found = _value(plain, path)
    if isinstance(found, Mapping) and list(found) == ["kind"]:
        found = found["kind"]  # of a domain, which is typed by its kind alone
    line = f"{key}: found {found!r}, expected {' or '.join(dict.fromkeys(said))}"
    if "a text" in said and isinstance(found, int | float):
        return f"{line}: one that reads as a number is typed in quotes twice, {typed(key, str(found).lower())}"
    choices = re.findall(r"'([^']*)'", line.partition("expected")[2])
    near = nearest(str(found), choices)
    return f"{line}. Nearest: type {key}={near}" if near else line


def _names(schema: TypeAdapter[Any]) -> set[str]:
    """Every name that the schema knows, at whatever depth."""
    described = schema.json_schema()
    return {name for each in (described, *described.get("$defs", {}).values()) for name in each.get("properties", {})}


def _path_within(plain: Any, loc: Sequence[int | str], unknown: bool) -> tuple[str, ...]:
    """The part of pydantic's location that is keys of the settings; the rest names members of unions."""
    path: list[str] = []
    for step in loc:
        in_list = isinstance(plain, list | tuple) and isinstance(step, int) and step < len(plain)
        if in_list or (isinstance(plain, Mapping) and step in plain):
            plain = plain[step]
        elif not (unknown and step == loc[-1]):
            continue
        path.append(str(step))
    return tuple(path)


def _value(plain: Any, path: Sequence[str]) -> Any:
    for step in path:
        if isinstance(plain, Mapping):
            plain = plain.get(step)
        elif isinstance(plain, Sequence) and step.isdigit():
            plain = plain[int(step)]
    return plain


def _expectation(complaint: Mapping[str, Any], names: Iterable[str], path: tuple[str, ...]) -> str:
    kind, context = complaint["type"], complaint.get("ctx", {})
    if kind == UNKNOWN:
        near = nearest(path[-1], set(names) - {path[-1]})
        return f"is no setting{f'. Nearest: {near}' if near else ''}"
    if kind == MISSING:
        return "is missing"
    if kind in ("int_type", "int_parsing", "int_from_float"):
        return "a whole number"
    if kind in ("float_type", "float_parsing", "finite_number"):
        return "a number"
    if kind in ("list_type", "tuple_type"):
        return "a list: [VALUE,…]"
    if kind in ("union_tag_not_found", "model_attributes_type"):
        return "a domain: rgb, grey, lab_l, lab_ab, {kind:raw,…} or {kind:labels,…}"
    if kind in ("bool_type", "bool_parsing"):
        return "true or false"
    if kind == "string_type":
        return "a text"
    if kind == "string_too_short":
        return "a text that is not empty: has a variable of the shell no value?"
    if kind == "literal_error":
        return str(context["expected"])
    if kind == "union_tag_invalid":
        return str(context["expected_tags"])
    for bound, words in (("ge", "of at least"), ("gt", "above"), ("le", "of at most"), ("lt", "below")):
        if bound in context:
            return f"a number {words} {context[bound]:g}"
    return str(complaint["msg"])[:1].lower() + str(complaint["msg"])[1:]
