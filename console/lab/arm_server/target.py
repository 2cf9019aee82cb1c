"""What a path below a resource group or subscription names: a resource, a list, or an action."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """``type`` as written (``Microsoft.X/kind/kind``).

    A list has one name less than kinds. ``scope`` is the id in front of the last ``/providers/``.
    """

    subscription: str
    group: str
    scope: str
    namespace: str
    kinds: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def type(self) -> str:
        return "/".join((self.namespace, *self.kinds))

    @property
    def is_list(self) -> bool:
        return len(self.names) < len(self.kinds)

    @property
    def parent(self) -> str:
        """Id that the last kind hangs on."""
        path = self.scope
        if len(self.kinds) > 1:
            path += f"/providers/{self.namespace}"
        for kind, name in zip(self.kinds[:-1], self.names, strict=False):
            path += f"/{kind}/{name}"
        return path

    @property
    def id(self) -> str:
        """Of a resource, in the case it was asked for."""
        return self.id_as(self.type)

    def id_as(self, type_: str) -> str:
        """With namespace and kinds written as in ``type_``."""
        namespace, *kinds = type_.split("/")
        pairs = "".join(f"/{kind}/{name}" for kind, name in zip(kinds, self.names, strict=True))
        return f"{self.scope}/providers/{namespace}{pairs}"

    def without_action(self) -> tuple["Target", str]:
        """A POST's last segment reads as one more kind: the resource, and the action."""
        resource = Target(
            self.subscription, self.group, self.scope, self.namespace, self.kinds[:-1], self.names
        )
        return resource, self.kinds[-1]


def parse(segments: tuple[str, ...]) -> Target | None:
    """None for what has no provider and kind in it."""
    lower = [segment.lower() for segment in segments]
    if "providers" not in lower:
        return None
    last = len(lower) - 1 - lower[::-1].index("providers")
    tail = segments[last + 1 :]
    if len(tail) < 2:
        return None
    is_below_subscription = len(lower) > 1 and lower[0] == "subscriptions"
    has_group = is_below_subscription and len(lower) > 3 and lower[2] == "resourcegroups"
    return Target(
        subscription=segments[1] if is_below_subscription else "",
        group=segments[3] if has_group else "",
        scope="".join(f"/{segment}" for segment in segments[:last]),
        namespace=tail[0],
        kinds=tail[1::2],
        names=tail[2::2],
    )
