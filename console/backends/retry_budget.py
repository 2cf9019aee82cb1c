"""What repeated tries may cost in all, so that many waiting operations never become the storm.

As AWS's clients do it (botocore, retries/standard.py): a store of tokens that every repetition
takes from and every answer fills again. Whoever finds it empty waits as long as it ever would.
"""

CAPACITY = 500
RETRY = 5
# Somebody waited for it in vain: the other end is busier than one that refuses at once.
TIME_OUT_RETRY = 10


class RetryBudget:
    """Shared by all that speak over one wire. In tokens; never negative, never above full."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._left = capacity

    @property
    def left(self) -> int:
        return self._left

    def spend(self, *, is_time_out: bool = False) -> bool:
        """Whether a try may be repeated soon; False leaves the budget as it is."""
        cost = TIME_OUT_RETRY if is_time_out else RETRY
        if cost > self._left:
            return False
        self._left -= cost
        return True

    def answered(self, *, was_retried: bool = False) -> None:
        """An answer came: what its repetition took is given back, any other earns one token."""
        self._left = min(self._capacity, self._left + (RETRY if was_retried else 1))
