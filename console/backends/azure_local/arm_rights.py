"""What the account may do in the groups that hold VMs: read once, and again after a while."""

import asyncio
import time
from collections.abc import Iterable

import msgspec

from console.backends import BackendError, Permission
from console.backends.azure_local import arm_paths
from console.backends.azure_local.arm_pipeline import ArmPipeline
from console.backends.rights import missing_acts
from console.model.site import AzureRights

# A role that was just given is seen after this long; asking oftener costs a request a group.
HOLDS_S = 300.0
# More groups than this are told in later readings.
MOST_AT_ONCE = 10


class _Granted(msgspec.Struct, rename="camel", gc=False):
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()


_GRANTED = msgspec.json.Decoder(tuple[_Granted, ...])


class ArmRights:
    """By resource group. Where Azure does not tell, nothing is said: neither may nor may not."""

    def __init__(self, pipeline: ArmPipeline) -> None:
        self._pipeline = pipeline
        self._known: dict[str, tuple[AzureRights | None, float]] = {}

    async def of(self, arm_ids: Iterable[str]) -> tuple[AzureRights, ...]:
        """For the groups of these resources. Never raises: rights are beside the data."""
        groups = sorted({group for arm_id in arm_ids if (group := _group_of(arm_id))})
        now = time.monotonic()
        due = [one for one in groups if one not in self._known or now > self._known[one][1]]
        found = await asyncio.gather(*(self._ask(group) for group in due[:MOST_AT_ONCE]))
        for group, told in zip(due, found, strict=False):
            self._known[group] = (told, now + HOLDS_S)
        known = (self._known[one][0] for one in groups if one in self._known)
        return tuple(told for told in known if told is not None)

    async def _ask(self, group: str) -> AzureRights | None:
        granted: list[Permission] = []
        try:
            async for page in self._pipeline.pages(arm_paths.permissions(group), "Read rights"):
                granted += [
                    Permission(row.actions, row.not_actions) for row in _GRANTED.decode(page)
                ]
        except (BackendError, msgspec.MsgspecError, ValueError):
            return None
        return AzureRights(group, missing_acts(tuple(granted)))


def _group_of(arm_id: str) -> str:
    parts = arm_id.lower().split("/")
    return "/".join(parts[:5]) if len(parts) > 5 and parts[3] == "resourcegroups" else ""
