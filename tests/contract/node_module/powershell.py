"""A PowerShell file as its syntax tree tells it; no PowerShell runs here."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

_PARSER = Parser(Language(tree_sitter_powershell.language()))


@dataclass(frozen=True)
class ParameterText:
    """One parameter as declared: type in lower case, attributes by name with their text."""

    name: str
    type: str
    attributes: dict[str, str]


class PowerShellFile:
    """Read and parsed once; positions in messages are line and column from 1."""

    def __init__(self, path: Path | None, source: bytes | None = None) -> None:
        assert (path is None) != (source is None)
        self.source = path.read_bytes() if path is not None else source or b""
        self.root = _PARSER.parse(self.source).root_node

    @property
    def errors(self) -> list[str]:
        return [
            f"{node.start_point[0] + 1}:{node.start_point[1] + 1}"
            for node in walk(self.root)
            if node.is_error or node.is_missing
        ]

    def text(self, node: Node) -> str:
        return self.source[node.start_byte : node.end_byte].decode()

    @property
    def functions(self) -> dict[str, Node]:
        return {
            self.text(self._child(node, "function_name")): node
            for node in walk(self.root)
            if node.type == "function_statement"
        }

    def commands(self, node: Node | None = None) -> set[str]:
        """Names of all commands called in a part of the file."""
        return {self.text(each) for each in walk(node or self.root) if each.type == "command_name"}

    def reachable(self, function: str) -> set[str]:
        """Commands that a function calls itself or through functions of this file."""
        functions = self.functions
        found: set[str] = set()
        waiting = [function]
        while waiting:
            for name in self.commands(functions[waiting.pop()]) - found:
                found.add(name)
                if name in functions:
                    waiting.append(name)
        return found - set(functions)

    def parameters(self, function: str) -> list[ParameterText]:
        """Of an advanced function's param block."""
        block = self._child(self.functions[function], "script_block")
        blocks = [node for node in block.children if node.type == "param_block"]
        if not blocks:
            return []
        return [
            self._parameter(node) for node in walk(blocks[0]) if node.type == "script_parameter"
        ]

    def strings(self) -> list[str]:
        """All single-quoted strings, without their quotes."""
        return [
            self.text(node).strip("'")
            for node in walk(self.root)
            if node.type == "verbatim_string_characters"
        ]

    def _parameter(self, node: Node) -> ParameterText:
        name = next(self.text(child) for child in node.children if child.type == "variable")
        kind, attributes = "", {}
        for attribute in (each for each in walk(node) if each.type == "attribute"):
            text = self.text(attribute).strip("[]")
            found = re.fullmatch(r"(\w+)\((.*)\)", text, re.DOTALL)
            if found is not None:
                attributes[found[1]] = found[2]
            else:
                kind = text.lower()
        return ParameterText(name.lstrip("$"), kind, attributes)

    def _child(self, node: Node, kind: str) -> Node:
        return next(child for child in node.children if child.type == kind)


def walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from walk(child)
