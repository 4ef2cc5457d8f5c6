"""The change package as PDF: tagged (PDF/UA-1), US Letter, typefaces from pinned wheels."""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import typst

from learning.package_files.content import package_content
from learning.queries.package import PackageView
from teams.drawing.typefaces import font_folders

TEMPLATE = Path(__file__).parent / "package.typ"


@lru_cache(maxsize=1)
def _fonts() -> list[Path]:
    return font_folders()


def render_package(view: PackageView, *, programme: str, as_of: datetime) -> bytes:
    """The document as bytes. as_of: when it is made; a published version bears the time of publication."""
    content = package_content(view, programme=programme, as_of=as_of)
    return typst.compile(
        TEMPLATE,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        format="pdf",
        pdf_standards="ua-1",
        timestamp=int((view.version.published_at or as_of).timestamp()),
        sys_inputs={"package": json.dumps(content, ensure_ascii=False, allow_nan=False)},
    )
