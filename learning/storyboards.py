"""What a storyboard says: read from a team's projects when it is made, shown and printed from the snapshot."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from learning.printing import Section
from pdsa.aims.sentence import sentence_text
from pdsa.charts.assemble import MeasureCharts, assemble
from pdsa.charts.draw import draw_measure
from pdsa.enums import CycleState, PointState, ProjectStatus
from pdsa.queries.aims import find_aim, has_aim, parts_of
from pdsa.queries.cycles import list_ramps
from pdsa.queries.measures import list_measures_of, read_data_of
from pdsa.queries.projects import list_projects
from pdsa.wording import DECIDED
from teams.models import Team
from teams.scoping import Scope

#: Counts from 1 to this many let a person be recognised outside the group.
SMALL_COUNT = 10
#: Said in place of a chart with such counts, and of one with results that the programme computed: those are
#: protected over all groups together, so none of them leaves its group by another way.
TOO_SMALL = "This chart is for the group alone: some of its counts are 10 or less."
OF_PROGRAMME = "This chart is for the group alone: it shows the programme's results of the group."


def build_storyboard(scope: Scope, team: Team, *, today: date) -> dict[str, Any]:
    """The content of a storyboard as it is on a day, from what the reader may read.

    Names of people, comments and quotes of tests are not in it.
    """
    projects = list_projects(scope).filter(team=team, status=ProjectStatus.ACTIVE)
    return {"as_of": today.isoformat(), "projects": [_project(scope, one) for one in projects]}


def _project(scope: Scope, project: Any) -> dict[str, Any]:
    charts = []
    measures = list(list_measures_of(scope, project))
    data_of = read_data_of(scope, measures)
    for measure in measures:
        data = data_of[measure.pk]
        if not measure.is_bound:
            # Who typed the numbers is nobody's business outside the group.
            data = replace(data, basis="Entered by the team.")
        found = assemble(data)
        try:
            chart = draw_measure(found, ident=f"storyboard-{measure.pk}")
        except ValueError:  # nothing entered yet
            continue
        charts.append(
            {
                "id": f"storyboard-{measure.pk}",
                "name": measure.name,
                "finding": chart.finding,
                "subtitle": chart.subtitle,
                "summary": chart.summary,
                "wide": chart.wide,
                "narrow": chart.narrow,
                "columns": list(chart.columns),
                "rows": [list(row) for row in chart.rows],
                "own_only": OF_PROGRAMME
                if measure.is_bound
                else TOO_SMALL
                if has_small_counts(found)
                else "",
            }
        )
    return {
        "title": project.title,
        "aim": sentence_text(parts_of(find_aim(project))) if has_aim(project) else "",
        "focus": [row.label for row in project.focus_strata.all()],
        "charts": charts,
        "ramps": [
            {"idea": ramp.idea.title, "tests": [_test(cycle) for cycle in ramp.cycles]}
            for ramp in list_ramps(scope, project)
            if ramp.cycles
        ],
    }


def _test(cycle: Any) -> dict[str, Any]:
    closed = cycle.state == CycleState.CLOSED
    return {
        "cycle": cycle.pk,
        "title": str(cycle),
        "word": DECIDED[cycle.decision] if closed else cycle.get_state_display(),
        "objective": cycle.objective,
        "learned": cycle.learned,
    }


def has_small_counts(charts: MeasureCharts) -> bool:
    """Whether a count of 1 to 10 people, or of those who are missing, could be read from the chart."""
    for group in charts.data.groups:
        for point in group.points:
            if point.state != PointState.NUMBER or point.numerator is None:
                continue
            counts = [point.numerator]
            if point.denominator is not None:
                counts += [point.denominator, point.denominator - point.numerator]
            if any(0 < count <= SMALL_COUNT for count in counts):
                return True
    return False


def for_others(
    content: dict[str, Any], *, withheld: frozenset[int] = frozenset()
) -> dict[str, Any]:
    """The storyboard as people outside the group see it: without the charts that are for the group alone.

    withheld: ids of tests that are left out, because somebody reported their words.
    """
    return {
        **content,
        "projects": [
            {
                **project,
                "charts": [
                    {"name": chart["name"], "withheld": chart["own_only"]}
                    if chart["own_only"]
                    else chart
                    for chart in project["charts"]
                ],
                "ramps": [
                    {
                        **ramp,
                        "tests": [t for t in ramp["tests"] if t.get("cycle") not in withheld],
                    }
                    for ramp in project["ramps"]
                ],
            }
            for project in content["projects"]
        ],
    }


def storyboard_sections(content: dict[str, Any]) -> list[Section]:
    """The storyboard as pieces of a document."""
    sections = []
    for project in content["projects"]:
        aim = project["aim"] or "The aim is not written yet."
        focus = f"For: {', '.join(project['focus'])}" if project["focus"] else ""
        sections.append(Section(project["title"], 2, tuple(filter(None, (aim, focus)))))
        for chart in project["charts"]:
            if "withheld" in chart:
                sections.append(Section(chart["name"], 3, (chart["withheld"],)))
            else:
                sections.append(
                    Section(
                        chart["finding"],
                        3,
                        (chart["subtitle"],),
                        svg=chart["wide"],
                        alt=chart["summary"],
                    )
                )
        for ramp in project["ramps"]:
            tests = (
                f"{test['title']} ({test['word'].lower()})"
                + (f": {test['learned'] or test['objective']}")
                for test in ramp["tests"]
            )
            sections.append(Section(f"We tried: {ramp['idea']}", 3, items=tuple(tests)))
    return sections
