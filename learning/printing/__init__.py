"""A storyboard or a synthesis as a document: tagged PDF, US Letter, typefaces from pinned wheels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from teams.drawing.documents import typeset

TEMPLATE = Path(__file__).parent / "document.typ"


@dataclass(frozen=True)
class Section:
    """A piece of a document. level: 2 or 3. alt: the picture in words, which every picture needs."""

    heading: str = ""
    level: int = 2
    paragraphs: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    quotes: tuple[str, ...] = ()
    svg: str = ""
    alt: str = ""


def print_document(
    *, title: str, kicker: str, sections: Sequence[Section], audience: str, made_at: datetime
) -> bytes:
    """The PDF's bytes. kicker: the small line above the title; audience: who may see it, for the foot."""
    data = {
        "title": title,
        "kicker": kicker,
        "sections": [asdict(section) for section in sections],
        "footer": f"{audience} · printed {made_at:%-d %b %Y}",
    }
    return typeset(TEMPLATE, data, made_at=made_at)
