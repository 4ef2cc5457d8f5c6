"""A storyboard or a synthesis as a document: tagged PDF, US Letter, typefaces from pinned wheels."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import typst

from teams.drawing.typefaces import font_folders

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


@lru_cache(maxsize=1)
def _fonts() -> list[Path]:
    return font_folders()


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
    return typst.compile(
        TEMPLATE,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        format="pdf",
        pdf_standards="ua-1",
        timestamp=int(made_at.timestamp()),
        sys_inputs={"data": json.dumps(data, ensure_ascii=False, allow_nan=False)},
    )
