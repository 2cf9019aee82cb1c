"""The request as Terraform with the AzAPI provider. Passwords are ephemeral variables.

A password stands in ``sensitive_body``, which Terraform writes into neither plan nor state (AzAPI
2.4, Terraform 1.11). Everything else is the body that the console itself sends.
"""

import re
from typing import Any

from console.model.request import VirtualMachineSpec
from console.ui.wizard.as_resources import (
    DOMAIN_PASSWORD,
    PASSWORD,
    IdOf,
    Parameter,
    Resource,
    parameters,
    resources,
)

_VARIABLES = {PASSWORD: "admin_password", DOMAIN_PASSWORD: "domain_password"}
_HEAD = """terraform {
  required_version = ">= 1.11"
  required_providers {
    azapi = {
      source  = "Azure/azapi"
      version = ">= 2.4, < 3"
    }
  }
}
"""
# Arguments of the resource itself; all else of a body belongs into ``body``.
_OUTSIDE = ("location", "tags", "identity")
_NEVER = object()
_OPENS_TEMPLATE = re.compile(r"(\$+|%+)\{")


class _Bare(str):
    """An expression of Terraform, not a text."""


def terraform(spec: VirtualMachineSpec) -> str:
    """A root module that makes everything of the request; needs ``terraform apply -var`` or a
    prompt for each password.
    """
    parts = [_HEAD]
    provider = _block(["provider", "azapi"], {"subscription_id": spec.subscription_id})
    parts.append(provider)
    for name in parameters(spec):
        about = {"type": _Bare("string"), "sensitive": True, "ephemeral": True}
        parts.append(_block(["variable", _VARIABLES[name]], about))
    group = f"/subscriptions/{spec.subscription_id}/resourceGroups/{spec.resource_group}"
    parts += [_resource(resource, group) for resource in resources(spec)]
    return "\n".join(parts)


def _resource(resource: Resource, group: str) -> str:
    owner = resource.scope or resource.parent
    arguments: dict[str, Any] = {
        "type": f"{resource.type}@{resource.version}",
        "parent_id": _id_of(owner) if owner is not None else group,
        "name": resource.name,
    }
    inside = {key: value for key, value in resource.body.items() if key not in _OUTSIDE}
    arguments |= {key: resource.body[key] for key in ("location", "tags") if key in resource.body}
    arguments["body"] = _without_secrets(inside)
    secrets = _only_secrets(inside)
    if secrets is not _NEVER:
        arguments["sensitive_body"] = secrets
    # The provider may not know these versions yet; Azure itself validates what it is sent.
    arguments["schema_validation_enabled"] = False
    if resource.after:
        arguments["depends_on"] = [_Bare(f"azapi_resource.{one.symbol}") for one in resource.after]
    identity = resource.body.get("identity")
    blocks = _nested("identity", identity) if identity else ""
    return _block(["resource", "azapi_resource", resource.symbol], arguments, blocks)


def _id_of(resource: Resource) -> _Bare:
    return _Bare(f"azapi_resource.{resource.symbol}.id")


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_secrets(item)
            for key, item in value.items()
            if not isinstance(item, Parameter) and not _is_secret_only(item)
        }
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    return _id_of(value.resource) if isinstance(value, IdOf) else value


def _is_secret_only(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and bool(value)
        and all(isinstance(item, Parameter) or _is_secret_only(item) for item in value.values())
    )


def _only_secrets(value: Any) -> Any:
    """The same shape with nothing in it but secrets; ``_NEVER`` where there is none."""
    if isinstance(value, Parameter):
        return _Bare(f"var.{_VARIABLES[value.name]}")
    if isinstance(value, dict):
        found = {key: _only_secrets(item) for key, item in value.items()}
        kept = {key: item for key, item in found.items() if item is not _NEVER}
        return kept or _NEVER
    return _NEVER


# -- writing -----------------------------------------------------------------------------------
def _block(labels: list[str], arguments: dict[str, Any], blocks: str = "") -> str:
    head = " ".join([labels[0], *(f'"{label}"' for label in labels[1:])])
    return f"{head} {{\n{_attributes(arguments, 1)}{blocks}}}\n"


def _nested(name: str, arguments: dict[str, Any]) -> str:
    return f"\n  {name} {{\n{_attributes(arguments, 2)}  }}\n"


def _attributes(arguments: dict[str, Any], depth: int) -> str:
    """One a line; ``=`` in columns as far as ``terraform fmt`` wants them."""
    pad = "  " * depth
    written = [(_key(key), _value(value, depth)) for key, value in arguments.items()]
    lines: list[str] = []
    at = 0
    while at < len(written):
        group = _aligned(written, at)
        width = max(len(key) for key, _ in group)
        lines += [f"{pad}{key:<{width}} = {text}\n" for key, text in group]
        at += len(group)
    return "".join(lines)


def _aligned(written: list[tuple[str, str]], at: int) -> list[tuple[str, str]]:
    """Neighbours of one line each share a column; one of several lines stands for itself."""
    if "\n" in written[at][1]:
        return [written[at]]
    end = at
    while end < len(written) and "\n" not in written[end][1]:
        end += 1
    return written[at:end]


def _value(value: Any, depth: int) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | _Bare):
        return str(value)
    if isinstance(value, dict):
        return "{\n" + _attributes(value, depth + 1) + "  " * depth + "}" if value else "{}"
    if isinstance(value, list):
        return _list(value, depth)
    return _text(str(value))


def _list(items: list[Any], depth: int) -> str:
    if not items:
        return "[]"
    if all(isinstance(item, str) for item in items):
        return "[" + ", ".join(_value(item, depth) for item in items) + "]"
    pad = "  " * (depth + 1)
    rows = "".join(f"{pad}{_value(item, depth + 1)},\n" for item in items)
    return "[\n" + rows + "  " * depth + "]"


def _key(key: str) -> str:
    is_plain = key.isascii() and key.replace("-", "_").isidentifier()
    return key if is_plain else _text(key)


def _harmless(found: re.Match[str]) -> str:
    """Doubled, the sign stands for itself; where it is doubled already, by its number."""
    signs = found[1]
    return f"{signs * 2}{{" if len(signs) == 1 else f"{signs[:-1]}\\u{ord(signs[0]):04x}{{"


def _text(text: str) -> str:
    """One text, whatever it holds: nothing in it is ever evaluated."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    escaped = _OPENS_TEMPLATE.sub(_harmless, escaped)
    for sign, word in (("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        escaped = escaped.replace(sign, word)
    return f'"{escaped}"'
