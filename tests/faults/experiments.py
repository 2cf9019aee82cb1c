"""Every experiment of the fault suite, by name: ``run(seed, is_full) -> Tally``."""

from collections.abc import Callable

from tests.faults import bad_wires, creations, drains, in_process, journal_points, kills
from tests.faults.tally import Tally

Experiment = Callable[[int, bool], Tally]

EXPERIMENTS: dict[str, Experiment] = {
    "kills": kills.run,
    "bad wires": bad_wires.run,
    "creations": creations.run,
    "drains": drains.run,
    "journal points": journal_points.run,
    "power": in_process.power,
    "state machine": in_process.machine,
    "damage": in_process.damages,
    "planted": in_process.planted,
}
