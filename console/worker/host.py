"""Composition root of the worker process: pipe, engine, and the one place that picks the wires."""

import asyncio
import faulthandler
import importlib
import logging
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from console import checks, operations
from console.backends import Backend, BackendError
from console.channel.messages import ArmEndpoint, Close, ClusterEndpoint, Open
from console.credentials import Credentials
from console.model.freshness import Fault, FaultCode
from console.worker import log_file
from console.worker.clock import Clock, RealClock
from console.worker.engine import Engine
from console.worker.pipe_end import PipeEnd, take_over_standard_streams
from console.worker.redaction import Redaction

if TYPE_CHECKING:
    from console.backends.azure_local.connections import ArmConnection, ClusterConnection

_log = logging.getLogger(__name__)
_FLUSH_S = 1.0
_BACKEND_MODULE = "console.backends.azure_local.backend"


def main() -> int:
    """Serve one window until it hangs up; 0 if nothing went wrong inside."""
    faulthandler.enable()
    _step_behind_the_window()
    # Ctrl+C in a terminal reaches both processes: the window decides, and hangs up.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source, sink = take_over_standard_streams()
    redaction = Redaction()
    log_file.to_stderr(redaction)
    code = 0
    try:
        asyncio.new_event_loop().run_until_complete(_serve(source, sink, redaction))
    except Exception:
        _log.exception("the worker failed")
        code = 1
    logging.shutdown()
    sys.stderr.flush()
    # A thread that waits for a silent node would hold the process for half a minute; the journal
    # is closed, so nothing is lost by leaving now.
    os._exit(code)


def _step_behind_the_window() -> None:
    """Where cores are few, the window draws first: reading 2,000 VMs keeps one busy for 0.4 s."""
    if hasattr(os, "nice"):
        os.nice(5)


async def _serve(source: BinaryIO, sink: BinaryIO, redaction: Redaction) -> None:
    pipe = PipeEnd(source, sink)
    clock = RealClock()
    credentials = Credentials()
    probing = asyncio.ensure_future(asyncio.to_thread(credentials.probe))
    engine = Engine(
        send=pipe.send,
        is_congested=pipe.is_congested,
        open_backend=lambda opening: _open_backend(opening, clock),
        credentials=credentials,
        operation_for=operations.operation_for,
        run_checks=checks.run_all,
        clock=clock,
        redaction=redaction,
    )
    async for message in pipe.messages():
        if isinstance(message, Open):
            redaction.learn(message.secrets.values())
            log_file.to_file(Path(message.state_folder), redaction)
        await engine.handle(message)
        if isinstance(message, Close):
            break
    probing.cancel()
    await engine.close()
    pipe.close(_FLUSH_S)


async def _open_backend(opening: Open, clock: Clock) -> Backend:
    """The wires of this profile. Their packages take a second to import: in a thread, after Ready.

    Raises BackendError if the profile lacks what they need.
    """
    await asyncio.to_thread(importlib.import_module, _BACKEND_MODULE)
    from console.backends.azure_local.backend import AzureLocalBackend

    profile = opening.profile
    secrets = opening.secrets
    arm = _arm_connection(profile.arm, secrets) if profile.arm is not None else None
    cluster = _cluster_connection(profile.cluster, secrets) if profile.cluster is not None else None
    return AzureLocalBackend.open(arm, cluster, clock)


def _arm_connection(endpoint: ArmEndpoint, secrets: Mapping[str, str]) -> "ArmConnection":
    from console.backends.azure_local.connections import ArmConnection, StaticToken

    token = secrets.get("arm_token", "")
    if not token:
        raise BackendError(
            Fault(
                FaultCode.WRONG_CREDENTIALS,
                "Nobody is signed in to Azure.",
                remedy="Sign in, then open the connection again.",
            )
        )
    return ArmConnection(
        url=endpoint.url,
        credential=StaticToken(token),
        subscription_ids=endpoint.subscription_ids,
        ca_file=endpoint.ca_file,
        allowed_hosts=endpoint.allowed_hosts,
    )


def _cluster_connection(
    endpoint: ClusterEndpoint, secrets: Mapping[str, str]
) -> "ClusterConnection":
    from console.backends.azure_local.connections import ClusterConnection

    return ClusterConnection(
        nodes=endpoint.nodes,
        username=endpoint.username,
        password=secrets.get("cluster_password", ""),
        auth=endpoint.auth,
        use_tls=endpoint.use_tls,
        ca_file=endpoint.ca_file,
        configuration_name=endpoint.configuration_name,
    )
