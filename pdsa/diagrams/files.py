"""A diagram as a file to take away: SVG, PNG, or slides of native shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from django.http import Http404, HttpResponse

from pdsa.diagrams.picture import draw_scene
from pdsa.diagrams.scene import Scene
from pdsa.diagrams.slides import make_slides
from teams.drawing.chart import Chart
from teams.drawing.files import chart_png, chart_svg
from teams.views.downloads import download

#: Ending of the name → what the page calls it.
DIAGRAM_FORMATS = {"svg": "SVG", "png": "PNG", "pptx": "PowerPoint"}


def diagram_file(
    form: str,
    *,
    scene: Scene,
    slides: Callable[[], Sequence[Scene]],
    title: str,
    subtitle: str,
    name: str,
    as_of: date,
) -> HttpResponse:
    """The file as a download. form: one of DIAGRAM_FORMATS, else Http404. slides: the scene cut for slides."""
    if form not in DIAGRAM_FORMATS:
        raise Http404("There is no file of this kind.")
    note = f"{subtitle}. As of {as_of:%B} {as_of.day}, {as_of.year}."
    if form == "pptx":
        data: bytes | str = make_slides(slides(), title=title, note=note)
    else:
        drawn = draw_scene(scene, ident="diagram", for_file=form == "png")
        chart = Chart(title, subtitle, scene.description, drawn, "", (), ())
        data = chart_svg(chart, note) if form == "svg" else chart_png(chart, note)
    return download(data, f"{name}.{form}")
