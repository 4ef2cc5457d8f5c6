"""Documents of headings, sentences and tables as tagged PDF: outcome of an award, portfolio, five-year plans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from django.utils import timezone

from teams.drawing.documents import typeset
from teams.queries import get_programme

TEMPLATE = Path(__file__).parent / "document.typ"


@dataclass(frozen=True)
class Block:
    """A heading with what stands below it. widths: parts of the page by column, 0 for as wide as its text;
    numbers: columns that are aligned right; has_sum: the last row adds up the others; alt: of the drawing."""

    heading: str = ""
    sentences: Sequence[str] = ()
    header: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    widths: Sequence[int] = ()
    numbers: Sequence[int] = ()
    has_sum: bool = False
    svg: str = ""
    alt: str = ""


@dataclass(frozen=True)
class Document:
    title: str
    eyebrow: str
    lead: str = ""
    blocks: Sequence[Block] = field(default_factory=list)
    wide: bool = False
    note: str = ""


def document_pdf(document: Document, *, as_of: datetime) -> bytes:
    """The document as bytes, with the moment at its foot."""
    made = f"Made {timezone.localtime(as_of):%-d %b %Y, %H:%M}."
    content = {
        **asdict(document),
        "programme": get_programme().name,
        "footer": f"{made} {document.note}".strip(),
    }
    return typeset(TEMPLATE, content, made_at=as_of)
