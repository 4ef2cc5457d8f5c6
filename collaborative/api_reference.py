"""The OpenAPI schema as plain values for a page: endpoints with what they take and give."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator


@dataclass(frozen=True)
class Field:
    """A parameter, or a field of what is sent or answered. kind: its type in words."""

    name: str
    kind: str
    required: bool
    meaning: str


@dataclass(frozen=True)
class Endpoint:
    id: str
    method: str
    path: str
    summary: str
    parameters: tuple[Field, ...]
    sends: tuple[Field, ...]
    answer_status: str
    answer_kind: str
    answers: tuple[Field, ...]

    @property
    def path_parts(self) -> list[str]:
        """The address in pieces that end with a slash: where a narrow page may break it."""
        return [part for part in re.split(r"(?<=/)", self.path) if part]


@dataclass(frozen=True)
class Section:
    name: str
    endpoints: tuple[Endpoint, ...]


@lru_cache(maxsize=1)
def read_sections() -> tuple[Section, ...]:
    """Sections by the first part of the address, in its order. Made once: the addresses do not change."""
    schema: Any = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    grouped: dict[str, list[Endpoint]] = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            name = operation.get("tags", ["other"])[0]
            grouped.setdefault(name, []).append(_endpoint(schema, path, method, operation))
    return tuple(
        Section(name.replace("-", " "), tuple(endpoints)) for name, endpoints in grouped.items()
    )


def _endpoint(schema: Any, path: str, method: str, operation: Any) -> Endpoint:
    status, answer = next(iter(operation["responses"].items()))
    content: Any
    media, content = next(iter(answer.get("content", {}).items()), ("", {}))
    body: Any = next(iter(operation.get("requestBody", {}).get("content", {}).values()), {})
    shape = content.get("schema", {})
    return Endpoint(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation.get("description", ""),
        parameters=tuple(
            Field(
                p["name"],
                _kind(p.get("schema", {})) + (" in the address" if p["in"] == "path" else ""),
                p.get("required", False),
                p.get("description", ""),
            )
            for p in operation.get("parameters", [])
        ),
        sends=_fields(schema, body.get("schema", {})),
        answer_status=status,
        answer_kind=_kind(shape) if media == "application/json" else media,
        answers=_fields(schema, shape),
    )


def _resolved(schema: Any, shape: Any) -> Any:
    if "$ref" in shape:
        return schema["components"]["schemas"][shape["$ref"].rsplit("/", 1)[1]]
    return shape


def _kind(shape: Any) -> str:
    """A type in words: "text", "list of Site", "whole number or nothing"."""
    words = {"integer": "whole number", "string": "text", "boolean": "yes or no", "null": "nothing"}
    if "$ref" in shape:
        return str(shape["$ref"].rsplit("/", 1)[1])
    for key in ("oneOf", "anyOf", "allOf"):
        if key in shape:
            return " or ".join(_kind(part) for part in shape[key])
    kind = shape.get("type", "any")
    if isinstance(kind, list):
        return " or ".join(words.get(str(k), str(k)) for k in kind)
    if kind == "array":
        return f"list of {_kind(shape.get('items', {}))}"
    if kind == "string" and shape.get("format"):
        return {"date": "day", "date-time": "time", "binary": "file"}.get(
            shape["format"], str(shape["format"])
        )
    return words.get(kind, str(kind))


def _fields(schema: Any, shape: Any) -> tuple[Field, ...]:
    """Fields of an object; of a list or a page of results, those of one item."""
    found = _resolved(schema, shape)
    if found.get("type") == "array":
        return _fields(schema, found["items"])
    properties = found.get("properties", {})
    if "results" in properties and "count" in properties:
        return _fields(schema, properties["results"])
    required = found.get("required", [])
    return tuple(
        Field(name, _kind(value), name in required, value.get("description", ""))
        for name, value in properties.items()
    )
