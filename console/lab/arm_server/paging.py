"""Pages of a list: in the order of ids, so that nothing is skipped when the list changes."""

import base64
import binascii
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter

from console.lab.arm_server.exchange import ArmError

PAGE_ROWS = 100


@dataclass(frozen=True)
class Row:
    """Something listed, with the id that orders it; ``tell`` makes its body, if it is shown."""

    key: str
    tell: Callable[[], object]


def token_after(key: str) -> str:
    """The next page begins behind this id, given in lower case."""
    return base64.urlsafe_b64encode(key.encode()).decode()


def read_token(token: str) -> str:
    if not token:
        return ""
    try:
        return base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise ArmError(400, "InvalidSkipToken", "The skip token is not valid.") from error


def read_top(text: str, most: int) -> int:
    """Wanted rows on a page, at most ``most``."""
    if not text:
        return most
    if not text.isdecimal() or int(text) < 1:
        raise ArmError(400, "InvalidTop", f"The value '{text[:40]}' of $top must be at least 1.")
    return min(int(text), most)


def page(rows: Sequence[Row], token: str, size: int) -> tuple[list[Row], str]:
    """The rows of the page, and the token of the next one, empty on the last."""
    ordered = sorted(((row.key.lower(), row) for row in rows), key=itemgetter(0))
    first = bisect_right(ordered, read_token(token), key=itemgetter(0)) if token else 0
    shown = ordered[first : first + size]
    is_last = first + size >= len(ordered)
    return [row for _, row in shown], "" if is_last else token_after(shown[-1][0])
