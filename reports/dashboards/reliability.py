"""Which shown rates are too uncertain by the NCHS rule, in words and in the codes of files."""

from __future__ import annotations

from collections.abc import Sequence

from measures.queries import Figure
from measures.stats.presentation import NCHS, Presentation, present_counts

PRESENTATION_WORDS: dict[Presentation, str] = {
    Presentation.NOT_JUDGED: "",
    Presentation.PRESENT: "can be presented",
    Presentation.TOO_FEW: "unreliable: fewer than 30 people",
    Presentation.WIDE: "unreliable: the exact 95% interval is 30 points wide or more",
    Presentation.WIDE_FOR_ITS_SIZE: "unreliable: the exact 95% interval is wide beside so small a rate",
    Presentation.REVIEW_END: "0% or 100% was seen, which is not to say that the true rate is",
    Presentation.REVIEW_FREEDOM: "few clusters stand behind the interval",
}
#: The same in files and in the API; None where there is no number to judge.
PRESENTATION_CODES: dict[Presentation, str | None] = {
    said: None if said == Presentation.NOT_JUDGED else said.name.lower() for said in Presentation
}
RULE_NAME = f"{NCHS.title} ({NCHS.version})"

_BY_CODE = {code: said for said, code in PRESENTATION_CODES.items() if code is not None}


def presentations_of(figures: Sequence[Figure]) -> tuple[Presentation, ...]:
    """What the NCHS rule says of each rate that the reader sees."""
    counts = [(f.numerator, f.denominator) if f.numbers_shown else (0, 0) for f in figures]
    said = present_counts([x or 0 for x, _ in counts], [n or 0 for _, n in counts])
    return tuple(Presentation(one) for one in said.tolist())


def unreliable_words(code: str | None) -> str:
    """Why a rate with this code is unreliable, without the word itself; empty where it is not."""
    said = _BY_CODE[code] if code else Presentation.NOT_JUDGED
    return PRESENTATION_WORDS[said].partition(": ")[2] if said.is_unreliable else ""
