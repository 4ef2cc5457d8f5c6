"""The change package as slides: a title, a slide for each chapter, and one or more for each idea; native text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pptx import Presentation
from pptx.enum.shapes import MSO_SHAPE
from pptx.util import Inches, Pt

from learning.package_files.content import package_content
from learning.queries.package import PackageView
from teams.drawing.slides import HEIGHT, MARGIN, WIDTH, rgb, to_bytes, write_foot, write_lines
from teams.drawing.svg import SCREEN

_TITLE_ONLY = 5
#: Tests beside an idea; more go on to a slide of their own.
_TESTS_A_SLIDE = 3
#: Letters of a test's summary on a slide; the PDF and the page hold the rest.
_SUMMARY = 260


def make_package_slides(view: PackageView, *, programme: str, as_of: datetime) -> bytes:
    """A presentation of the whole version as bytes."""
    content = package_content(view, programme=programme, as_of=as_of)
    presentation = Presentation()
    presentation.slide_width, presentation.slide_height = WIDTH, HEIGHT
    presentation.core_properties.title = f"{content['title']}, {content['kicker']}"
    presentation.core_properties.author = programme
    deck = _Deck(presentation, content["footer"])
    deck.cover(content)
    for number, chapter in enumerate(content["chapters"], start=1):
        deck.chapter(number, chapter)
        for idea in chapter["ideas"]:
            deck.idea(chapter["title"], idea)
    return to_bytes(presentation)


def _shortened(text: str) -> str:
    return text if len(text) <= _SUMMARY else f"{text[: _SUMMARY - 1].rsplit(' ', 1)[0]} …"


class _Deck:
    """A presentation being written. Every slide has a title of its own, for the list of slides and for ears."""

    def __init__(self, presentation: Any, footer: str) -> None:
        self.presentation = presentation
        self.footer = footer

    def _slide(self, title: str, size: int = 26) -> Any:
        slide = self.presentation.slides.add_slide(self.presentation.slide_layouts[_TITLE_ONLY])
        heading = slide.shapes.title
        heading.left, heading.top = MARGIN, Inches(0.55)
        heading.width, heading.height = WIDTH - 2 * MARGIN, Inches(0.8)
        write_lines(heading.text_frame, [title], size, bold=True)
        write_foot(slide, [self.footer])
        return slide

    def _text(
        self,
        slide: Any,
        lines: Sequence[str],
        size: int,
        place: tuple[float, float, float, float],
        **look: Any,
    ) -> None:
        """place: left, top, width, height in inches."""
        if lines:
            box = slide.shapes.add_textbox(*(Inches(part) for part in place))
            write_lines(box.text_frame, lines, size, **look)

    def _kicker(self, slide: Any, text: str) -> None:
        self._text(slide, [text], 12, (0.5, 0.25, 12.3, 0.35), bold=True, colour=SCREEN.blue)

    def cover(self, content: dict[str, Any]) -> None:
        slide = self._slide(content["title"], 36)
        self._kicker(
            slide, f"{content['programme']} · {content['kicker']} · {content['published']}"
        )
        self._text(slide, content["introduction"], 16, (0.5, 1.5, 7.6, 3.2), space=8)
        for place, (count, word) in enumerate(content["facts"]):
            left = 8.6
            top = 1.5 + 1.05 * place
            self._text(slide, [count], 30, (left, top, 1.3, 0.7), bold=True)
            self._text(slide, [word], 14, (left + 1.2, top + 0.16, 3.2, 0.5), colour=SCREEN.soft)
        titles = [
            f"{number}  {chapter['title']}"
            for number, chapter in enumerate(content["chapters"], start=1)
        ]
        self._text(slide, titles, 14, (0.5, 4.8, 12.3, 1.6), space=3)

    def chapter(self, number: int, chapter: dict[str, Any]) -> None:
        slide = self._slide(chapter["title"], 30)
        self._kicker(slide, " · ".join(filter(None, [f"Chapter {number}", chapter["driver"]])))
        self._text(slide, chapter["introduction"], 16, (0.5, 1.5, 7.4, 4.6), space=8)
        beside = []
        if chapter["drivers"]:
            beside += ["What has to change", *(f"– {line}" for line in chapter["drivers"])]
        if chapter["measures"]:
            beside += ["Measures that should move", f"– {chapter['measures']}"]
        if chapter["focus"]:
            beside += ["Tried for", f"– {chapter['focus']}"]
        self._text(slide, beside, 14, (8.4, 1.5, 4.4, 4.8), space=5)

    def idea(self, chapter: str, idea: dict[str, Any]) -> None:
        slide = self._slide(idea["title"])
        self._kicker(slide, chapter)
        self._text(slide, idea["what"], 15, (0.5, 1.45, 6.2, 2.5), space=6)
        if idea["first_test"]:
            box = slide.shapes.add_shape(
                MSO_SHAPE.RECTANGLE, Inches(0.5), Inches(4.0), Inches(6.2), Inches(1.1)
            )
            box.fill.background()
            box.line.color.rgb = rgb(SCREEN.ink)
            box.line.width = Pt(1)
            box.shadow.inherit = False
            box.name = "A first small test"
            write_lines(box.text_frame, ["A first small test", idea["first_test"]], 13, space=2)
        known = [f"What is known: {idea['grade'].lower()}", *idea["evidence"]]
        self._text(slide, known, 12, (0.5, 5.2, 6.2, 1.25), colour=SCREEN.soft, space=3)
        tests = idea["tests"]
        self._tests(slide, tests[:_TESTS_A_SLIDE])
        for start in range(_TESTS_A_SLIDE, len(tests), 2 * _TESTS_A_SLIDE):
            more = self._slide(f"{idea['title']}: more tests")
            self._kicker(more, chapter)
            self._tests(more, tests[start : start + _TESTS_A_SLIDE], left=0.5)
            self._tests(more, tests[start + _TESTS_A_SLIDE : start + 2 * _TESTS_A_SLIDE])

    def _tests(self, slide: Any, tests: Sequence[dict[str, Any]], left: float = 7.2) -> None:
        for place, test in enumerate(tests):
            top = 1.45 + 1.65 * place
            self._text(slide, [test["title"]], 13, (left, top, 5.7, 0.35), bold=True)
            facts = [test["decision"], test["group"], test["afterwards"]]
            lines = [" · ".join(filter(None, facts)), _shortened(" ".join(test["summary"]))]
            lines += [
                f"{effect['measure']}: {'; '.join(': '.join(c) for c in effect['changes'])}."
                f" {effect['words']} {effect['basis']}"
                for effect in test["effects"]
                if effect["changes"]
            ]
            self._text(slide, lines, 11, (left, top + 0.33, 5.7, 1.25), space=2)
