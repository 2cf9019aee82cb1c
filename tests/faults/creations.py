"""200 VMs from a CSV on the large site, throttled and partly failing; then cleaned up, counted."""

import csv
import io
import tempfile
import time
import uuid
from collections import Counter
from pathlib import Path

from console.model.operation import OperationRecord, OperationState
from console.model.request import CleanUpCreation, CreateVirtualMachine, SecretField
from console.ui.wizard import flow
from console.ui.wizard.building import build_request
from console.ui.wizard.draft import DiskRow
from console.ui.wizard.several import csv_rows, planning
from tests.end_to_end.lab_process import Lab, running_lab
from tests.faults.real_console import Console, console_on
from tests.faults.tally import Tally

S = OperationState
_SPEED = 30.0
_FAILING = 0.05
_PASSWORD = "Correct-Horse-7"


def run(seed: int, is_full: bool) -> Tally:
    """200 VMs in the full form, 12 for every push."""
    count = 200 if is_full else 12
    with (
        tempfile.TemporaryDirectory(prefix="tlconsole-many-") as folder,
        running_lab("large") as lab,
    ):
        lab.ask("speed", factor=_SPEED)
        share = _FAILING if is_full else 0.2
        # Late in the creation: interface, disk and machine are there by then.
        lab.fault("creation_fails_at", phase="Provisioning", share=share)
        with console_on(lab, Path(folder)) as console:
            is_read = console.until(lambda: _is_read(console), 90)
            if not is_read:
                return Tally(0, 1, found=["the console never read the lab"])
            return _created_and_cleaned(console, lab, count)


def _is_read(console: Console) -> bool:
    site = console.inventory.site
    return bool(console.inventory.vms and site.images and site.storage_paths)


def _created_and_cleaned(console: Console, lab: Lab, count: int) -> Tally:
    tally = Tally(runs=count)
    requests = creation_requests(console, count)
    secrets = {SecretField.ADMIN_PASSWORD.value: _PASSWORD}
    lab.fault("arm_throttle", n_requests=40, retry_after=1.0)
    console.submit_group(*requests, secrets=secrets)
    if not console.until(console.is_settled, 60 + 4.0 * count):
        tally.lost += len(console.open_now())
        tally.found.append(f"{len(console.open_now())} creations never ended")
        return tally
    failed = [record for record in console.records.values() if record.state is not S.SUCCEEDED]
    made = lab.ask("counters")["counters"]
    for record in console.records.values():
        name = record.request.spec.name  # type: ignore[union-attr]
        times = made.get(f"create:{name}", 0)
        if record.state is S.SUCCEEDED and times != 1:
            tally.wrong += 1
            tally.found.append(f"{name} succeeded, and was made {times} times")
        tally.doubled += max(0, times - 1)
    lab.fault("arm_throttle", n_requests=20, retry_after=1.0)
    console.submit_group(
        *(
            CleanUpCreation(record.id, record.request.spec)
            for record in failed
            if isinstance(record.request, CreateVirtualMachine)
        )
    )
    console.until(console.is_settled, 60 + 4.0 * len(failed))
    time.sleep(1.0)
    for record in failed:
        for what in _left_of(lab, record.request.spec.name):  # type: ignore[union-attr]
            tally.wrong += 1
            tally.found.append(f"orphan: {what}")
    reasons = Counter(_why(record) for record in failed)
    tally.told.append(f"{count} asked for, {len(failed)} not made and cleaned up: {dict(reasons)}")
    return tally


def _why(record: OperationRecord) -> str:
    fault = record.fault
    return f"{record.state}: {fault.summary if fault is not None else record.result}"[:120]


def creation_requests(console: Console, count: int) -> list[CreateVirtualMachine]:
    """As the dialog makes them: the wizard's draft, and one row of a CSV each."""
    inventory = console.inventory
    draft = flow.new_draft(inventory)
    draft.admin_username, draft.memory_gib, draft.processors = "grace", 1, 2
    draft.data_disks = [DiskRow("data", 1)]
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["name", "tag:batch"])
    batch = uuid.uuid4().hex[:6]
    writer.writerows([f"many-{number:03}", batch] for number in range(count))
    plans = planning.from_rows(draft, csv_rows.parse(file.getvalue().encode()), inventory)
    planning.judge_together(plans)
    assert not any(plan.problems for plan in plans), [plan.problems for plan in plans][:3]
    return [build_request(plan.draft, inventory) for plan in plans]


def _left_of(lab: Lab, name: str) -> list[str]:
    """ARM ids of this VM's machine, instance, interface and disk that the world still holds."""
    ids: list[str] = lab.ask("resources", about=f"/{name}")["ids"]
    return ids
