"""Text that has to fit into boxes: measured in the typeface that draws it, not guessed."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

from teams.drawing.typefaces import SANS, font_folders

#: Measured large and scaled down: hinting at small sizes would round every letter.
_EM = 200


@lru_cache(maxsize=8)
def _font(weight: int) -> ImageFont.FreeTypeFont:
    path = next(
        path for folder in font_folders() for path in sorted(Path(folder).glob(f"{SANS}[[]*.ttf"))
    )
    font = ImageFont.truetype(str(path), _EM)
    font.set_variation_by_axes([weight])
    return font


@lru_cache(maxsize=4096)
def measure(text: str, size: float, weight: int = 400) -> float:
    """Width of a line in pixels."""
    return float(_font(weight).getlength(text)) * size / _EM


def wrap(text: str, width: float, size: float, weight: int = 400) -> tuple[str, ...]:
    """Lines of at most `width` pixels. A word that is wider alone is broken, so nothing ever sticks out."""
    lines: list[str] = []
    for word in text.split():
        if lines and measure(f"{lines[-1]} {word}", size, weight) <= width:
            lines[-1] += f" {word}"
            continue
        while measure(word, size, weight) > width:
            cut = _longest_start(word, width, size, weight)
            lines.append(word[:cut])
            word = word[cut:]
        if word:
            lines.append(word)
    return tuple(lines)


def _longest_start(word: str, width: float, size: float, weight: int) -> int:
    """How many letters of a word fit, at least one."""
    cut = 1
    while cut < len(word) and measure(word[: cut + 1], size, weight) <= width:
        cut += 1
    return cut
