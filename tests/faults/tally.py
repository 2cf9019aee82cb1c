"""What an experiment found: how often it ran, and what was lost, doubled or wrong."""

from dataclasses import dataclass, field


@dataclass
class Tally:
    """``found``: a sentence for each thing that is not as it has to be, with what repeats it."""

    runs: int = 0
    lost: int = 0  # an acknowledged operation or row that nobody knows of any more
    doubled: int = 0  # done more than once for one operation
    wrong: int = 0  # what is said is not what the world shows
    found: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)  # what was done, for whoever reads the table

    def add(self, other: "Tally") -> None:
        self.runs += other.runs
        self.lost += other.lost
        self.doubled += other.doubled
        self.wrong += other.wrong
        self.found += other.found
        self.told += other.told

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.wrong)
