"""Labs that several tabs look at: a fleet and its clusters. One process a scenario."""

import threading
from collections.abc import Callable

from console.model.connection import ConnectionProfile
from console.ui.session import Child, OnGone, OnReady

Start = Callable[[str, OnReady, OnGone], Child]


class SharedLabs:
    """Starts a scenario once, and ends it when the last that leased it has stopped.

    What the lab tells comes in its own thread, and goes on in it.
    """

    def __init__(self, start: Start) -> None:
        self._start = start
        self._lock = threading.RLock()
        self._running: dict[str, _Lab] = {}

    def lease(self, scenario: str, on_ready: OnReady, on_gone: OnGone) -> Child:
        """A share of the scenario's lab; ``on_ready`` is called when its addresses are known."""
        lease = _Lease(self, scenario, on_ready, on_gone)
        with self._lock:
            lab = self._running.get(scenario)
            if lab is not None and lab.told is not None:
                lab.leases.append(lease)
                on_ready(*lab.told)
                return lease
            if lab is not None:
                lab.leases.append(lease)
                return lease
            lab = self._running[scenario] = _Lab([lease])
            lab.child = self._start(
                scenario,
                lambda profile, secrets: self._on_ready(lab, profile, secrets),
                lambda text: self._on_gone(scenario, lab, text),
            )
        return lease

    def _on_ready(self, lab: "_Lab", profile: ConnectionProfile, secrets: dict[str, str]) -> None:
        with self._lock:
            lab.told = (profile, secrets)
            waiting = list(lab.leases)
        for lease in waiting:
            lease.on_ready(profile, secrets)

    def _on_gone(self, scenario: str, lab: "_Lab", text: str) -> None:
        with self._lock:
            if self._running.get(scenario) is lab:
                del self._running[scenario]
            leases = list(lab.leases)
        for lease in leases:
            lease.on_gone(text)

    def give_back(self, scenario: str, lease: "_Lease") -> None:
        """Ends the lab, and waits for that, if nobody else has a share of it."""
        with self._lock:
            lab = self._running.get(scenario)
            if lab is None or lease not in lab.leases:
                return
            lab.leases.remove(lease)
            if lab.leases:
                return
            del self._running[scenario]
        if lab.child is not None:
            lab.child.stop()


class _Lab:
    def __init__(self, leases: "list[_Lease]") -> None:
        self.leases = leases
        self.child: Child | None = None
        self.told: tuple[ConnectionProfile, dict[str, str]] | None = None


class _Lease:
    def __init__(self, labs: SharedLabs, scenario: str, on_ready: OnReady, on_gone: OnGone) -> None:
        self._labs, self._scenario = labs, scenario
        self.on_ready, self.on_gone = on_ready, on_gone

    def stop(self) -> None:
        """May be called from any thread; blocks where the lab ends with it."""
        self._labs.give_back(self._scenario, self)
