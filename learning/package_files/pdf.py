"""The change package as PDF: tagged (PDF/UA-1), US Letter, typefaces from pinned wheels."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from learning.package_files.content import package_content
from learning.queries.package import PackageView
from teams.drawing.documents import typeset

TEMPLATE = Path(__file__).parent / "package.typ"


def render_package(view: PackageView, *, programme: str, as_of: datetime) -> bytes:
    """The document as bytes. as_of: when it is made; a published version bears the time of publication."""
    content = package_content(view, programme=programme, as_of=as_of)
    return typeset(TEMPLATE, content, made_at=view.version.published_at or as_of)
