"""Reads Bicep and Terraform back, by grammars that are not ours: what was written, as data."""

from dataclasses import dataclass, field
from typing import Any

import tree_sitter_bicep
import tree_sitter_hcl
from tree_sitter import Language, Node, Parser

_HCL = Parser(Language(tree_sitter_hcl.language()))
_BICEP = Parser(Language(tree_sitter_bicep.language()))
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "'": "'", "$": "$"}


@dataclass(frozen=True)
class Ref:
    """An expression that names something else, as it is written."""

    text: str


@dataclass
class Block:
    labels: tuple[str, ...]
    arguments: dict[str, Any] = field(default_factory=dict)
    blocks: list["Block"] = field(default_factory=list)


def _text(node: Node) -> str:
    assert node.text is not None
    return node.text.decode()


def _parsed(parser: Parser, text: str) -> Node:
    root = parser.parse(text.encode()).root_node
    assert not root.has_error, f"it does not parse: {root}"
    return root


def _unescaped(written: str, marks: tuple[str, ...]) -> str:
    """``marks`` open a template unless they are doubled; a bare one would be evaluated."""
    out, at = "", 0
    while at < len(written):
        if written[at] == "\\":
            is_number = written[at + 1] == "u"
            out += (
                chr(int(written[at + 2 : at + 6], 16)) if is_number else _ESCAPES[written[at + 1]]
            )
            at += 6 if is_number else 2
            continue
        mark = next((m for m in marks if written.startswith(m[0] + m, at)), "")
        if mark:
            out += mark
            at += len(mark) + 1
            continue
        assert not any(written.startswith(m, at) for m in marks), written
        out += written[at]
        at += 1
    return out


# -- Terraform ---------------------------------------------------------------------------------
def terraform_blocks(text: str) -> list[Block]:
    body = _parsed(_HCL, text).children[0]
    return [_block(node) for node in body.named_children]


def _block(node: Node) -> Block:
    assert node.type == "block"
    made = Block(())
    labels: list[str] = []
    for child in node.named_children:
        if child.type == "identifier":
            labels.append(_text(child))
        elif child.type == "string_lit":
            labels.append(_string(child))
        elif child.type == "body":
            for inner in child.named_children:
                if inner.type == "attribute":
                    name, value = inner.named_children
                    made.arguments[_text(name)] = _hcl(value)
                else:
                    made.blocks.append(_block(inner))
    made.labels = tuple(labels)
    return made


def _string(node: Node) -> str:
    inside = _text(node)
    assert inside[0] == inside[-1] == '"'
    return _unescaped(inside[1:-1], ("${", "%{"))


def _hcl(node: Node) -> Any:
    assert node.type == "expression"
    kinds = [child.type for child in node.named_children]
    if kinds[0] == "variable_expr":
        return Ref(_text(node))
    inner = node.named_children[0].named_children[0]
    if inner.type == "string_lit":
        return _string(inner)
    if inner.type == "bool_lit":
        return _text(inner) == "true"
    if inner.type == "numeric_lit":
        return int(_text(inner))
    if inner.type == "tuple":
        return [_hcl(one) for one in inner.named_children if one.type == "expression"]
    assert inner.type == "object", inner.type
    made = {}
    for element in inner.named_children:
        if element.type == "object_elem":
            key, value = element.named_children
            found = _hcl(key)
            made[found.text if isinstance(found, Ref) else found] = _hcl(value)
    return made


# -- Bicep -------------------------------------------------------------------------------------
def bicep_resources(text: str) -> tuple[list[str], dict[str, tuple[str, dict[str, Any]]]]:
    """Names of secure parameters; resources by symbol: type and body."""
    root = _parsed(_BICEP, text)
    secure, found, is_secure = [], {}, False
    for node in root.named_children:
        if node.type == "decorators":
            is_secure = _text(node).strip() == "@secure()"
        elif node.type == "parameter_declaration":
            assert is_secure, "every parameter is a secret"
            assert _text(node).endswith(" string")
            secure.append(_text(node.named_children[0]))
            is_secure = False
        else:
            assert node.type == "resource_declaration", node.type
            symbol, kind, body = node.named_children
            found[_text(symbol)] = (_bicep(kind), _bicep(body))
    return secure, found


def _bicep(node: Node) -> Any:
    if node.type == "string":
        return _unescaped_bicep(_text(node)[1:-1])
    if node.type == "boolean":
        return _text(node) == "true"
    if node.type == "number":
        return int(_text(node))
    if node.type == "array":
        return [_bicep(one) for one in node.named_children]
    if node.type == "object":
        made = {}
        for one in node.named_children:
            key, value = one.named_children
            made[_text(key) if key.type == "identifier" else _bicep(key)] = _bicep(value)
        return made
    assert node.type in ("identifier", "member_expression"), node.type
    return Ref(_text(node))


def _unescaped_bicep(written: str) -> str:
    out, at = "", 0
    while at < len(written):
        assert not written.startswith("${", at), f"it would be evaluated: {written}"
        if written[at] == "\\":
            out += _ESCAPES[written[at + 1]]
            at += 2
        else:
            out += written[at]
            at += 1
    return out
