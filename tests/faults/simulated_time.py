"""An event loop whose time jumps to the next thing due, so that hours pass in milliseconds."""

import asyncio
import selectors
import threading
from collections.abc import Callable
from typing import Any

# More turns than this without time moving on is a loop that never rests.
_TURNS_AT_MOST = 2_000_000
_THREAD_ANSWERS_WITHIN_S = 20.0


class _Selector:
    """Waits for nobody but the threads that were promised; else time jumps."""

    def __init__(self, loop: "SimulatedLoop") -> None:
        self._real = selectors.DefaultSelector()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        loop = self._loop
        loop.turns += 1
        if loop.turns > _TURNS_AT_MOST:
            raise AssertionError("the loop never came to rest")
        loop.await_threads()
        found = self._real.select(0)
        if found or timeout == 0:  # something is to be done before time may move on
            return found
        if timeout is None:
            raise AssertionError("nothing is due and nothing will ever be")
        loop.jump(timeout)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Deterministic: what threads owe is awaited before anything else goes on."""

    def __init__(self) -> None:
        self._at = 0.0
        self.turns = 0
        # Answers that threads owe the loop, and those that they gave (``call_soon_threadsafe``).
        self._owed = 0
        self._given = 0
        self._giving = threading.Condition()
        super().__init__(_Selector(self))  # type: ignore[arg-type]

    def time(self) -> float:
        return self._at

    def jump(self, seconds: float) -> None:
        self._at += max(seconds, 0.0)

    def owe(self) -> None:
        """A thread was asked for something: the loop waits for it before it goes on."""
        self._owed += 1

    def give(self) -> None:
        """Called by the thread after it handed its answer to the loop."""
        with self._giving:
            self._given += 1
            self._giving.notify()

    def await_threads(self) -> None:
        with self._giving:
            is_given = self._giving.wait_for(
                lambda: self._given >= self._owed, _THREAD_ANSWERS_WITHIN_S
            )
        assert is_given, "a thread did not answer"

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *values: Any) -> Any:
        """Short blocking calls are made here and now: no thread, no chance."""
        answer = self.create_future()
        try:
            answer.set_result(func(*values))
        except Exception as error:
            answer.set_exception(error)
        return answer

    def run_for(self, seconds: float) -> None:
        """Let so much time pass."""
        self.call_later(seconds, self.stop)
        self.run_forever()

    def run_turns(self, number: int) -> None:
        """So many turns of the loop, without any time passing."""
        for _ in range(number):
            self.call_soon(self.stop)
            self.run_forever()
