"""kill -9 at random moments of a mixed load over the lab's sockets, of the worker or of everything.

The lab outlives every kill, as a cluster would. In the end its world is asked what really happened.
"""

import random
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from console.worker import audit_command
from tests.end_to_end.lab_process import Lab, running_lab
from tests.faults.load import Load
from tests.faults.real_console import Console, console_on
from tests.faults.reckoning import judge, judge_what_was_told
from tests.faults.tally import Tally
from tests.faults.whole_console import Struck, WholeConsole, whole_console_on

KILLS_A_LIFE = 100
# Of the lives, those in which the window dies too: in the others it stays and its worker is killed.
_WHOLE_LIVES, _WORKER_LIVES = 4, 6
_WHOLE_SHORT, _WORKER_SHORT = 5, 12
_WHOM = ((Struck.BOTH, Struck.WINDOW, Struck.WORKER), (55, 20, 25))
_TOLD_EVERY = 50
_SPEED = 6.0
# Longer than what is waited after a crash for a command that may still arrive, and than the
# shells of killed workers fill a node's quota.
_SETTLES_WITHIN_S = 420.0
_Life = Callable[[int, int], Tally]


def run(seed: int, is_full: bool) -> Tally:
    """1,000 kills, or a few for every push."""
    if not is_full:
        total = life_of_workers(seed * 1000, _WORKER_SHORT)
        total.add(life_of_consoles(seed * 1000 + 1, _WHOLE_SHORT))
        return total
    total = Tally()
    # The long ones first: two lives at a time are lived at once.
    lives: list[_Life] = []
    lives += [life_of_consoles] * _WHOLE_LIVES + [life_of_workers] * _WORKER_LIVES
    with ProcessPoolExecutor(2) as pool:
        lived = [
            pool.submit(life, seed * 1000 + number, KILLS_A_LIFE)
            for number, life in enumerate(lives)
        ]
        for tally in lived:
            total.add(tally.result())
    return total


def life_of_workers(seed: int, kills: int) -> Tally:
    """One lab, one window's end of the pipe, so many workers, and the reckoning."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="tlconsole-kills-") as name, running_lab() as lab:
        folder = Path(name)
        lab.ask("speed", factor=_SPEED)
        with console_on(lab, folder) as console:
            if not console.until(lambda: len(console.inventory.vms) > 50, 60):
                return Tally(0, 1, found=[f"seed {seed}: the console never read the lab"])
            load = Load(console, chance)
            tell = _Progress(f"seed {seed}, worker", kills)
            for _ in range(kills):
                _live_a_moment(console, load, chance)
                console.kill()
                tell.one_more(len(console.asked), len(console.open_now()))
            starts = console.starts
            console.until(lambda: console.starts > starts, 20)
            tally = _reckoned(console, lab, folder, f"seed {seed}")
    tally.runs = kills
    return tally


def life_of_consoles(seed: int, kills: int) -> Tally:
    """One lab, one state folder, so many kills of whole consoles, or of one of their processes."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="tlconsole-kills-") as name, running_lab() as lab:
        folder = Path(name)
        lab.ask("speed", factor=_SPEED)
        tell = _Progress(f"seed {seed}, whole console", kills)
        with whole_console_on(lab, folder, seed) as whole:
            for _ in range(kills):
                whom = chance.choices(*_WHOM)[0]
                _live_a_whole_moment(whole, chance)
                whole.strike(whom)
                open_now = [one for one in whole.records.values() if not one.is_over]
                tell.one_more(len(whole.asked), len(open_now))
        # The last start, after which nobody is killed any more.
        with console_on(lab, folder) as console:
            tally = _taken_over(whole, console, lab, folder, f"seed {seed}")
    for error in whole.errors:
        tally.wrong += 1
        tally.found.append(f"seed {seed}: {error}")
    tally.runs = kills
    return tally


def _live_a_moment(console: Console, load: Load, chance: random.Random) -> None:
    """Ask for a few things and let them run for a random while, also for hardly any."""
    starts = console.starts
    if chance.random() < 0.85:
        # Mostly after it came up; else it is killed while it starts or recovers.
        console.until(lambda: console.starts > starts or bool(console.inventory.vms), 5)
        deadline = time.monotonic() + chance.expovariate(1 / 0.9)
        while time.monotonic() < deadline:
            load.ask_for_something()
            time.sleep(min(0.3 * chance.random(), max(0.0, deadline - time.monotonic())))
    else:
        time.sleep(0.6 * chance.random())


def _live_a_whole_moment(whole: WholeConsole, chance: random.Random) -> None:
    """Start a window if none is there, and let it be for a random while."""
    if not whole.is_running:
        whole.start()
    if chance.random() < 0.85:
        whole.until(lambda: whole.is_up, 10)
        time.sleep(chance.expovariate(1 / 1.2))
    else:
        # Killed before its first picture, while its worker starts, or while that recovers.
        time.sleep(1.5 * chance.random())


def _taken_over(whole: WholeConsole, console: Console, lab: Lab, folder: Path, what: str) -> Tally:
    """The reckoning about what whole consoles were asked, as told by the one that comes last.

    What a window was about to hand over when it died was told to nobody: it may be unknown, if it
    was not done either.
    """
    console.until(lambda: console.starts > 0, 30)
    console.until(lambda: bool(console.inventory.vms), 60)
    known = whole.records | console.records
    unheard = {
        name: request
        for name, request in whole.asked.items()
        if name not in known and name not in whole.refused
    }
    console.asked.update((name, one) for name, one in whole.asked.items() if name not in unheard)
    console.refused.update(whole.refused)
    console.records.update(
        (name, one) for name, one in known.items() if name not in console.records
    )
    tally = _reckoned(console, lab, folder, what)
    tally.add(judge_what_was_told(known, unheard, lab, folder, what))
    tally.told.append(f"{what}: {whole.starts} windows, {len(unheard)} requests died with one")
    return tally


def _reckoned(console: Console, lab: Lab, folder: Path, what: str) -> Tally:
    """Let everything come to its end, then judge it and the audit log."""
    console.until(console.is_told, _SETTLES_WITHIN_S)
    unknown = let_go_of_the_unknown(console)
    # Looked at once more: nothing may come after the end.
    time.sleep(1.0)
    tally = judge(console, lab, what, unknown)
    if not console.asked:
        # Kills of consoles that never got so far prove nothing.
        tally.wrong += 1
        tally.found.append(f"{what}: nothing was asked for")
    said: list[str] = []
    if audit_command.verify(folder, said.append) != 0:
        tally.wrong += 1
        tally.found.append(f"{what}: {said}")
    return tally


def let_go_of_the_unknown(console: Console) -> set[str]:
    """What a person would do at last: dismiss what cannot be known, so that the rest goes on."""
    dismissed: set[str] = set()
    for _ in range(20):
        if console.until(console.is_settled, 10):
            break
        for name in console.unknown & set(console.open_now()):
            dismissed.add(name)
            console.cancel(name)
        console.until(console.is_told, 60)
    return dismissed


class _Progress:
    """A line every so many kills: whoever waits for a long form sees that it goes on."""

    def __init__(self, what: str, kills: int) -> None:
        self._what, self._kills, self._done = what, kills, 0
        self._began = time.monotonic()

    def one_more(self, asked: int, open_now: int) -> None:
        self._done += 1
        if self._done % _TOLD_EVERY == 0:
            took = time.monotonic() - self._began
            print(
                f"    {self._what}: {self._done} of {self._kills} kills after {took:.0f} s, "
                f"{asked} asked for, {open_now} open",
                flush=True,
            )
