"""A full reading of 2,000 VMs on both wires in worker CPU: read, join, diff, packed."""

import asyncio
import time

import msgspec

from console.app import profile_of_lab
from console.channel import codec, packing
from console.channel.messages import Open, SnapshotReplaced
from console.model.freshness import Wire
from console.model.inventory import Inventory
from console.model.snapshot import diff
from console.worker import host
from console.worker.clock import RealClock
from tests.benchmarks.row import Row
from tests.end_to_end.lab_process import running_lab


def run() -> list[Row]:
    with running_lab("large") as lab:
        profile, secrets = profile_of_lab(lab.endpoints)
        return asyncio.run(_measure(Open(profile, "", secrets)))


async def _measure(opening: Open) -> list[Row]:
    backend = await host._open_backend(opening, RealClock())
    try:
        both = frozenset(Wire)
        started = time.process_time()
        first = await backend.read_snapshot(both)
        codec.encode(SnapshotReplaced(first))
        cold = time.process_time() - started
        assert len(first.vms) > 1_900
        warm = []
        before = first
        for _ in range(3):
            started = time.process_time()
            now = await backend.read_snapshot(both)
            codec.encode(packing.packed_change(diff(before, now)))
            warm.append(time.process_time() - started)
            before = now
        payload = msgspec.msgpack.encode(first)
        started = time.process_time()
        Inventory(msgspec.msgpack.decode(payload, type=type(first)))
        window = time.process_time() - started
    finally:
        await backend.close()
    return [
        Row("snapshot of 2,000 VMs, first, worker CPU", cold, "s", 1.0),
        Row("snapshot of 2,000 VMs, next ones, worker CPU", min(warm), "s", 1.0),
        Row("snapshot of 2,000 VMs, taken by the window, CPU", window, "s"),
    ]
