"""Acts on ARM through Microsoft's clients: sent once, never retried, GET before PUT."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import IO, Any, cast

import msgspec
from azure.core.exceptions import AzureError
from azure.mgmt.azurestackhcivm.aio import AzureStackHCIVmClient
from azure.mgmt.hybridcompute.aio import HybridComputeManagementClient

from console.backends import BackendError, ExistingResource, Permission
from console.backends.azure_local import arm_bodies, arm_paths, arm_rows
from console.backends.azure_local.arm_faults import error_of, fault_of_status, malformed
from console.backends.azure_local.arm_jobs import ArmJob, JobKind, JobToken, token_of_answer
from console.backends.azure_local.arm_pipeline import ArmPipeline
from console.model.freshness import Fault, FaultCode
from console.model.request import PowerAction

_RESOURCE = msgspec.json.Decoder(arm_rows.AnyResource)
_TOKEN = msgspec.json.Decoder(JobToken)
_PERMISSIONS = msgspec.json.Decoder(list[arm_rows.PermissionRow])
_READ_PERMISSIONS = "Read permissions"
# A group of creations asks the same scopes again and again.
_PERMISSIONS_HOLD_S = 30.0
_DOES_NOT_TELL = (FaultCode.FORBIDDEN, FaultCode.NOT_FOUND, FaultCode.REJECTED)


class ArmActs:
    """Everything that changes something in Azure. Raises BackendError only."""

    def __init__(self, pipeline: ArmPipeline) -> None:
        self._pipeline = pipeline
        self._vm_clients: dict[str, AzureStackHCIVmClient] = {}
        self._machine_clients: dict[str, HybridComputeManagementClient] = {}
        self._permissions: dict[str, tuple[tuple[Permission, ...] | None, float]] = {}

    # -- looking first -------------------------------------------------------------------------
    async def find(self, arm_id: str) -> ExistingResource | None:
        """A resource as it is now. An instance has no tags: its machine's tag counts."""
        found = await self._get(arm_id)
        if found is None:
            return None
        tagged = found
        if arm_paths.is_instance(arm_id):
            tagged = await self._get(arm_paths.machine_of(arm_id)) or found
        return ExistingResource(
            arm_id=found.id or arm_id,
            provisioning_state=(found.properties.provisioning_state if found.properties else None)
            or "",
            operation_id=(tagged.tags or {}).get(arm_bodies.OPERATION_TAG, ""),
        )

    async def _get(self, arm_id: str) -> arm_rows.AnyResource | None:
        path = arm_paths.resource_path(arm_id, self._pipeline.connection.vm_api_version)
        response = await self._pipeline.request("GET", path, "Look at the resource")
        if response.status_code == 404:
            return None
        if response.status_code != 200:
            raise BackendError(
                fault_of_status(response.status_code, response.content, "Look at the resource")
            )
        try:
            return _RESOURCE.decode(response.content)
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            raise BackendError(malformed("Look at the resource", str(error))) from error

    async def permissions(self, scope: str) -> tuple[Permission, ...] | None:
        """What this account may do there; None where Azure does not tell."""
        known = self._permissions.get(scope.lower())
        if known is not None and time.monotonic() - known[1] < _PERMISSIONS_HOLD_S:
            return known[0]
        told = await self._ask_permissions(scope)
        self._permissions[scope.lower()] = (told, time.monotonic())
        return told

    async def _ask_permissions(self, scope: str) -> tuple[Permission, ...] | None:
        found: list[Permission] = []
        try:
            async for page in self._pipeline.pages(arm_paths.permissions(scope), _READ_PERMISSIONS):
                rows = _PERMISSIONS.decode(page)
                found += [Permission(tuple(r.actions), tuple(r.not_actions)) for r in rows]
        except BackendError as error:
            if error.fault.code in _DOES_NOT_TELL:
                return None
            raise
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            raise BackendError(malformed(_READ_PERMISSIONS, str(error))) from error
        return tuple(found)

    async def _refuse_foreign(self, arm_id: str, operation_id: str) -> None:
        """A PUT on an existing name would reconfigure somebody's resource."""
        found = await self.find(arm_id)
        if found is not None and found.operation_id != operation_id:
            name = arm_paths.parse(arm_paths.machine_of(arm_id)).name
            raise BackendError(
                Fault(
                    FaultCode.CONFLICT,
                    summary=f"“{name}” exists already and was not made by this operation.",
                    kept="Nothing was changed.",
                    remedy="Choose another name.",
                    detail=found.arm_id,
                )
            )

    # -- creating ------------------------------------------------------------------------------
    async def put_network_interface(
        self, arm_id: str, body: arm_bodies.Body, operation_id: str
    ) -> ArmJob:
        await self._refuse_foreign(arm_id, operation_id)
        parts = arm_paths.parse(arm_id)
        groups = self._vm_client(parts.subscription).network_interfaces
        return await self._send(
            JobKind.PUT, arm_id, "Create the network interface",
            lambda **options: groups.begin_create_or_update(
                parts.group, parts.name, body, **options
            ),
        )  # fmt: skip

    async def put_disk(self, arm_id: str, body: arm_bodies.Body, operation_id: str) -> ArmJob:
        await self._refuse_foreign(arm_id, operation_id)
        parts = arm_paths.parse(arm_id)
        groups = self._vm_client(parts.subscription).virtual_hard_disks
        return await self._send(
            JobKind.PUT, arm_id, "Create the data disk",
            lambda **options: groups.begin_create_or_update(
                parts.group, parts.name, body, **options
            ),
        )  # fmt: skip

    async def put_image(self, arm_id: str, body: arm_bodies.Body, operation_id: str) -> ArmJob:
        await self._refuse_foreign(arm_id, operation_id)
        parts = arm_paths.parse(arm_id)
        groups = self._vm_client(parts.subscription).marketplace_gallery_images
        return await self._send(
            JobKind.PUT, arm_id, "Download the image",
            lambda **options: groups.begin_create_or_update(
                parts.group, parts.name, body, **options
            ),
            looks_at_resource=True,
        )  # fmt: skip

    async def put_machine(self, arm_id: str, body: arm_bodies.Body, operation_id: str) -> ArmJob:
        await self._refuse_foreign(arm_id, operation_id)
        parts = arm_paths.parse(arm_id)
        machines = self._machine_client(parts.subscription).machines
        return await self._send(
            JobKind.PUT, arm_id, "Create the machine",
            lambda **options: machines.create_or_update(
                parts.group, parts.name, _encoded(body), **options
            ),
            is_long_running=False,
        )  # fmt: skip

    async def put_instance(self, machine: str, body: arm_bodies.Body, operation_id: str) -> ArmJob:
        arm_id = arm_paths.instance_id(machine)
        await self._refuse_foreign(arm_id, operation_id)
        instances = self._vm_client(arm_paths.parse(machine).subscription)
        return await self._send(
            JobKind.PUT, arm_id, "Create the VM",
            lambda **options: instances.virtual_machine_instances.begin_create_or_update(
                machine.lstrip("/"), body, **options
            ),
        )  # fmt: skip

    async def put_extension(
        self, machine: str, name: str, body: arm_bodies.Body, operation_id: str
    ) -> ArmJob:
        arm_id = f"{machine}/extensions/{name}"
        await self._refuse_foreign(arm_id, operation_id)
        parts = arm_paths.parse(machine)
        extensions = self._machine_client(parts.subscription).machine_extensions
        return await self._send(
            JobKind.PUT, arm_id, "Join the domain",
            lambda **options: extensions.begin_create_or_update(
                parts.group, parts.name, name, _encoded(body), **options
            ),
        )  # fmt: skip

    # -- power and deletion --------------------------------------------------------------------
    async def power(self, machine: str, action: PowerAction) -> ArmJob:
        instances = self._vm_client(arm_paths.parse(machine).subscription).virtual_machine_instances
        begin = {
            PowerAction.START: instances.begin_start,
            PowerAction.STOP: instances.begin_stop,
            PowerAction.RESTART: instances.begin_restart,
            PowerAction.PAUSE: instances.begin_pause,
            PowerAction.SAVE: instances.begin_save,
        }[action]
        return await self._send(
            JobKind.POST, arm_paths.instance_id(machine), f"Ask Azure to {action} the VM",
            lambda **options: begin(machine.lstrip("/"), **options),
        )  # fmt: skip

    async def delete(self, arm_id: str, then_delete: str = "") -> ArmJob:
        """Delete one resource, then perhaps another. What is not there is deleted already."""
        parts = arm_paths.parse(arm_id)
        kind = parts.kind.lower()
        begin: Callable[..., Awaitable[Any]]
        if kind == "virtualmachineinstances":
            machine = arm_paths.machine_of(arm_id).lstrip("/")
            instances = self._vm_client(parts.subscription).virtual_machine_instances

            def begin(**options: Any) -> Awaitable[Any]:
                return instances.begin_delete(machine, **options)
        else:
            group = self._deletable(kind, parts.subscription)

            def begin(**options: Any) -> Awaitable[Any]:
                return group.begin_delete(parts.group, parts.name, **options)  # type: ignore[no-any-return]

        return await self._send(
            JobKind.DELETE, arm_id, f"Delete {parts.name}", begin, then_delete=then_delete
        )

    def _deletable(self, kind: str, subscription: str) -> Any:
        if kind == "machines":
            return self._machine_client(subscription).machines
        client = self._vm_client(subscription)
        groups = {
            "networkinterfaces": client.network_interfaces,
            "virtualharddisks": client.virtual_hard_disks,
            "marketplacegalleryimages": client.marketplace_gallery_images,
        }
        if kind not in groups:
            raise BackendError(
                Fault(FaultCode.REJECTED, summary=f"This console never deletes a {kind}.")
            )
        return groups[kind]

    def resume(self, token: str) -> ArmJob:
        """BackendError(MALFORMED) for no token of ours, (FOREIGN_HOST) for another's URLs."""
        try:
            found = _TOKEN.decode(token)
        except (msgspec.MsgspecError, ValueError) as error:
            raise BackendError(malformed("Resume the operation", str(error))) from error
        for url in (found.status_url, found.location_url):
            if url and not self._pipeline.connection.may_see_token(url):
                raise BackendError(
                    Fault(
                        FaultCode.FOREIGN_HOST,
                        summary="The journal names another host than this profile.",
                        kept="No token was sent there.",
                    )
                )
        return ArmJob(self._pipeline, found, self.delete)

    # -- sending -------------------------------------------------------------------------------
    async def _send(
        self,
        kind: JobKind,
        arm_id: str,
        what: str,
        begin: Callable[..., Awaitable[Any]],
        *,
        is_long_running: bool = True,
        looks_at_resource: bool = False,
        then_delete: str = "",
    ) -> ArmJob:
        """One request, whatever comes back. ``begin`` is a client's method with its arguments."""
        first: list[Any] = []

        def keep_first(response: Any) -> None:
            first.append(response.http_response)

        options: dict[str, Any] = {"retry_total": 0, "raw_response_hook": keep_first}
        if is_long_running:
            options["polling"] = False
        try:
            await begin(**options)
        except AzureError as error:
            raise error_of(error, what, is_act=True) from error
        except (ValueError, TypeError) as error:
            # The answer came, and its headers or body were not what the client expects.
            status = first[0].status_code if first else 0
            if status >= 400:
                fault = fault_of_status(status, await _body(first[0]), what)
                raise BackendError(fault, was_sent=status >= 500) from error
            raise BackendError(malformed(what, str(error)), was_sent=True) from error
        answer = first[0]
        body = await _body(answer)
        headers: Mapping[str, str] = answer.headers
        token = token_of_answer(
            kind, arm_id, answer.status_code, headers, body,
            looks_at_resource=looks_at_resource, then_delete=then_delete,
        )  # fmt: skip
        return ArmJob(self._pipeline, token, self.delete)

    def _options(self) -> dict[str, Any]:
        connection = self._pipeline.connection
        return {
            "base_url": connection.url.rstrip("/"),
            "credential_scopes": [connection.token_scope],
            "policies": self._pipeline.policies(),
            "transport": self._pipeline.transport,
        }

    def _vm_client(self, subscription: str) -> AzureStackHCIVmClient:
        if subscription not in self._vm_clients:
            self._vm_clients[subscription] = AzureStackHCIVmClient(
                self._pipeline.connection.credential, subscription,
                api_version=self._pipeline.connection.vm_api_version, **self._options(),
            )  # fmt: skip
        return self._vm_clients[subscription]

    def _machine_client(self, subscription: str) -> HybridComputeManagementClient:
        if subscription not in self._machine_clients:
            self._machine_clients[subscription] = HybridComputeManagementClient(
                self._pipeline.connection.credential, subscription,
                api_version=arm_paths.HYBRID_COMPUTE_API, **self._options(),
            )  # fmt: skip
        return self._machine_clients[subscription]


async def _body(answer: Any) -> bytes:
    """What is left to read is read; a body that broke off counts as none."""
    try:
        content = await answer.read()
    except AzureError:
        return b""
    return content if isinstance(content, bytes) else b""


def _encoded(body: arm_bodies.Body) -> IO[bytes]:
    """For the client that takes models or bytes; its signature calls bytes a stream."""
    return cast(IO[bytes], msgspec.json.encode(body))
