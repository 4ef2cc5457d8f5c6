"""The page docs/data-dictionary.md, written from the file contract and the reviewed definitions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from measures.enums import FileForm, LineOfBusiness, RealCategory, ReportingSource, Severity
from measures.ingest.contract import COLUMNS_OF, CONTRACT_VERSION, COUNT_RULES, ROW_RULES, Rule
from measures.ingest.definitions import Definitions, MeasureYear, read_definitions


def data_dictionary_page() -> str:
    """Markdown: columns and rules of a file, measures by stretch of years, strata, codes."""
    definitions = read_definitions()
    lines = [
        "# Data dictionary",
        "",
        "Written by `manage.py write_docs` from `measures/ingest/contract.py` and the files of",
        "`measures/definitions/`; do not edit by hand.",
        "",
        *_contract(),
        *_measures(definitions),
        *_strata(definitions),
        *_codes(definitions),
    ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _row(*cells: str) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _contract() -> list[str]:
    return [
        f"## File of results, contract version {CONTRACT_VERSION}",
        "",
        "CSV (UTF-8; comma, semicolon or tab), also as gzip or in a zip with one file, or Parquet. A row is",
        "one member's result or, where a sender has nothing else, a count of people.",
        "",
        "### A row is a member",
        "",
        "One row per member (or event), measure and period. A row is known by source, member_id, measure_id,",
        "period, event_id and line_of_business.",
        "",
        *_columns(FileForm.MEMBERS),
        "### A row is a count",
        "",
        "One row per stratum. Within a group, measure and period the rows of a stratum set hold everybody",
        "once, and the set `all` says how many that are; without it the sets must agree. What a set lacks",
        "counts as unknown. Counts by site or line of business take part where every set has them alike. A row",
        "is known by group, measure, period, site, line of business, stratum and its source. Completeness of",
        "race, ethnicity and language cannot be told from counts.",
        "",
        *_columns(FileForm.COUNTS),
        "### FHIR",
        "",
        "MeasureReports of R4 (DEQM): one resource, a Bundle, or NDJSON, also compressed. The reporter names the",
        "group, the last part of the measure's address the measure; both are mapped like any other code.",
        "",
        "| report | becomes |",
        "|---|---|",
        _row("summary, subject-list", "counts: the populations of a group are the set `all`, a stratifier is a set, a stratum a row"),
        _row("individual", "members, described by the Patient of the same file: US Core race (several `ombCategory`), ethnicity, gender identity, gender, language, birth date, ZIP code"),
        "",
        "The denominator of a report holds its exclusions and exceptions: they are taken off and count as",
        "excluded. Findings name the place within the file, such as `group[0].stratifier[1].stratum[2]`.",
        "",
        *_rules(ROW_RULES, "What sets a row aside", "What is noted, with the row kept"),
        *_rules(
            COUNT_RULES,
            "What sets a row of counts aside, and its group, measure and period with it",
            "What is noted about counts",
        ),
    ]  # fmt: skip


def _columns(form: FileForm) -> list[str]:
    return [
        "| column | needed | meaning |",
        "|---|---|---|",
        *(_row(f"`{c.name}`", "yes" if c.required else "no", c.meaning) for c in COLUMNS_OF[form]),
        "",
    ]


def _rules(rules: Sequence[Rule], aside: str, noted: str) -> list[str]:
    lines = []
    for severity, title in ((Severity.ERROR, aside), (Severity.WARNING, noted)):
        lines += [f"### {title}", "", "| rule | meaning |", "|---|---|"]
        lines += [
            _row(f"`{rule.code}`", f"{rule.text} {rule.advice}".strip())
            for rule in rules
            if rule.severity == severity
        ]
        lines.append("")
    return lines


def _measures(definitions: Definitions) -> list[str]:
    position = {measure.code: measure.position for measure in definitions.measures}
    completeness = {m.code for m in definitions.measures if m.completeness_of}
    lines = [
        "## Measures",
        "",
        "The texts are our own and replace no specification. Rates are proportions. Measures that name the",
        "same shared denominator count the same people or events.",
    ]
    ordered = sorted(definitions.years, key=lambda row: (position[row.code], row.year))
    for code, rows in groupby(ordered, key=lambda row: row.code):
        years = list(rows)
        latest = years[-1]
        stratified = [row.year for row in years if row.stratified]
        lines += ["", f"### {code}: {latest.name}", ""]
        lines += [f"{latest.domain}. {latest.steward}. {latest.direction.capitalize()} is better."]
        if code in completeness:
            lines.append("Worked out from what is known of each member; never sent in a file.")
        elif latest.counting_unit == "event":
            lines.append("Counts events; a row needs an event_id.")
        if latest.shared_denominator:
            lines.append(f"Shared denominator: {latest.shared_denominator}.")
        if stratified:
            lines.append(f"Stratified by race and ethnicity from {stratified[0]}.")
        if latest.benchmark_rate is not None:
            lines.append(f"Benchmark {latest.benchmark_rate:.3f}: {latest.benchmark_source}.")
        lines += ["", "| years | denominator | numerator |", "|---|---|---|"]
        lines += [_row(*stretch) for stretch in _stretches(years)]
    return [*lines, ""]


def _texts(row: MeasureYear) -> tuple[str, str]:
    return row.denominator_meaning, row.numerator_meaning


def _stretches(years: list[MeasureYear]) -> list[tuple[str, str, str]]:
    stretches = []
    for meaning, rows in groupby(years, key=_texts):
        stretch = [row.year for row in rows]
        span = f"{stretch[0]}–{stretch[-1]}" if len(stretch) > 1 else str(stretch[0])
        stretches.append((span, *meaning))
    return stretches


def _strata(definitions: Definitions) -> list[str]:
    lines = [
        "## How people are grouped",
        "",
        "Ids stand in stored rows and never change their meaning. * marks the reference of a set.",
        "*Asked but no answer* (declined), *unknown* (no value) and *not collected* (nobody asked: the",
        "stratum is unknown, its source is not collected) are three different things.",
        "",
        "| set | follows | strata |",
        "|---|---|---|",
    ]
    for data in definitions.sets:
        strata = "; ".join(
            f"{s.id} `{s.code}`{'*' if s.is_reference else ''} {s.label}" for s in data.strata
        )
        lines.append(_row(f"`{data.code}`", data.edition, strata))
    lines += ["", "| reporting source | number |", "|---|---|"]
    lines += [_row(str(source.label), str(source.value)) for source in ReportingSource]
    lines += ["", "| line of business | number |", "|---|---|"]
    lines += [_row(str(line.label), str(line.value)) for line in LineOfBusiness]
    lines += ["", "| what is known of an answer | name |", "|---|---|"]
    lines += [_row(str(category.label), f"`{category.value}`") for category in RealCategory]
    return [*lines, ""]


def _codes(definitions: Definitions) -> list[str]:
    names = {s.id: f"{data.code}:{s.code}" for data in definitions.sets for s in data.strata}
    lines = [
        "## Codes in files",
        "",
        "Upper and lower case are the same. Several codes of one field are separated by `|`. Systems that",
        "start with `own:` belong to one sender and count only where its mapping names them.",
    ]
    for field, rows in groupby(definitions.codes, key=lambda row: row.field):
        if field == "age":
            continue
        lines += ["", f"### {field}", "", "| system | codes | mean |", "|---|---|---|"]
        by_meaning: dict[tuple[str, tuple[int, ...]], list[str]] = {}
        for row in rows:
            by_meaning.setdefault((row.system, row.strata), []).append(row.code)
        for (system, strata), codes in sorted(by_meaning.items()):
            shown = ", ".join(f"`{code}`" for code in codes)
            lines.append(_row(f"`{system}`", shown, _meaning(field, strata, names)))
    return lines


def _meaning(field: str, strata: tuple[int, ...], names: dict[int, str]) -> str:
    if field == "line_of_business":
        return str(LineOfBusiness(strata[0]).label)
    if field == "race_source":
        return str(ReportingSource(strata[0]).label)
    return " and ".join(names[stratum] for stratum in strata)
