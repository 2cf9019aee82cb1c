"""Tries Azure's half of a profile one step at a time, and tells what the account sees there."""

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec

from console.backends import BackendError, Permission, endpoint_look
from console.backends.azure_local import arm_paths
from console.backends.azure_local.arm_faults import malformed
from console.backends.azure_local.arm_pipeline import ArmPipeline
from console.backends.azure_local.connections import ArmConnection
from console.backends.rights import is_granted
from console.model.connection import StepState, Subscription, Tenant, TestStep
from console.model.freshness import cut

Tell = Callable[[TestStep], None]
_WHERE = "Azure"
_LATER = ("Sign-in", "Subscriptions", "Clusters", "Rights")
_MOST = 500
_TENANTS_API = "2022-12-01"
_HCI, _HYBRID = "Microsoft.AzureStackHCI", "Microsoft.HybridCompute"
# What the console does in Azure, by the right that it needs; without one its act is not offered.
NEEDED = (
    (f"{_HCI}/virtualMachineInstances/read", "see VMs"),
    (f"{_HCI}/virtualMachineInstances/write", "create VMs"),
    (f"{_HCI}/virtualMachineInstances/delete", "delete VMs"),
    (f"{_HCI}/virtualMachineInstances/start/action", "start VMs"),
    (f"{_HCI}/virtualMachineInstances/stop/action", "stop VMs"),
    (f"{_HCI}/virtualMachineInstances/restart/action", "restart VMs"),
    (f"{_HCI}/networkInterfaces/write", "create network interfaces"),
    (f"{_HCI}/marketplaceGalleryImages/write", "download images"),
    (f"{_HYBRID}/machines/write", "register machines"),
)
_ROLE = "Azure Stack HCI VM Contributor (or Administrator)"


class _Subscription(msgspec.Struct, rename="camel"):
    subscription_id: str = ""
    display_name: str = ""
    state: str = ""
    tenant_id: str = ""


class _Tenant(msgspec.Struct, rename="camel"):
    tenant_id: str = ""
    display_name: str = ""
    default_domain: str = ""
    domains: tuple[str, ...] = ()


class _Listed(msgspec.Struct):
    id: str = ""
    name: str = ""


class _Granted(msgspec.Struct, rename="camel"):
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()


async def read_subscriptions(pipeline: ArmPipeline) -> tuple[Subscription, ...]:
    """What the account sees, by name. Raises BackendError."""
    path = f"/subscriptions?api-version={arm_paths.SUBSCRIPTIONS_API}"
    rows = await _rows(pipeline, path, "List subscriptions", _Subscription)
    found = (
        Subscription(row.subscription_id, cut(row.display_name, 120), row.state, row.tenant_id)
        for row in rows
    )
    return tuple(sorted(found, key=lambda one: one.name.casefold()))


async def read_tenants(pipeline: ArmPipeline) -> tuple[Tenant, ...]:
    """Raises BackendError."""
    path = f"/tenants?api-version={_TENANTS_API}"
    rows = await _rows(pipeline, path, "List tenants", _Tenant)
    return tuple(
        Tenant(
            row.tenant_id,
            cut(row.display_name, 120),
            row.default_domain or "".join(row.domains[:1]),
        )
        for row in rows
    )


async def _rows(pipeline: ArmPipeline, path: str, what: str, kind: type) -> list:  # type: ignore[type-arg]
    found: list = []  # type: ignore[type-arg]
    async for page in pipeline.pages(path, what):
        try:
            found += msgspec.json.decode(page, type=list[kind])  # type: ignore[valid-type]
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            raise BackendError(malformed(what, str(error))) from error
        if len(found) >= _MOST:
            break
    return found[:_MOST]


async def test_azure(
    connection: Callable[[], ArmConnection], url: str, ca_file: str, tell: Tell, proxy: str
) -> None:
    """``connection`` may raise BackendError: it makes the credential. Behind a proxy only the proxy
    can be looked at from here; what lies behind shows when it is asked.
    """
    parts = urlsplit(proxy or url)
    looked = await asyncio.to_thread(
        endpoint_look.look,
        "Proxy" if proxy else _WHERE,
        parts.hostname or "",
        parts.port or (80 if proxy else 443),
        ca_file,
        has_tls=not proxy,
    )
    for step in looked.steps:
        tell(step)
    if not looked.is_good:
        _leave_out(0, tell)
        return
    pipeline = None
    try:
        pipeline = ArmPipeline(connection())
        seen = await read_subscriptions(pipeline)
        tell(TestStep(_WHERE, "Sign-in", StepState.PASSED, "Azure accepts the sign-in."))
        await _what_it_sees(pipeline, seen, tell)
    except BackendError as error:
        fault = error.fault
        tell(
            TestStep(_WHERE, "Sign-in", StepState.FAILED, fault.summary, fault.remedy, fault.detail)
        )
        _leave_out(1, tell)
    finally:
        if pipeline is not None:
            await pipeline.close(keep_credential=True)


def _leave_out(first: int, tell: Tell) -> None:
    for title in _LATER[first:]:
        tell(endpoint_look.not_tried(_WHERE, title))


async def _what_it_sees(pipeline: ArmPipeline, seen: tuple[Subscription, ...], tell: Tell) -> None:
    wanted = pipeline.connection.subscription_ids or tuple(one.id for one in seen)
    missing = [one for one in wanted if one.lower() not in {known.id.lower() for known in seen}]
    if missing or not wanted:
        what = f"{len(missing)} of the chosen subscriptions" if missing else "any subscription"
        tell(
            TestStep(
                _WHERE, "Subscriptions", StepState.FAILED,
                f"This account does not see {what}.",
                "Sign in with another account or tenant, or ask for Reader on the subscription.",
                ", ".join(missing[:5]),
            )
        )  # fmt: skip
        _leave_out(2, tell)
        return
    names = ", ".join(cut(one.name or one.id, 40) for one in seen if one.id in wanted)
    tell(TestStep(_WHERE, "Subscriptions", StepState.PASSED, cut(names, 300)))
    await _clusters(pipeline, wanted, tell)
    await _rights(pipeline, wanted, tell)


async def _clusters(pipeline: ArmPipeline, wanted: tuple[str, ...], tell: Tell) -> None:
    names: list[str] = []
    try:
        for one in wanted:
            path = (
                f"/subscriptions/{one}/resources?api-version=2021-04-01"
                f"&$filter=resourceType%20eq%20'{_HCI}/clusters'"
            )
            rows = await _rows(pipeline, path, "List clusters", _Listed)
            names += [row.name for row in rows]
    except BackendError as error:
        fault = error.fault
        tell(
            TestStep(
                _WHERE, "Clusters", StepState.FAILED, fault.summary, fault.remedy, fault.detail
            )
        )
        return
    if names:
        text = cut(", ".join(names[:8]), 300)
        tell(TestStep(_WHERE, "Clusters", StepState.PASSED, text))
    else:
        tell(
            TestStep(
                _WHERE, "Clusters", StepState.NOTE, "No Azure Local cluster is in sight.",
                "Choose another subscription, or ask for Reader on the cluster's resource group.",
            )
        )  # fmt: skip


async def read_rights(pipeline: ArmPipeline, subscription: str) -> tuple[str, ...] | None:
    """What this account may not do there, in words; None where Azure does not tell."""
    scope = f"/subscriptions/{subscription}"
    try:
        rows = await _rows(pipeline, arm_paths.permissions(scope), "Read permissions", _Granted)
    except BackendError:
        return None
    granted = tuple(Permission(row.actions, row.not_actions) for row in rows)
    return tuple(what for right, what in NEEDED if not is_granted(right, granted))


async def _rights(pipeline: ArmPipeline, wanted: tuple[str, ...], tell: Tell) -> None:
    told = {one: await read_rights(pipeline, one) for one in wanted[:20]}
    untold = [one for one, missing in told.items() if missing is None]
    lacking = {one: missing for one, missing in told.items() if missing}
    if lacking:
        text = "; ".join(f"{one}: may not {', '.join(what)}" for one, what in lacking.items())
        tell(
            TestStep(
                _WHERE, "Rights", StepState.NOTE,
                cut(text, 500) + ". A role at a resource group may still allow it there.",
                f"Ask an owner of the subscription or the group for the role {_ROLE}.",
            )
        )  # fmt: skip
    elif untold:
        text = f"Azure does not tell what this account may do in {', '.join(untold[:3])}."
        tell(TestStep(_WHERE, "Rights", StepState.NOTE, text))
    else:
        text = "Everything that the console does in Azure is allowed to this account."
        tell(TestStep(_WHERE, "Rights", StepState.PASSED, text))
