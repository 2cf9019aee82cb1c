"""What a window asks about the fleet's past; the worker answers."""

import time
import uuid
from typing import Protocol

from console.ui.bridge import ChangesRead, OnChanges, OnChore, chores


class Asks(Protocol):
    """The bridge, as far as this needs it."""

    def ask_chore(self, question: chores.Ask, on_answer: OnChore) -> None: ...

    def give_up_chore(self, token: str) -> None: ...


class FleetReads:
    """Over the bridge of the connection that covers the fleet."""

    def __init__(self, bridge: Asks) -> None:
        self.ask_chore, self.give_up_chore = bridge.ask_chore, bridge.give_up_chore

    def read_changes(
        self, subject: str, since: float, on_read: OnChanges, until: float | None = None
    ) -> None:
        """What changed of it since then, the newest first. A worker that stops is asked again."""

        until = time.time() if until is None else until

        def ask(is_again: bool) -> None:
            def on_answer(answer: chores.Answer | None) -> None:
                if isinstance(answer, chores.FleetChangesRead):
                    on_read(ChangesRead(answer.token, answer.changes, answer.back_to))
                elif answer is None and not is_again:
                    ask(True)  # of the next worker, once: this one may have fallen over it

            token = str(uuid.uuid4())
            self.ask_chore(chores.ReadFleetChanges(token, subject, since, until), on_answer)

        ask(False)
