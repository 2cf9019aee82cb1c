"""Judging moves on what the cluster says now, while a person holds the VMs with the mouse."""

import asyncio
import logging
from collections.abc import Callable, Sequence

import msgspec

from console.backends import Backend, BackendError
from console.channel.messages import CheckMoves, MovesChecked
from console.checks.moves import judge_moves
from console.checks.situation import unknown
from console.model.finding import Finding, NodeVerdict, Verdict
from console.model.inventory import Inventory
from console.model.operation import OperationRecord
from console.model.snapshot import ClusterSnapshot
from console.worker.clock import Clock

_log = logging.getLogger(__name__)
ID = "live_look"


class LiveMoves:
    """One look at a time; of those asked for meanwhile only the newest is answered.

    A look under way is never broken off: that would leave the nodes' sessions stuck for the
    watcher, which shares them. Its answer is thrown away instead.
    """

    def __init__(
        self,
        *,
        backend: "asyncio.Future[Backend]",
        inventory: Inventory,
        unfinished: Callable[[], Sequence[OperationRecord]],
        clock: Clock,
        send: Callable[[MovesChecked], None],
        clean: Callable[[tuple[Finding, ...]], tuple[Finding, ...]],
        at_most_s: float,
    ) -> None:
        self._backend = backend
        self._inventory = inventory
        self._unfinished = unfinished
        self._clock = clock
        self._send = send
        self._clean = clean
        self._at_most_s = at_most_s
        self._newest: CheckMoves | None = None
        self._readings: set[asyncio.Task[ClusterSnapshot]] = set()

    async def ask(self, message: CheckMoves) -> None:
        """Answer this, unless a newer one comes; returns when nothing is left to answer."""
        is_under_way = self._newest is not None
        self._newest = message
        if is_under_way:
            return
        try:
            answered: CheckMoves | None = None
            while answered is not self._newest:
                answered = self._newest
                verdicts = await self._look(answered)
                if answered is self._newest:
                    self._send(MovesChecked(answered.token, self._clock.now(), verdicts))
        finally:
            self._newest = None

    async def _look(self, message: CheckMoves) -> tuple[NodeVerdict, ...]:
        try:
            fresh = await asyncio.wait_for(asyncio.shield(self._read(message)), self._at_most_s)
        except TimeoutError:
            return self._not_seen(message, "The cluster did not answer in time.")
        except BackendError as error:
            return self._not_seen(message, error.fault.summary, error.fault.detail)
        except Exception as error:  # a bug while looking is an answer too: never a green light
            _log.exception("the look at these moves failed")
            return self._not_seen(message, "The look failed inside the console.", repr(error))
        return self._judged(message, with_fresh(self._inventory, fresh, message.vm_keys))

    def _read(self, message: CheckMoves) -> "asyncio.Task[ClusterSnapshot]":
        """The reading as a task of its own: who stops waiting for it does not break it off."""

        async def read() -> ClusterSnapshot:
            backend = await asyncio.shield(self._backend)
            return await backend.read_some(message.vm_keys, message.targets)

        task = asyncio.create_task(read(), name="live look")
        self._readings.add(task)
        task.add_done_callback(self._let_go)
        return task

    def _let_go(self, task: "asyncio.Task[ClusterSnapshot]") -> None:
        self._readings.discard(task)
        # What comes late, nobody fetches.
        _ = task.cancelled() or task.exception()

    async def close(self) -> None:
        """End readings that nobody waits for any more."""
        for task in self._readings:
            task.cancel()
        await asyncio.gather(*self._readings, return_exceptions=True)

    def _judged(
        self, message: CheckMoves, inventory: Inventory, extra: tuple[Finding, ...] = ()
    ) -> tuple[NodeVerdict, ...]:
        now = self._clock.now()
        verdicts = judge_moves(
            inventory,
            message.vm_keys,
            self._unfinished(),
            now,
            method=message.method,
            history=message.history,
        )
        return tuple(
            msgspec.structs.replace(
                verdict,
                findings=self._clean((*extra, *verdict.findings)),
                verdict=Verdict.UNKNOWN if extra and not _is_refused(verdict) else verdict.verdict,
            )
            for verdict in verdicts
            if not message.targets or verdict.node in message.targets
        )

    def _not_seen(
        self, message: CheckMoves, why: str, evidence: str = ""
    ) -> tuple[NodeVerdict, ...]:
        """The verdicts on what was read last, none of them green."""
        text = f"{why} Whether it still fits is not known."
        finding = unknown(ID, text, "Lift it again in a moment.", evidence=evidence)
        return self._judged(message, self._inventory, (finding,))


def with_fresh(known: Inventory, fresh: ClusterSnapshot, vm_keys: Sequence[str]) -> Inventory:
    """What is known, with the fresh word on some of it in its place.

    Of these VMs, one that was not found anywhere is on no known node.
    """
    merged = Inventory(known.snapshot())
    merged.cluster = msgspec.structs.replace(
        fresh.cluster,
        resource_bridge_online=known.cluster.resource_bridge_online,
        health_faults=known.cluster.health_faults,
    )
    merged.cluster_wire = msgspec.structs.replace(
        known.cluster_wire, read_at=fresh.cluster_wire.read_at
    )
    merged.nodes |= {node.name: node for node in fresh.nodes}
    merged.take(fresh.vms)
    seen = {vm.key for vm in fresh.vms}
    merged.take(
        msgspec.structs.replace(known.vms[key], cluster=None)
        for key in vm_keys
        if key in known.vms and key not in seen
    )
    return merged


def _is_refused(verdict: NodeVerdict) -> bool:
    return verdict.verdict is Verdict.CANNOT
