"""Which entries a few typed letters mean, best first. No Qt."""

import heapq
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")

_WHOLE, _START, _WORD, _INSIDE, _FURTHER, _LETTERS = 1000, 500, 300, 150, 60, 40


def score(query: str, text: str, further: str = "") -> int | None:
    """How well ``text`` answers ``query``; None if it does not. All are casefolded already.

    Every word of the query has to be found; one found at a word's start outranks one found
    inside, and that the start of one of the ``further`` words, which nobody sees; letters that
    only stand in this order come last.
    """
    total = 0
    for word in query.split():
        found = _score_word(word, text)
        if further and (found is None or found < _FURTHER) and f" {word}" in f" {further}":
            found = _FURTHER
        if found is None:
            return None
        total += found
    return total


def _score_word(word: str, text: str) -> int | None:
    at = text.find(word)
    if at < 0:
        return _score_letters(word, text)
    if word == text:
        return _WHOLE
    if at == 0:
        return _START - len(text)
    # A later place may begin a word even if the first one does not.
    at_word = text.find(f" {word}")
    if at_word >= 0 or not text[at - 1].isalnum():
        return _WORD - len(text)
    return _INSIDE - len(text)


def _score_letters(word: str, text: str) -> int | None:
    at, gaps = -1, 0
    for letter in word:
        following = text.find(letter, at + 1)
        if following < 0:
            return None
        gaps += 0 if at < 0 else following - at - 1
        at = following
    # Letters scattered over a whole sentence are no answer.
    return _LETTERS - gaps if gaps <= 2 * len(word) else None


def best(query: str, texts: Iterable[tuple[str, str, T]], most: int) -> list[T]:
    """The ``most`` best of (text, further words, thing), the texts casefolded; equally good ones
    keep their order.
    """
    wanted = query.casefold().strip()
    if not wanted:
        return [thing for (*_, thing), _ in zip(texts, range(most), strict=False)]
    found = (
        (-points, at, thing)
        for at, (text, further, thing) in enumerate(texts)
        if (points := score(wanted, text, further)) is not None
    )
    return [thing for _, _, thing in heapq.nsmallest(most, found, key=lambda row: row[:2])]
