"""Microsoft's published types (bicep ``types.json``) as JSON Schema, for answers and for requests.

Flags of a property: 1 required, 2 read-only, 4 write-only.
"""

import functools
import json
from pathlib import Path
from typing import Any, Literal

from jsonschema import Draft202012Validator

Direction = Literal["answer", "request"]
Schema = dict[str, Any]
_REQUIRED, _READ_ONLY, _WRITE_ONLY = 1, 2, 4
# Bicep writes the api-version into every body; ARM does not.
_ARTEFACTS = frozenset({"apiVersion"})
# In a request these are in the URL.
_IN_URL = frozenset({"id", "name", "type"})
_PLAIN = {"BooleanType": "boolean", "IntegerType": "integer", "StringType": "string"}
_LIMITS = {
    "minValue": "minimum", "maxValue": "maximum", "pattern": "pattern",
}  # fmt: skip


class _Converter:
    """One file in one direction. ``is_closed``: words of extensible enums must be known ones."""

    def __init__(self, types: list[dict[str, Any]], direction: Direction, is_closed: bool) -> None:
        self.types = types
        self.forbidden = _WRITE_ONLY if direction == "answer" else _READ_ONLY
        self.left_out = _ARTEFACTS | (_IN_URL if direction == "request" else frozenset())
        self.is_closed = is_closed
        # Only whole resources have those; an ``id`` further down is an ordinary property.
        self.bodies = [types[_number(one["body"])] for one in types if "body" in one]

    def definitions(self) -> dict[str, Schema]:
        return {str(number): self.convert(one) for number, one in enumerate(self.types)}

    def convert(self, one: dict[str, Any]) -> Schema:
        kind = one["$type"]
        if kind in _PLAIN:
            limits = {word: one[name] for name, word in _LIMITS.items() if name in one}
            return {"type": _PLAIN[kind], **limits, **self._lengths(one, "Length")}
        if kind == "StringLiteralType":
            return {"const": one["value"]}
        if kind == "ArrayType":
            return {"type": "array", "items": _ref(one["itemType"]), **self._lengths(one, "Items")}
        if kind == "UnionType":
            return self._union(one)
        if kind == "ObjectType":
            left_out = self.left_out if one in self.bodies else frozenset()
            return self._object(one["properties"], one.get("additionalProperties"), left_out)
        if kind == "DiscriminatedObjectType":
            return self._discriminated(one)
        return {}  # AnyType; resources and functions are no bodies

    @staticmethod
    def _lengths(one: dict[str, Any], what: str) -> Schema:
        pairs = {"minLength": f"min{what}", "maxLength": f"max{what}"}
        return {word: one[name] for name, word in pairs.items() if name in one}

    def _union(self, one: dict[str, Any]) -> Schema:
        elements = [self.types[_number(element)] for element in one["elements"]]
        words = [element["value"] for element in elements if "value" in element]
        if words and (self.is_closed or len(words) == len(elements)):
            return {"enum": words}
        return {"anyOf": [_ref(element) for element in one["elements"]]}

    def _object(
        self,
        properties: dict[str, Any],
        additional: dict[str, str] | None,
        left_out: frozenset[str],
    ) -> Schema:
        allowed = {
            name: facts
            for name, facts in properties.items()
            if name not in left_out and not facts["flags"] & self.forbidden
        }
        return {
            "type": "object",
            "properties": {name: _ref(facts["type"]) for name, facts in allowed.items()},
            "required": [name for name, facts in allowed.items() if facts["flags"] & _REQUIRED],
            "unevaluatedProperties": _ref(additional) if additional else False,
        }

    def _discriminated(self, one: dict[str, Any]) -> Schema:
        variants = []
        for element in one["elements"].values():
            own = self.types[_number(element)]["properties"]
            variants.append(self._object({**one["baseProperties"], **own}, None, self.left_out))
        return {"oneOf": variants}


def _number(reference: dict[str, str]) -> int:
    return int(reference["$ref"].rsplit("/", 1)[1])


def _ref(reference: dict[str, str]) -> Schema:
    return {"$ref": f"#/$defs/{_number(reference)}"}


@functools.cache
def validators(
    file: Path, direction: Direction, is_closed: bool = True
) -> dict[str, Draft202012Validator]:
    """Lower-case resource type -> validator, for every type of one ``types.json``."""
    types = json.loads(file.read_text(encoding="utf-8"))
    definitions = _Converter(types, direction, is_closed).definitions()
    return {
        one["name"].split("@")[0].lower(): Draft202012Validator(
            {**_ref(one["body"]), "$defs": definitions}
        )
        for one in types
        if one["$type"] == "ResourceType"
    }


def complaints(validator: Draft202012Validator, body: Any) -> list[str]:
    """What is wrong, each with its place; empty when the body is as published."""
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(body)]
