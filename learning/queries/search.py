"""Search over what the programme has tried: shared tests, change ideas of the library, chapters of the package.

Ordered by how well the words fit, never by who tried or what was decided: an abandoned test is found like an
adopted one. Nothing that is not shared is looked at, so that neither a find nor a count tells of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.aggregates import StringAgg
from django.contrib.postgres.search import (
    CombinedSearchVector,
    SearchQuery,
    SearchRank,
    SearchVector,
    SearchVectorField,
)
from django.db import connection
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, TextField, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, Concat

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
#: How alike a word has to be to one that is there, so that a typing mistake still finds it.
_ALIKE = 0.35
#: Words of a search that are looked at, and how many words stand in for one that is nowhere.
_MOST_WORDS, _MOST_ALIKE = 8, 6

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


#: Every word that can be found: of shared tests and their ideas, of the library, of the package as published.
#: That a word is there decides only how a mistyped one is read; what is found goes through the scope.
_VOCABULARY = """
with vocabulary as (
    select word from ts_stat($$
        select search_document from pdsa_cycle where sharing <> 'team'
        union all
        select to_tsvector('english', i.title) from pdsa_changeidea i
            where exists (select 1 from pdsa_cycle c where c.idea_id = i.id and c.sharing <> 'team')
        union all
        select to_tsvector('english', concat_ws(
            ' ', title, what, helps, first_test, cost_note, origin)) from pdsa_libraryidea
        union all
        select to_tsvector('english', concat_ws(' ', c.title, c.introduction, c.drivers))
            from learning_chapter c join learning_packageversion v on v.id = c.version_id
            where v.state = 'published'
        union all
        select to_tsvector('english', concat_ws(' ', i.title, i.what, i.evidence))
            from learning_chapteridea i join learning_chapter c on c.id = i.chapter_id
            join learning_packageversion v on v.id = c.version_id where v.state = 'published'
        union all
        select to_tsvector('english', concat_ws(' ', b.title, b.summary))
            from learning_contribution b join pdsa_cycle t on t.id = b.cycle_id
            where b.withdrawn_at is null and t.sharing <> 'team'
    $$)
)
select typed.lexeme, case
    when exists (select 1 from vocabulary where word = typed.lexeme) then array[typed.lexeme]
    else array(
        select word from vocabulary where similarity(word, typed.lexeme) >= %s
        order by similarity(word, typed.lexeme) desc, word limit %s)
    end
from unnest(to_tsvector('english', %s)) typed
limit %s
"""


def _read_query(text: str) -> SearchQuery:
    """What was typed as a query; a word that is nowhere is read as the words most like it. One query.

    Who writes quotes or takes words out with a minus means every letter.
    """
    websearch = SearchQuery(text, search_type="websearch", config="english")
    if '"' in text or " -" in f" {text}":
        return websearch
    with connection.cursor() as cursor:
        cursor.execute(_VOCABULARY, [_ALIKE, _MOST_ALIKE, text, _MOST_WORDS])
        found = cursor.fetchall()
    if not found:
        return websearch
    parts = []
    for lexeme, words in found:
        quoted = ["'" + w.replace("\\", "\\\\").replace("'", "''") + "'" for w in words or [lexeme]]
        parts.append(f"({' | '.join(quoted)})")
    # The words are lexemes already: "simple" leaves them as they are.
    return SearchQuery(" & ".join(parts), search_type="raw", config="simple")


def _by_words(rows: QuerySet[Any], text: str, document: Any) -> QuerySet[Any]:
    """Rows that hold all words, or words like them, with `rank`. document: their search vector."""
    query = _read_query(text)
    rows = rows.annotate(document=document).filter(document=query)
    return rows.annotate(rank=SearchRank(F("document"), query))


def _vector(weighted: Any) -> Any:
    """Search vector of texts. weighted: (weight, field names), those that say most in front."""
    return sum(
        (SearchVector(*names, weight=weight, config="english") for weight, names in weighted[1:]),
        SearchVector(*weighted[0][1], weight=weighted[0][0], config="english"),
    )


def _test_vector() -> Any:
    """The column that the database keeps, and the title of the test's idea."""
    kept = RawSQL('"pdsa_cycle"."search_document"', (), output_field=SearchVectorField())
    title = SearchVector("idea__title", weight="A", config="english")
    return CombinedSearchVector(kept, "||", title, title.config)


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
    order: tuple[str, ...] = ("-changed_at", "-id")
    if filters.text.strip():
        found = _by_words(found, filters.text, _test_vector())
        order = ("-rank", *order)
    return found.prefetch_related("focus_strata").order_by(*order)


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
    if not filters.text.strip():
        return found.order_by("position")
    return _by_words(found, filters.text, _vector(_IDEA_TEXTS)).order_by("-rank", "position")


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
    if not filters.text.strip():
        return found.order_by("position", "pk")
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
            of_ideas.annotate(t=StringAgg(_joined("title", "what", "evidence"), " ")).values("t")
        ),
        test_texts=Subquery(
            of_tests.annotate(t=StringAgg(_joined("title", "summary"), " ")).values("t")
        ),
    )
    return _by_words(found, filters.text, _vector(_CHAPTER_TEXTS)).order_by(
        "-rank", "position", "pk"
    )


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
