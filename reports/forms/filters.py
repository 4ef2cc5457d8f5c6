"""What a dashboard shows: source, period, stratum set, measure, line of business, from the address.

A value that does not exist (an old bookmark, another source's period) falls back to the default
instead of failing; the form shows what is really used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict

from measures import queries
from measures.enums import StratumKind
from reports.dashboards.wording import capitalised, people_of
from teams.enums import Audience
from teams.models import Team
from teams.plain_select import PlainSelect
from teams.scoping import Scope

DEFAULT_STRATUM_SET = "combined"


@dataclass(frozen=True)
class Selection:
    """What is shown.

    trend_periods: periods of the same form as `period` up to it, oldest first.
    rule: how the set's reference is chosen in this year; each result says what was chosen.
    focus: the stratum that trends, peers and sites are about; None in a set without a reference.
    """

    source: Any
    period: Any
    trend_periods: tuple[Any, ...]
    stratum_set: Any
    rule: queries.ReferenceUsed
    focus: queries.StratumLabel | None
    definition: Any | None
    line_of_business: int | None
    line_label: str

    @property
    def measure_ids(self) -> list[int] | None:
        return None if self.definition is None else [self.definition.measure_id]

    def parameters(self, **changes: str) -> dict[str, str]:
        """The selection as the parameters of an address; an empty value leaves its parameter out."""
        values = {
            "source": self.source.code,
            "period": self.period.label,
            "strata": self.stratum_set.code,
            "focus": self.focus.code if self.focus else "",
            "measure": self.definition.measure.code if self.definition else "",
            "line": "" if self.line_of_business is None else str(self.line_of_business),
        } | changes
        return {name: value for name, value in values.items() if value}

    def query(self, **changes: str) -> str:
        """`?period=2024&strata=race`."""
        query = QueryDict(mutable=True)
        query.update(self.parameters(**changes))
        return f"?{query.urlencode()}"


def _chosen(items: list[Any], wanted: str | None, key: Any, default: Any = None) -> Any:
    return next((i for i in items if key(i) == wanted), default or (items[0] if items else None))


class ResultFilters(forms.Form):
    """The filter bar; `selection` is what it resolves to, None where there are no results at all.

    team: only the payer's source and the team's own are offered.
    with_strata, with_measure, with_line, with_focus: whether the page can be narrowed in that way.
    one_measure: the page is about one measure at a time, the first unless another is chosen.
    measure_code: the measure that the address fixes.
    """

    # "All measures" has no value, which a required field would not let the browser send.
    use_required_attribute = False

    period = forms.ChoiceField(label="Period", widget=PlainSelect)
    strata = forms.ChoiceField(label="Compare people by", widget=PlainSelect)
    focus = forms.ChoiceField(label="Group in focus", widget=PlainSelect)
    measure = forms.ChoiceField(label="Measure", widget=PlainSelect)
    line = forms.ChoiceField(label="Line of business", widget=PlainSelect)
    source = forms.ChoiceField(label="Data from", widget=PlainSelect)

    def __init__(
        self,
        data: QueryDict,
        *,
        scope: Scope,
        team: Team | None = None,
        with_strata: bool = True,
        with_measure: bool = True,
        with_line: bool = True,
        with_focus: bool = True,
        one_measure: bool = False,
        measure_code: str | None = None,
    ) -> None:
        super().__init__(auto_id="filter-%s")
        self.selection: Selection | None = None
        sources = [
            s
            for s in queries.list_sources(scope)
            if s.team_id is None or (team is not None and s.team_id == team.pk)
        ]
        source = _chosen(sources, data.get("source"), lambda s: s.code, _payer_first(sources))
        periods = list(queries.list_periods(source)) if source else []
        if not periods:
            self.fields.clear()
            return
        period = _chosen(periods, data.get("period"), lambda p: p.label)
        audiences = {scope.audience(team_id) for team_id in ([team.pk] if team else scope.team_ids)}
        outside = Audience.OTHERS if Audience.OTHERS in audiences else None
        own = queries.list_own_set_codes(scope, team=team, source=source) if team else frozenset()
        sets = list(queries.list_stratum_sets(source, audience=outside, more=own))
        default_set = _chosen(sets, DEFAULT_STRATUM_SET, lambda s: s.code)
        stratum_set = _chosen(sets, data.get("strata"), lambda s: s.code, default_set)
        if stratum_set is None:
            self.fields.clear()
            return
        strata = [s for s in queries.list_strata(stratum_set) if s.kind == StratumKind.SPECIFIED]
        rule = queries.get_rule(stratum_set, strata, year=period.year)
        # Everybody can be in focus where the reference is not one of the groups, or another in each measure.
        others = [s for s in strata if s.id != rule.stratum_id] if rule.is_settled else []
        focus = _chosen(others, data.get("focus"), lambda s: s.code)
        definitions = [
            d
            for d in queries.list_definitions(year=period.year)
            if not d.measure.completeness_of
            and (measure_code is None or d.measure.code == measure_code)
        ]
        wanted = measure_code or data.get("measure")
        definition = next((d for d in definitions if d.measure.code == wanted), None)
        if one_measure and definition is None:
            definition = definitions[0] if definitions else None
        lines = (
            queries.list_lines_of_business(
                source,
                period=period,
                team=team,
                measure_id=definition.measure_id if definition else None,
            )
            if with_line
            else []
        )
        line = next((pair for pair in lines if str(pair[0]) == data.get("line")), None)
        same_form = [p for p in periods if len(p.label) == len(period.label)]
        self.selection = Selection(
            source=source,
            period=period,
            trend_periods=tuple(
                sorted(
                    (p for p in same_form if p.ends_on <= period.ends_on), key=lambda p: p.ends_on
                )
            ),
            stratum_set=stratum_set,
            rule=rule,
            focus=focus,
            definition=definition,
            line_of_business=line[0] if line else None,
            line_label=line[1] if line else "All payers together",
        )
        self._offer("period", [(p.label, _period_name(p)) for p in periods], period.label)
        self._offer("strata", [(s.code, s.name) for s in sets], stratum_set.code, keep=with_strata)
        self._offer(
            "focus",
            [(s.code, capitalised(people_of(s))) for s in others],
            focus.code if focus else "",
            keep=with_focus and len(others) > 1,
        )
        self._offer(
            "measure",
            [
                *([] if one_measure else [("", "All measures")]),
                *((d.measure.code, d.short_name) for d in definitions),
            ],
            definition.measure.code if definition else "",
            keep=with_measure,
        )
        self._offer(
            "line",
            [("", "All payers together"), *((str(value), label) for value, label in lines)],
            str(line[0]) if line else "",
            keep=len(lines) > 1,
        )
        self._offer(
            "source", [(s.code, s.name) for s in sources], source.code, keep=len(sources) > 1
        )

    def _offer(
        self, name: str, choices: list[tuple[str, str]], chosen: str, *, keep: bool = True
    ) -> None:
        if not keep:
            del self.fields[name]
            return
        self.fields[name].choices = choices  # type: ignore[attr-defined]
        self.initial[name] = chosen


def _payer_first(sources: list[Any]) -> Any:
    return next((s for s in sources if s.team_id is None), None)


def _period_name(period: Any) -> str:
    if len(period.label) == 4:
        return f"{period.label} (measurement year)"
    return f"12 months to {period.ends_on:%b %Y}"
