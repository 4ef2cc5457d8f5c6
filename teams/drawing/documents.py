"""Documents as tagged PDF (PDF/UA-1): a typst template, and what it says as data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import typst

from teams.drawing.typefaces import font_folders

_fonts = lru_cache(maxsize=1)(font_folders)


def typeset(template: Path, content: Mapping[str, Any], *, made_at: datetime) -> bytes:
    """The PDF's bytes; the same content and time give the same bytes.

    content: texts, numbers, lists and tables of them; the template reads it as `sys.inputs.content`.
    Raises ValueError for a number that is none (NaN, infinity).
    """
    return typst.compile(
        template,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        format="pdf",
        pdf_standards="ua-1",
        timestamp=int(made_at.timestamp()),
        sys_inputs={"content": json.dumps(content, ensure_ascii=False, allow_nan=False)},
    )
