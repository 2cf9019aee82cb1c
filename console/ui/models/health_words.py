"""A health story in words: the lines of a chain, what to try and who can put it right. No Qt."""

import msgspec

from console.health import Chain, Confidence, Health, Reason
from console.ui.models.ages import age_text


class LinkWords(msgspec.Struct, frozen=True):
    """One link: ``lead`` joins it to the one before, ``meta`` holds evidence, age and certainty."""

    lead: str
    text: str
    meta: str


_SURE = {
    Confidence.CERTAIN: "",
    Confidence.LIKELY: "concluded, not told",
    Confidence.POSSIBLE: "possible, not certain",
}
_LEAD = {
    Confidence.CERTAIN: "because",
    Confidence.LIKELY: "likely because",
    Confidence.POSSIBLE: "possibly because",
}


def link_words(reason: Reason, now: float, *, is_first: bool) -> LinkWords:
    read = "" if reason.read_at is None else f"read {age_text(reason.read_at, now)}"
    seen = f"seen: {reason.evidence}" if reason.evidence else ""
    meta = " · ".join(word for word in (seen, read, _SURE[reason.confidence]) if word)
    return LinkWords("" if is_first else _LEAD[reason.confidence], reason.text, meta)


def what_to_try(chain: Chain) -> str:
    """The remedy nearest to the cause: curing a symptom of a known cause helps nobody."""
    return next((reason.remedy for reason in reversed(chain) if reason.remedy), "")


def who_owns(chain: Chain) -> str:
    return next((str(reason.owner) for reason in reversed(chain) if reason.owner), "")


def warning_of(chain: Chain) -> str:
    """What the symptom's own remedy forbids, told beside that of the cause."""
    first = chain[0].remedy
    return first if len(chain) > 1 and first.startswith("Do not") else ""


def story_text(
    title: str, health: Health, assured: tuple[Reason, ...], now: float, headline: str = ""
) -> str:
    """The whole story as plain text, to be pasted into a ticket."""
    lines = [title, f"{health.level}: {headline or health.sentence}"]
    for chain in health.chains:
        lines.append("")
        for at, reason in enumerate(chain):
            words = link_words(reason, now, is_first=at == 0)
            indent = "   " * at
            lead = f"{words.lead}: " if words.lead else ""
            lines.append(f"{indent}- {lead}{words.text}")
            if words.meta:
                lines.append(f"{indent}  ({words.meta})")
        for name, text in (
            ("Mind", warning_of(chain)),
            ("What to try", what_to_try(chain)),
            ("Who can put it right", who_owns(chain)),
        ):
            if text:
                lines.append(f"{name}: {text}")
    if assured:
        lines += ["", "What speaks for it:"]
        lines += [f"- {link_words(reason, now, is_first=True).text}" for reason in assured]
    return "\n".join(lines)
