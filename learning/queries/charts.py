"""Small pictures of a team's measures, with what they say, for a report."""

from __future__ import annotations

from pdsa.charts.assemble import assemble
from pdsa.charts.draw import draw_spark
from pdsa.charts.reading import latest_sentence, verdict
from pdsa.queries.measures import list_measures, read_data_of
from teams.models import Team
from teams.scoping import Scope


def list_small_charts(scope: Scope, team: Team) -> list[dict[str, str]]:
    """Every measure of a team that has numbers: {measure, name, spark (SVG), latest, says}, as JSON keeps it."""
    found = []
    measures = list(list_measures(scope).filter(project__team=team).order_by("name", "pk"))
    data_of = read_data_of(scope, measures)
    for measure in measures:
        charts = assemble(data_of[measure.pk])
        spark = draw_spark(charts, ident=f"report-{measure.pk}")
        if not spark:
            continue
        data = charts.data
        found.append(
            {
                "measure": str(measure.pk),
                "name": measure.name,
                "spark": spark,
                "latest": latest_sentence(data, data.focus, with_name=False) if data.focus else "",
                "says": verdict(charts).capitalize(),
            }
        )
    return found
