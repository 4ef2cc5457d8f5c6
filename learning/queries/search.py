"""Search over what the programme has tried: shared tests, change ideas of the library, chapters of the package.

Ordered by how well the words fit, never by who tried or what was decided: an abandoned test is found like an
adopted one. Nothing that is not shared is looked at, so that neither a find nor a count tells of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.aggregates import StringAgg
from django.contrib.postgres.search import (
    SearchQuery,
    SearchRank,
    SearchVector,
    TrigramStrictWordSimilarity,
)
from django.db.models import F, FloatField, OuterRef, Q, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Coalesce, Concat, Lower

from learning.models import Chapter, ChapterIdea, Contribution
from learning.queries.package import list_published_chapters
from measures.queries import list_measure_names, list_patient_groups
from pdsa.enums import CycleState, Decision
from pdsa.library.files import read_library
from pdsa.queries.cycles import list_shared_cycles
from pdsa.queries.library import list_library
from teams.scoping import Scope

#: A plan that nobody began was not tried.
_TRIED = (CycleState.DOING, CycleState.STUDYING, CycleState.CLOSED)
#: How alike a word has to be to one of the text, so that a typing mistake still finds it.
_ALIKE = 0.35
#: Words that are looked at, and letters that a word needs to be compared letter by letter.
_MOST_WORDS, _LEAST_LETTERS = 6, 3

#: Programme measure → topic of the library, whose ideas know topics instead of measures.
TOPIC_OF_MEASURE = {
    "CBP": "blood_pressure",
    "BPD": "blood_pressure",
    "COL-E": "colorectal",
    "BCS-E": "breast",
    "EED": "diabetes",
    "GSD-GOOD": "diabetes",
    "GSD-POOR": "diabetes",
    "KED": "diabetes",
    "REAL-RACE": "real_data",
    "REAL-ETHNICITY": "real_data",
    "REAL-LANGUAGE": "real_data",
}
#: Texts of a shared test that are searched, those that say most in front. All of them are read by outsiders.
_TEST_TEXTS = (
    ("A", ("title", "idea__title")),
    ("B", ("objective", "learned")),
    (
        "C",
        (
            "what_happened",
            "problems",
            "surprises",
            "focus_result",
            "next_change",
            "data_what",
        ),
    ),
)
_IDEA_TEXTS = (
    ("A", ("title",)),
    ("B", ("what", "helps")),
    ("C", ("first_test", "cost_note", "origin")),
)
_CHAPTER_TEXTS = (
    ("A", ("title",)),
    ("B", ("introduction", "drivers", "idea_texts")),
    ("C", ("test_texts",)),
)


@dataclass(frozen=True)
class SearchFilters:
    """What the search is narrowed to; empty means everything.

    patients: "stratum:CODE" of a group of patients, or "population:CODE" of the library.
    """

    text: str = ""
    measure: str = ""
    driver: str = ""
    patients: str = ""
    decision: str = ""

    @property
    def stratum(self) -> str:
        kind, _, code = self.patients.partition(":")
        return code if kind == "stratum" else ""

    @property
    def population(self) -> str:
        kind, _, code = self.patients.partition(":")
        return code if kind == "population" else ""


def _joined(*names: str) -> Any:
    """Texts of a row one after the other; one that is missing counts as empty."""
    parts: list[Any] = []
    for name in names:
        parts += [
            Coalesce(F(name), Value(""), output_field=TextField()),
            Value(" ", output_field=TextField()),
        ]
    return Concat(*parts, output_field=TextField())


def _by_words(rows: QuerySet[Any], text: str, weighted: Any) -> QuerySet[Any]:
    """Rows that hold all words, or words like them; the best first. weighted: (weight, field names)."""
    text = text.strip()
    if not text:
        return rows
    names = [name for _, group in weighted for name in group]
    document = sum(
        (SearchVector(*group, weight=weight, config="english") for weight, group in weighted[1:]),
        SearchVector(*weighted[0][1], weight=weighted[0][0], config="english"),
    )
    query = SearchQuery(text, search_type="websearch", config="english")
    rows = rows.annotate(words=Lower(_joined(*names)), document=document)
    likes = Q()
    alike: Any = Value(0.0, output_field=FloatField())
    compared = [w for w in text.lower().split() if len(w) >= _LEAST_LETTERS][:_MOST_WORDS]
    if '"' in text or " -" in f" {text}":
        compared = []  # whoever writes quotes or takes words out means every letter
    for place, word in enumerate(compared):
        name = f"alike_{place}"
        rows = rows.alias(**{name: TrigramStrictWordSimilarity(word, "words")})
        likes &= Q(**{f"{name}__gte": _ALIKE})
        alike = alike + F(name)
    fits = Q(document=query)
    if compared:
        fits |= likes
    return rows.filter(fits).annotate(rank=SearchRank(F("document"), query), alike=alike)


def find_tests(scope: Scope, filters: SearchFilters) -> QuerySet[Any]:
    """Shared tests that were begun, the best fit first, then those changed last."""
    found = list_shared_cycles(scope).filter(state__in=_TRIED)
    published = Contribution.objects.filter(
        withdrawn_at=None, idea__chapter__in=list_published_chapters(scope)
    )
    if filters.measure:
        linked = found.order_by().filter(
            measure_links__measure__programme_measure__code=filters.measure
        )
        fits = Q(pk__in=linked.values("pk"))
        fits |= Q(
            pk__in=published.filter(
                idea__chapter__measure_codes__contains=[filters.measure]
            ).values("cycle_id")
        )
        if topic := TOPIC_OF_MEASURE.get(filters.measure):
            fits |= Q(idea__adoption__library_idea__topics__contains=[topic])
        found = found.filter(fits)
    if filters.driver:
        in_chapters = published.filter(idea__chapter__driver=filters.driver)
        found = found.filter(
            Q(idea__adoption__library_idea__driver=filters.driver)
            | Q(pk__in=in_chapters.values("cycle_id"))
        )
    if filters.stratum:
        focused = found.order_by().filter(
            focus_strata__code=filters.stratum, focus_strata__stratum_set__code="combined"
        )
        found = found.filter(pk__in=focused.values("pk"))
    if filters.population:
        found = found.filter(
            idea__adoption__library_idea__populations__contains=[filters.population]
        )
    if filters.decision:
        found = found.filter(state=CycleState.CLOSED, decision=filters.decision)
    found = _by_words(found, filters.text, _TEST_TEXTS)
    order = ("-rank", "-alike") if filters.text.strip() else ()
    return found.prefetch_related("focus_strata").order_by(*order, "-changed_at", "-id")


def find_ideas(scope: Scope, filters: SearchFilters) -> QuerySet[Any]:
    """Change ideas of the library; narrowed by decision or group of patients: those with a shared test of it."""
    found = list_library(scope)
    if filters.measure:
        topic = TOPIC_OF_MEASURE.get(filters.measure)
        found = found.filter(topics__contains=[topic]) if topic else found.none()
    if filters.driver:
        found = found.filter(driver=filters.driver)
    if filters.population:
        found = found.filter(populations__contains=[filters.population])
    if filters.stratum or filters.decision:
        tests = find_tests(
            scope,
            SearchFilters(patients=filters.patients, decision=filters.decision),
        )
        found = found.filter(
            pk__in=tests.prefetch_related(None)
            .order_by()
            .filter(idea__adoption__isnull=False)
            .values("idea__adoption__library_idea_id")
        )
    found = _by_words(found, filters.text, _IDEA_TEXTS)
    order = ("-rank", "-alike") if filters.text.strip() else ()
    return found.order_by(*order, "position")


def find_chapters(scope: Scope, filters: SearchFilters) -> QuerySet[Chapter]:
    """Chapters of the version that holds now, with the words of their ideas and of tests still shared."""
    found = list_published_chapters(scope)
    shared = list_shared_cycles(scope).order_by().values("pk")
    if filters.measure:
        found = found.filter(measure_codes__contains=[filters.measure])
    if filters.driver:
        found = found.filter(driver=filters.driver)
    if filters.stratum:
        found = found.filter(focus_codes__contains=[filters.stratum])
    if filters.population:
        ideas = ChapterIdea.objects.filter(library_idea__populations__contains=[filters.population])
        found = found.filter(pk__in=ideas.values("chapter_id"))
    if filters.decision:
        tests = Contribution.objects.filter(
            withdrawn_at=None, cycle__in=shared, decision=filters.decision
        )
        found = found.filter(pk__in=tests.values("idea__chapter_id"))
    if filters.text.strip():
        of_ideas = ChapterIdea.objects.filter(chapter=OuterRef("pk")).order_by().values("chapter")
        of_tests = (
            Contribution.objects.filter(
                idea__chapter=OuterRef("pk"), withdrawn_at=None, cycle__in=shared
            )
            .order_by()
            .values("idea__chapter")
        )
        found = found.annotate(
            idea_texts=Subquery(
                of_ideas.annotate(t=StringAgg(_joined("title", "what", "evidence"), " ")).values(
                    "t"
                )
            ),
            test_texts=Subquery(
                of_tests.annotate(t=StringAgg(_joined("title", "summary"), " ")).values("t")
            ),
        )
    found = _by_words(found, filters.text, _CHAPTER_TEXTS)
    order = ("-rank", "-alike") if filters.text.strip() else ()
    return found.order_by(*order, "position", "pk")


# --- what can be chosen -------------------------------------------------------------------------------------------


def measure_choices() -> list[tuple[str, str]]:
    return list(list_measure_names().items())


def driver_choices() -> list[tuple[str, str]]:
    return list(read_library().drivers.items())


def patient_choices() -> list[Any]:
    """Groups of patients, and the kinds of patients that the library knows."""
    return [
        ("Focus group", [(f"stratum:{row.code}", row.label) for row in list_patient_groups()]),
        (
            "Patients",
            [(f"population:{code}", name) for code, name in read_library().populations.items()],
        ),
    ]


def focus_choices() -> list[tuple[str, str]]:
    return [(row.code, row.label) for row in list_patient_groups()]


def decision_choices() -> list[tuple[str, str]]:
    return list(Decision.choices)
