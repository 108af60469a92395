"""The OpenAPI document as a person reads it: one `Operation` for each route and method, built from nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer2

# How a caller shows who they are, for each security scheme of the document.
CREDENTIALS = {
    "bearer": ('-H "Authorization: Bearer $ACCESS_TOKEN"',),
    "service": ('-H "Authorization: Bearer $SERVICE_TOKEN"',),
    "session": ("-b cookies",),
}
CSRF = '-H "X-CSRFToken: $CSRF_TOKEN"'
PARAMETER = re.compile(r"\{(\w+)\}")
PLACEHOLDERS = {"string": "…", "boolean": False, "integer": 0, "array": [], "object": {}}


@dataclass(frozen=True)
class Caller:
    """One way to be let in: the name of the security scheme, and the scopes that the token needs."""

    scheme: str
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class Member:
    """A member of a JSON object; those of an object in an object have a dot in their names."""

    name: str
    type: str
    description: str
    is_required: bool


@dataclass(frozen=True)
class Answer:
    """What one status means. `members` is empty when there is no body, and for problems, which are all alike."""

    status: int
    description: str
    has_retry_after: bool
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Operation:
    """A route and a method. `slug` is the fragment that it is found at."""

    slug: str
    method: str
    path: str
    summary: str
    description: str
    callers: tuple[Caller, ...]
    takes: tuple[Member, ...]
    success: Answer
    refusals: tuple[Answer, ...]
    example: str


@dataclass(frozen=True)
class Scheme:
    """A way to show who one is."""

    name: str
    description: str


@dataclass(frozen=True)
class Reference:
    """The whole document."""

    schemes: tuple[Scheme, ...]
    operations: tuple[Operation, ...]
    problem: tuple[Member, ...]


@cache
def document_bytes() -> bytes:
    """What `/api/schema` says, as JSON; it is the same for everybody, and changes with the code only."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    written: bytes = OpenApiJsonRenderer2().render(generator.get_schema(public=True))  # type: ignore[no-untyped-call]
    return written


@cache
def reference() -> Reference:
    """The same for people."""
    return read_document(json.loads(document_bytes()))


def read_document(document: dict[str, Any]) -> Reference:
    """The reference of an OpenAPI 3.1 document."""
    components = document["components"]
    return Reference(
        schemes=tuple(Scheme(name, each["description"]) for name, each in components["securitySchemes"].items()),
        operations=tuple(
            _operation(method, path, each, components["schemas"])
            for path, methods in document["paths"].items()
            for method, each in methods.items()
        ),
        problem=tuple(_members(components["schemas"]["ProblemSchema"], components["schemas"])),
    )


def _operation(method: str, path: str, described: dict[str, Any], schemas: dict[str, Any]) -> Operation:
    callers = tuple(
        Caller(scheme, tuple(scopes)) for requirement in described["security"] for scheme, scopes in requirement.items()
    )
    answers = [_answer(int(status), each, schemas) for status, each in described["responses"].items()]
    takes = tuple(_members(_body(described.get("requestBody", {})), schemas))
    return Operation(
        slug=described["operationId"],
        method=method.upper(),
        path=path,
        summary=described["summary"],
        description=described["description"],
        callers=callers,
        takes=takes,
        success=next(answer for answer in answers if answer.status < 400),
        refusals=tuple(answer for answer in answers if answer.status >= 400),
        example=_example(method.upper(), path, callers[0].scheme, takes),
    )


def _answer(status: int, described: dict[str, Any], schemas: dict[str, Any]) -> Answer:
    members = tuple(_members(_body(described), schemas)) if status < 400 else ()
    return Answer(status, described.get("description", ""), "Retry-After" in described.get("headers", {}), members)


def _body(described: dict[str, Any]) -> dict[str, Any]:
    """The schema of the only kind of body there is."""
    [content] = described.get("content", {"": {}}).values()
    schema: dict[str, Any] = content.get("schema", {})
    return schema


def _resolve(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """The schema itself, where there is a reference to it."""
    for reference in [schema, *schema.get("allOf", [])]:
        if "$ref" in reference:
            return {**schemas[reference["$ref"].rpartition("/")[2]], **schema}
    return schema


def _members(schema: dict[str, Any], schemas: dict[str, Any], prefix: str = "") -> Iterator[Member]:
    schema = _resolve(schema, schemas)
    for name, described in schema.get("properties", {}).items():
        member = _resolve(described, schemas)
        item = _resolve(member.get("items", {}), schemas)
        yield Member(
            name=prefix + name,
            type=_type(member, item),
            description=_description(member),
            is_required=name in schema.get("required", ()),
        )
        yield from _members(member, schemas, f"{prefix}{name}.")
        yield from _members(item, schemas, f"{prefix}{name}[].")


def _type(schema: dict[str, Any], item: dict[str, Any]) -> str:
    if item:
        return f"array of {_type(item, {})}s"
    return str(schema.get("format", schema["type"]))


def _description(schema: dict[str, Any]) -> str:
    said = [schema["description"].replace("`", "")] if "description" in schema else []
    if "enum" in schema:
        said = ["One of " + ", ".join(schema["enum"]) + "."]
    if "maxLength" in schema:
        said.append(f"At most {schema['maxLength']} characters.")
    if "default" in schema:
        said.append(f"{json.dumps(schema['default'])} unless said otherwise.")
    return " ".join(said)


def _example(method: str, path: str, scheme: str, takes: tuple[Member, ...]) -> str:
    """A command that makes the call."""
    words = ["curl", *CREDENTIALS[scheme]]
    if method != "GET" and scheme == "session":
        words.append(CSRF)
    if takes:
        body = {member.name: PLACEHOLDERS.get(member.type, "…") for member in takes if member.is_required}
        words += ['-H "Content-Type: application/json"', f"-d '{json.dumps(body, ensure_ascii=False)}'"]
    elif method != "GET":
        words.append(f"-X {method}")
    return " ".join([*words, settings.DEXTER_PUBLIC_URL + PARAMETER.sub(lambda found: "$" + found[1].upper(), path)])
