"""One line of the table. Lower is better; ``limit`` is the issue's figure."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Row:
    name: str
    value: float
    unit: str
    limit: float | None = None
    floor: float | None = None
    peer: float | None = None

    def as_dict(self) -> dict[str, object]:
        return asdict(self)

    def text(self) -> str:
        def shown(value: float | None) -> str:
            return "-" if value is None else f"{value:.3g}"

        verdict = "" if self.limit is None else ("ok" if self.value <= self.limit else "OVER")
        return (
            f"{self.name:<46} {shown(self.value):>9} {self.unit:<8} "
            f"{shown(self.limit):>9} {shown(self.floor):>9} {verdict}"
        )
