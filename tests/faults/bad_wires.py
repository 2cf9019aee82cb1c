"""A mixed load while both wires turn bad in every way, one after the other and together."""

import random
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.end_to_end.lab_process import Lab, running_lab
from tests.faults.kills import let_go_of_the_unknown
from tests.faults.load import Load
from tests.faults.proxy import FINE, MOODS, FaultProxy, Mood, proxies
from tests.faults.real_console import Console, console_on
from tests.faults.reckoning import judge
from tests.faults.tally import Tally

_SPEED = 6.0
_SETTLES_WITHIN_S = 300.0
# What the servers themselves say wrongly meanwhile: name of the fault, arguments, and its undoing.
_SAID_WRONGLY: tuple[tuple[str, dict[str, Any], dict[str, Any] | None], ...] = (
    ("arm_throttle", {"n_requests": 25, "retry_after": 1.0}, None),
    ("arm_status", {"value": 503}, {"value": None}),
    ("arm_status", {"value": 500}, {"value": None}),
    ("arm_status", {"value": 401}, {"value": None}),
    ("arm_status", {"value": 403}, {"value": None}),
    ("arm_status", {"value": 404}, {"value": None}),
    ("arm_status", {"value": 409}, {"value": None}),
    ("arm_status", {"value": 412}, {"value": None}),
    ("status_url_vanishes", {"value": True}, {"value": False}),
    ("malformed_json", {"wire": "arm"}, {"wire": "arm", "on": False}),
    ("malformed_json", {"wire": "cluster"}, {"wire": "cluster", "on": False}),
    ("answer_lost_after_act", {"value": 2}, {"value": 0}),
    ("arm_lag_s", {"value": 20.0}, {"value": 0.0}),
    ("arm_down", {"value": True}, {"value": False}),
    # As a process that was stopped: it takes connections and says nothing.
    ("freeze_node", {"name": "LAB-N2"}, {"name": "LAB-N2", "on": False}),
    ("slow_node", {"name": "LAB-N3", "delay_s": 3.0}, {"name": "LAB-N3", "delay_s": 0.0}),
)


def run(seed: int, is_full: bool) -> Tally:
    """Every mood on one wire or both, and every wrong answer; three times each in the full form."""
    total = Tally()
    for number in range(3 if is_full else 1):
        total.add(_one_life(seed * 100 + number, 2.5 if is_full else 0.5))
    return total


def _one_life(seed: int, seconds: float) -> Tally:
    chance = random.Random(seed)
    with (
        tempfile.TemporaryDirectory(prefix="tlconsole-wires-") as folder,
        running_lab() as lab,
        proxies(_targets(lab), seed) as made,
    ):
        lab.ask("speed", factor=_SPEED)
        arm, nodes = made[0], made[1:]
        console = console_on(lab, Path(folder), arm.address, _by_name(lab, nodes))
        with console as running:
            if not running.until(lambda: len(running.inventory.vms) > 50, 60):
                return Tally(0, 1, found=[f"seed {seed}: the console never read the lab"])
            runs = _through_everything(running, lab, arm, nodes, chance, seconds)
            for proxy in made:
                proxy.mood = FINE
            running.until(running.is_told, _SETTLES_WITHIN_S)
            unknown = let_go_of_the_unknown(running)
            time.sleep(1.0)
            tally = judge(running, lab, f"seed {seed}", unknown)
            for proxy in made:
                if proxy.told_to_stranger:
                    tally.wrong += 1
                    tally.found.append(f"seed {seed}: something was told to a stranger's server")
    tally.runs = runs
    return tally


def _through_everything(
    console: Console,
    lab: Lab,
    arm: FaultProxy,
    nodes: list[FaultProxy],
    chance: random.Random,
    seconds: float,
) -> int:
    """How many troubles were gone through."""
    load = Load(console, chance)
    troubles: list[tuple[Mood, Mood]] = []
    for mood in MOODS:
        troubles += [(mood, FINE), (FINE, mood), (mood, chance.choice(MOODS))]
    chance.shuffle(troubles)
    for azure, cluster in troubles:
        arm.mood = azure
        # Sometimes one node, sometimes all of them: the others have to do then.
        for proxy in nodes if chance.random() < 0.4 else [chance.choice(nodes)]:
            proxy.mood = cluster
        _ask_for(console, load, chance, seconds)
        for proxy in (arm, *nodes):
            proxy.mood = FINE
        _ask_for(console, load, chance, seconds / 3)
    for name, args, undo in _SAID_WRONGLY:
        lab.fault(name, **args)
        _ask_for(console, load, chance, seconds)
        if undo is not None:
            lab.fault(name, **undo)
        _ask_for(console, load, chance, seconds / 3)
    return len(troubles) + len(_SAID_WRONGLY)


def _ask_for(console: Console, load: Load, chance: random.Random, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        load.ask_for_something()
        time.sleep(0.2 * chance.random())


def _targets(lab: Lab) -> list[tuple[str, int]]:
    addresses = [lab.endpoints["arm"]["url"].removeprefix("https://")]
    addresses += lab.endpoints["cluster"]["nodes"].values()
    split = [address.rpartition(":") for address in addresses]
    return [(host, int(port)) for host, _, port in split]


def _by_name(lab: Lab, nodes: list[FaultProxy]) -> dict[str, str]:
    names = lab.endpoints["cluster"]["nodes"]
    return {name: proxy.address for name, proxy in zip(names, nodes, strict=True)}
