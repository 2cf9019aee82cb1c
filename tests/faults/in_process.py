"""The proofs that need no lab of their own, as experiments: power, state machine, damage, defects.

Each is spread over the processors; a sentence in ``found`` names the seed that repeats it.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import TypeVar

from hypothesis import seed as seeded
from hypothesis.stateful import run_state_machine_as_test

from tests.faults import damage, failing_disk, power_loss
from tests.faults.plant import DEFECTS
from tests.faults.state_machine import ConsoleMachine, settings_for
from tests.faults.tally import Tally
from tests.faults.test_planted import detected

T = TypeVar("T")
_WORKERS = 2
POWER_POINTS = (3_000, 200_000)  # short, full
_LIVES_A_TASK = 4
_MACHINES = (4, 40)
_EXAMPLES = (120, 100)
_STEPS = (25, 40)
_DAMAGES = (180, 2_000)


def power(seed: int, is_full: bool) -> Tally:
    """Power cut at every moment of random lives of the journal, of its salvage and migration."""
    wanted = POWER_POINTS[is_full]
    tally = Tally()
    first = seed * 100_000
    with ProcessPoolExecutor(_WORKERS) as pool:
        while tally.runs < wanted:
            starts = [
                first + at * _LIVES_A_TASK for at in range(1 if not is_full else 2 * _WORKERS)
            ]
            first = starts[-1] + _LIVES_A_TASK
            for found in pool.map(_lives, starts):
                tally.add(found)
    return tally


def _lives(first: int) -> Tally:
    tally = Tally()
    with power_loss.quick_folder() as folder:
        for seed in range(first, first + _LIVES_A_TASK):
            found = power_loss.one_life(seed, folder)
            found += power_loss.one_salvage(seed, folder)
            found += power_loss.one_migration(seed, folder)
            tally.add(_of_verdicts(found, f"power, life {seed}"))
    return tally


def _of_verdicts(found: Counter[str], where: str) -> Tally:
    tally = Tally(runs=found.total())
    for verdict, times in found.items():
        if verdict == "ok":
            continue
        tally.found.append(f"{where}: {times} x {verdict}")
        if verdict == "lost":
            tally.lost += times
        else:
            tally.wrong += times
    return tally


def machine(seed: int, is_full: bool) -> Tally:
    """The hypothesis state machine: one run is one example of so many rules."""
    numbers = [seed * 1_000 + at for at in range(_MACHINES[is_full])]
    return _spread(_one_machine_full if is_full else _one_machine, numbers)


def _one_machine(number: int) -> Tally:
    return _run_machine(number, is_full=False)


def _one_machine_full(number: int) -> Tally:
    return _run_machine(number, is_full=True)


def _run_machine(number: int, *, is_full: bool) -> Tally:
    logging.disable(logging.CRITICAL)  # faults are the rule here, and each one is logged
    runs = Tally()

    class Counting(ConsoleMachine):
        def teardown(self) -> None:
            runs.runs += 1
            super().teardown()

    settings = settings_for(_EXAMPLES[is_full], _STEPS[is_full])
    try:
        run_state_machine_as_test(seeded(number)(Counting), settings=settings)
    except BaseException as error:
        text = f"{error}\n" + "\n".join(getattr(error, "__notes__", ()))
        runs.found.append(f"state machine, seed {number}: {text}")
        if "J3:" in text:
            runs.doubled += 1
        elif "J2:" in text or "J12:" in text:
            runs.lost += 1
        else:
            runs.wrong += 1
    return runs


def damages(seed: int, is_full: bool) -> Tally:
    """Files damaged in nine ways, then a disk that refuses its Nth act, for every N."""
    numbers = [seed * 10_000 + at for at in range(_DAMAGES[is_full])]
    chunks = [numbers[at : at + 90] for at in range(0, len(numbers), 90)]
    tally = _spread(_one_damage, chunks)
    tally.add(_spread(_refusals, [(a, b) for a in (True, False) for b in (True, False)]))
    return tally


def _one_damage(seeds: list[int]) -> Tally:
    found: Counter[str] = Counter()
    tally = Tally()
    with power_loss.quick_folder() as folder:
        for seed in seeds:
            found.clear()
            found[damage.one_damage(seed, folder)] += 1
            tally.add(_of_verdicts(found, f"damage, seed {seed}"))
    return tally


def _refusals(how: tuple[bool, bool]) -> Tally:
    is_full, is_persistent = how
    tally = Tally()
    verdict, number = "", 0
    while verdict != "untouched":
        number += 1
        refusals = failing_disk.Refusals(number, is_full=is_full, is_persistent=is_persistent)
        with power_loss.quick_folder() as folder:
            verdict = failing_disk.one_refusal(folder, refusals)
        shown = "ok" if verdict == "untouched" else verdict
        tally.add(_of_verdicts(Counter([shown]), f"act {number} refused ({how})"))
    return tally


def planted(seed: int, is_full: bool) -> Tally:
    """Every planted defect: ``wrong`` counts those that the suite does not catch."""
    tally = Tally()
    with ThreadPoolExecutor(_WORKERS) as pool:
        for name, (is_caught, _) in zip(DEFECTS, pool.map(detected, DEFECTS.values()), strict=True):
            tally.runs += 1
            if not is_caught:
                tally.wrong += 1
                tally.found.append(f"planted and not caught: {name}")
    return tally


def _spread(act: Callable[[T], Tally], values: Iterable[T]) -> Tally:
    tally = Tally()
    with ProcessPoolExecutor(_WORKERS) as pool:
        for found in pool.map(act, values):
            tally.add(found)
    return tally
