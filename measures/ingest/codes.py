"""What codes mean: the programme's teams, sites, measures and strata, read once per file.

`Reference` is a snapshot of the database as plain dictionaries and arrays; the checker looks nothing
up row by row. Where a code has several strata (a race code names an OMB 2024 answer, an OMB 1997 race
and sometimes an ethnicity) the rules that make one stratum of them are here too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from measures.enums import CountingUnit, LineOfBusiness, ReportingSource, StratumKind
from measures.errors import DefinitionProblem
from measures.ingest.contract import NOT_COLLECTED_CODES, SET_LEFT_OUT
from measures.models import CodeMap, MeasureDefinition, Source, Stratum
from teams.models import Site, SiteAssignment, Team
from teams.queries import get_programme

#: Stratum sets that cells are made for, with the member's field that decides.
CELL_SETS = (
    "all",
    "race",
    "ethnicity",
    "combined",
    "language",
    "sex",
    "age_band",
    "gender_identity",
    "sexual_orientation",
)
#: Sets that are left out when no row of the file says anything about them.
OPTIONAL_SETS = frozenset({"gender_identity", "sexual_orientation"})
OLDEST_AGE = 120
#: Other names of stratum sets in files of counts.
SETS_ALSO_CALLED = {
    "total": "all",
    "overall": "all",
    "everyone": "all",
    "race/ethnicity": "combined",
    "race_ethnicity": "combined",
    "race_and_ethnicity": "combined",
    "gender": "sex",
    "administrative_sex": "sex",
    "age": "age_band",
    "age_group": "age_band",
    "preferred_language": "language",
}
#: What a row of the set `all` may call its only stratum.
EVERYONE = frozenset({"", "all", "total", "overall", "everyone"})


def _plain(text: str) -> str:
    """A name without case and spacing."""
    return " ".join(text.lower().split())


@dataclass(frozen=True)
class Answer:
    """What one text in a coded column means.

    stratum: id in the column's own set, 0 when the code is not known. given: every answer as given
    (race only). ethnicity: stratum id that a race code states as well, 0 for none. not_collected: nobody
    asked. problem: "" or the code of the rule that it breaks.
    """

    stratum: int
    given: tuple[int, ...] = ()
    ethnicity: int = 0
    not_collected: bool = False
    problem: str = ""


@dataclass(frozen=True)
class DefinitionYears:
    """Years in which a measure is defined, and in which it counts events."""

    years: frozenset[int]
    event_years: frozenset[int]


class Reference:
    """Snapshot of everything that a file's codes can mean for one source.

    source: the sender; a group's own source has one team. code_systems: names of the sender's own code
    systems (`own:…`) that the saved mapping asks for; they win over the general ones.
    """

    def __init__(self, source: Source, *, code_systems: Sequence[str] = ()) -> None:
        self.source_team_id: int | None = source.team_id
        self.team_ids: dict[str, int] = {
            code.lower(): pk for pk, code in Team.objects.values_list("id", "code")
        }
        self.site_ids: dict[str, int] = {
            code.lower(): pk for pk, code in Site.objects.values_list("id", "code")
        }
        self._assignments: list[tuple[int, int, date, date | None]] = list(
            SiteAssignment.objects.values_list("site_id", "team_id", "starts_on", "ends_on")
        )
        self.measure_ids: dict[str, int] = {}
        definitions: dict[int, tuple[set[int], set[int]]] = {}
        for pk, code, year, unit in MeasureDefinition.objects.filter(
            measure__completeness_of=""
        ).values_list("measure_id", "measure__code", "year", "counting_unit"):
            self.measure_ids[code.lower()] = pk
            years, event_years = definitions.setdefault(pk, (set(), set()))
            years.add(year)
            if unit == CountingUnit.EVENT:
                event_years.add(year)
        self.definitions = {
            pk: DefinitionYears(frozenset(years), frozenset(event_years))
            for pk, (years, event_years) in definitions.items()
        }
        if not self.measure_ids:
            raise DefinitionProblem(
                "No measure is defined. Run “manage.py load_definitions” before data are sent."
            )
        self.strata: dict[str, dict[str, Stratum]] = {}
        self._set_of: dict[int, str] = {}
        self._kind_of: dict[int, str] = {}
        for stratum in Stratum.objects.select_related("stratum_set"):
            self.strata.setdefault(stratum.stratum_set.code, {})[stratum.code] = stratum
            self._set_of[stratum.pk] = stratum.stratum_set.code
            self._kind_of[stratum.pk] = stratum.kind
        self._codes: dict[str, dict[str, list[int]]] = {}
        wanted = set(code_systems)
        rows = CodeMap.objects.values_list("field", "system", "code", "strata")
        # The sender's own systems are written last, so they win.
        for field, system, code, strata in sorted(rows, key=lambda r: r[1].startswith("own:")):
            if not system.startswith("own:") or system in wanted:
                self._codes.setdefault(field, {})[code] = strata
        self.unknown = {
            name: self._one(name, StratumKind.UNKNOWN) for name in CELL_SETS if name != "all"
        }
        self.everyone = self._one("all", StratumKind.TOTAL)
        # Payers that the programme compares; none where the definitions have no such set.
        self.payers: dict[str, Stratum] = self.strata.get("payer", {})
        self._programme_payer = _plain(get_programme().payer_name)
        self.multiple_races = self._by_code("race", "multiple")
        self.hispanic = self._by_code("ethnicity", "hispanic")
        self.combined_of = self._combined()
        self.age_bands = [
            self._codes.get("age", {}).get(str(age), [self.unknown["age_band"]])[0]
            for age in range(OLDEST_AGE + 1)
        ]

    def _one(self, set_code: str, kind: StratumKind) -> int:
        found = [s.pk for s in self.strata.get(set_code, {}).values() if s.kind == kind]
        if len(found) != 1:
            raise DefinitionProblem(
                f"The stratum set “{set_code}” must have exactly one stratum of kind {kind.value}."
                " Run “manage.py load_definitions”."
            )
        return found[0]

    def _by_code(self, set_code: str, code: str) -> int:
        try:
            return self.strata[set_code][code].pk
        except KeyError:
            raise DefinitionProblem(
                f"The stratum set “{set_code}” has no stratum “{code}”. Run “manage.py load_definitions”."
            ) from None

    def _combined(self) -> dict[int, int]:
        """Race stratum → combined stratum of somebody who is not Hispanic."""
        combined = self.strata.get("combined", {})
        found = {}
        for code, race in self.strata.get("race", {}).items():
            target = combined.get(f"nh_{code}") or combined.get(code)
            if target is None:
                raise DefinitionProblem(
                    f"The combined set has no stratum for race “{code}”. Run “manage.py load_definitions”."
                )
            found[race.pk] = target.pk
        return found

    def kind(self, stratum_id: int) -> str:
        return self._kind_of[stratum_id]

    def strata_of(self, set_code: str) -> list[int]:
        return [s.pk for s in self.strata[set_code].values()]

    def known_codes(self, column: str) -> dict[str, str]:
        """What a coded column may hold, for the mapping page: code → label, plain names only."""
        if column == "measure_id":
            return {code.upper(): code.upper() for code in sorted(self.measure_ids)}
        if column == "group_id":
            return {code.upper(): code.upper() for code in sorted(self.team_ids)}
        if column in {"denominator", "numerator", "exclusion"}:
            return {"1": "1 (yes)", "0": "0 (no)"}
        if column == "line_of_business":
            return {str(c.label).lower(): str(c.label) for c in LineOfBusiness if c.value}
        if column == "stratum_set":
            return {code: code for code in CELL_SETS} | {SET_LEFT_OUT: "Leave these rows out"}
        if column == "stratum":
            return {
                stratum.label.lower(): stratum.label
                for set_code in CELL_SETS
                for stratum in self.strata.get(set_code, {}).values()
            }
        if column.endswith("_source"):
            return {str(c.label).lower(): str(c.label) for c in ReportingSource if c.value}
        return {
            stratum.label.lower(): stratum.label
            for stratum in self.strata.get(column, {}).values()
            if stratum.kind != StratumKind.TOTAL
        }

    def set_named(self, text: str) -> str | None:
        """Code of the stratum set that a trimmed, lower-case text names; None when there is none."""
        plain = text.removeprefix("sde-").removeprefix("sde ").replace(" ", "_").replace("-", "_")
        plain = SETS_ALSO_CALLED.get(plain, plain)
        return plain if plain in CELL_SETS else None

    def stratum_in(self, set_code: str, text: str) -> tuple[int, str]:
        """(stratum id, "") of a trimmed, lower-case text within a set; (0, broken rule) without one."""
        if set_code == "all":
            return (self.everyone, "") if text in EVERYONE else (0, "other_set")
        if not text:
            return 0, "missing_value"
        for code, stratum in self.strata[set_code].items():
            if text in {code, stratum.label.lower(), stratum.short_label.lower()}:
                return stratum.pk, ""
        if set_code == "age_band":
            return 0, "unknown_code"
        if set_code == "combined":
            return self._combined_stratum(text)
        answer = self.answer(set_code, text)
        if answer.problem:
            return 0, answer.problem
        if answer.ethnicity and self._kind_of[answer.stratum] == StratumKind.UNKNOWN:
            return 0, "other_set"
        return answer.stratum, ""

    def _combined_stratum(self, text: str) -> tuple[int, str]:
        """Beside Hispanics, a race alone means those of the race who are not."""
        answer = self.answer("race", text)
        if self.hispanic in {answer.ethnicity, self.answer("ethnicity", text).stratum}:
            return self.strata["combined"]["hispanic"].pk, ""
        if answer.problem:
            return 0, answer.problem
        return self.combined_of[answer.stratum], ""

    def number(self, field: str, text: str) -> int | None:
        """Meaning of a code of `line_of_business` or `race_source`: the value of its enum, None if unknown."""
        strata = self._codes.get(field, {}).get(text)
        return strata[0] if strata else None

    def payer(self, text: str) -> tuple[int, str]:
        """(stratum id, broken rule) of a trimmed, lower-case payer's name; 0 where none is given."""
        if not text or not self.payers:
            return 0, ""
        if _plain(text) == self._programme_payer:
            return self.payers["programme"].pk, ""
        known = self._codes.get("payer", {}).get(text)
        if known:
            return known[0], ""
        for stratum in self.payers.values():
            if text in {stratum.code, stratum.label.lower(), stratum.short_label.lower()}:
                return stratum.pk, ""
        return self.payers["other"].pk, "unknown_payer"

    def answer(self, column: str, text: str) -> Answer:
        """Meaning of a trimmed, lower-case text of one person-describing column."""
        if not text or text in NOT_COLLECTED_CODES:
            return Answer(self.unknown[column], not_collected=True)
        labels = {s.label.lower(): s.pk for s in self.strata[column].values()}
        ids: list[int] = []
        for part in text.split("|"):
            code = part.strip()
            if not code:
                continue
            strata = self._codes.get(column, {}).get(code)
            if strata is None and code in labels:
                strata = [labels[code]]
            if strata is None:
                return Answer(0, problem="unknown_code")
            ids += strata
        if column == "race":
            return self._race(ids)
        own = self._settle(i for i in ids if self._set_of.get(i) == column)
        if len(own) > 1:
            return Answer(0, problem="several_codes")
        return Answer(own[0] if own else self.unknown[column])

    def _settle(self, ids: Iterable[int]) -> list[int]:
        """Distinct strata; a declined beside a specified one goes, so does an unknown beside any other."""
        distinct = list(dict.fromkeys(ids))
        for kind in (StratumKind.SPECIFIED, StratumKind.DECLINED, StratumKind.UNKNOWN):
            kept = [i for i in distinct if self._kind_of[i] == kind]
            if kept:
                return kept
        return distinct

    def _race(self, ids: list[int]) -> Answer:
        own = self._settle(i for i in ids if self._set_of.get(i) == "race")
        ethnicity = self._settle(i for i in ids if self._set_of.get(i) == "ethnicity")
        given = tuple(sorted({i for i in ids if self._set_of.get(i) not in {"race", "ethnicity"}}))
        if len(ethnicity) > 1:
            # "Hispanic" beside "Non-Hispanic White": what a person added counts.
            ethnicity = [self.hispanic] if self.hispanic in ethnicity else []
        stratum = (
            self.unknown["race"] if not own else own[0] if len(own) == 1 else self.multiple_races
        )
        return Answer(stratum, given or tuple(own), ethnicity[0] if ethnicity else 0)

    def sites_of_team(self, starts_on: date, ends_on: date) -> set[tuple[int, int]]:
        """(site, team) pairs that held on some day of the period."""
        return {
            (site, team)
            for site, team, first, last in self._assignments
            if first <= ends_on and (last is None or last >= starts_on)
        }
