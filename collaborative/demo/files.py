"""Writes the demo's data files: what a payer and three groups would send.

Contract v1 with the small flaws of real files, one correction, one group's own extract with SOGI, one
group's counts as FHIR reports, and one extract with foreign headers that waits for its mapping. The same seed gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from collaborative.demo.measure_reports import write_measure_reports
from collaborative.demo.names import surnames
from collaborative.demo.outcomes import Results, draw_results
from collaborative.demo.population import (
    AIAN,
    ASIAN,
    BLACK,
    CODED_UNKNOWN,
    DECLINED,
    HISPANIC,
    KNOWN,
    LANGUAGES,
    MULTIPLE,
    NHPI,
    OTHER,
    SOURCES,
    WHITE,
    Population,
    draw_population,
)
from collaborative.demo.world import PROGRAMME_PAYER, YEARS, DemoGroup, World, read_world

#: Of twenty seeds the one whose rates came nearest to the published ones.
SEED = 20244
PAYER_SOURCE = "payer"
CORRECTED_GROUP, CORRECTED_MEASURE, CORRECTED_YEAR = "G07", "CBP", 2024
OWN_GROUP = "G05"
FOREIGN_GROUP = "G07"
COUNTS_GROUP = "G09"

_CDC = {
    WHITE: "2106-3",
    BLACK: "2054-5",
    ASIAN: "2028-9",
    AIAN: "1002-5",
    NHPI: "2076-8",
    OTHER: "2131-1",
}
_NAMES = {
    WHITE: "White",
    BLACK: "Black or African American",
    ASIAN: "Asian",
    AIAN: "American Indian or Alaska Native",
    NHPI: "Native Hawaiian or Other Pacific Islander",
    OTHER: "Some other race",
}
#: What Hispanic people answer to the question about race; the last share leaves it empty.
_RACE_OF_HISPANIC = ((WHITE, OTHER, BLACK, MULTIPLE), (0.42, 0.38, 0.07, 0.06, 0.07))


@dataclass(frozen=True)
class DemoFile:
    """A file to send. source: code of the source that sends it. replaces: earlier data are replaced."""

    name: str
    path: Path
    source: str
    year: int
    replaces: bool = False


def write_files(folder: Path, *, seed: int = SEED, size: float = 1.0) -> list[DemoFile]:
    """All files in the order in which they are sent.

    size: 1 is the demo; tests use less.
    """
    folder.mkdir(parents=True, exist_ok=True)
    world = read_world()
    groups = [replace(g, members=round(g.members * size)) for g in world.groups]
    population = draw_population(
        world, groups, np.random.default_rng(seed), first_number=10_000_000
    )
    results = draw_results(world, groups, population, seed)
    rows = payer_rows(world, groups, population, results)
    files = []
    for year in YEARS:
        frame = rows.filter(pl.col("period") == str(year))
        if year == YEARS[0]:
            frame = _spoil(frame)
        name = f"member_results_{year}.csv"
        _write(frame, folder / name)
        files.append(DemoFile(name, folder / name, PAYER_SOURCE, year))
    files.insert(2, _write_correction(folder, rows, seed))
    files.append(_write_own_extract(folder, world, seed, size))
    files.append(_write_counts(folder, world, seed, size))
    files.append(_write_foreign_extract(folder, world, seed, size))
    return files


def payer_rows(
    world: World, groups: list[DemoGroup], population: Population, results: Results
) -> pl.DataFrame:
    """The payer's rows in contract v1, by period, measure and member."""
    described = {year: _describe(population, number, _CDC) for number, year in enumerate(YEARS)}
    sites = _site_codes(groups, population)
    names = surnames(population.number, population.race)
    homes = {year: _group_codes(world, groups, population, sites, year) for year in YEARS}
    frames = []
    for year in YEARS:
        mine = results.year == year
        member = results.member[mine]
        age = year - population.birth_year[member]
        frames.append(
            pl.DataFrame(
                {
                    "member_id": _member_ids(population, member),
                    "group_id": homes[year][member],
                    "site_id": sites[member],
                    "measure_id": results.measure[mine],
                    "period": np.full(len(member), str(year)),
                    "event_id": _event_ids(results.measure[mine], results.event[mine], year),
                    "line_of_business": _lines(age, population.number[member]),
                    "denominator": np.ones(len(member), dtype=np.int8),
                    "numerator": results.numerator[mine].astype(np.int8),
                    "exclusion": results.excluded[mine].astype(np.int8),
                    **{name: values[member] for name, values in described[year].items()},
                    "zip": population.zip_code[member],
                    "last_name": names[member],
                }
            )
        )
    return pl.concat(frames)


def _member_ids(population: Population, member: NDArray[np.int64]) -> NDArray[np.str_]:
    return np.char.add("CM", population.number[member].astype(str))


def _site_codes(groups: list[DemoGroup], population: Population) -> NDArray[np.str_]:
    table = np.full((len(groups), 13), "", dtype="<U8")
    for number, group in enumerate(groups):
        table[number, : len(group.sites)] = [site.code for site in group.sites]
    return table[population.group, population.site]  # site -1 is the last column: empty


def _group_codes(
    world: World,
    groups: list[DemoGroup],
    population: Population,
    sites: NDArray[np.str_],
    year: int,
) -> NDArray[np.str_]:
    codes = np.array([group.code for group in groups])[population.group]
    for move in world.moves:
        if year >= move.on.year:
            codes = np.where(sites == move.site, move.to, codes)
    return codes


def _event_ids(measure: NDArray[np.str_], event: NDArray[np.int64], year: int) -> NDArray[np.str_]:
    events = np.char.add(f"{year}-", (event + 1).astype(str))
    counted = np.char.startswith(measure, "PPC") | np.char.startswith(measure, "FU")
    return np.where(counted, events, "")


def _lines(age: NDArray[np.int64], number: NDArray[np.int64]) -> NDArray[np.str_]:
    """Line of business by age; below 65 one in nine came through the exchange."""
    below = np.where(number % 9 == 0, "exchange", "commercial")
    return np.where((age >= 65) & (number % 8 != 0), "medicare", below)


def _describe(
    population: Population, year: int, words: dict[int, str]
) -> dict[str, NDArray[np.str_]]:
    """Columns about the person as they stand in the file of one year."""
    answer, race = population.answer[:, year], population.race_given[:, year]
    source = np.array(SOURCES)[population.source[:, year]]
    hispanic = race == HISPANIC
    # By the member's number, so that the answer of a person is the same in every year.
    luck = np.modf(population.number * 0.6180339887498949)[0]
    options, shares = _RACE_OF_HISPANIC
    choice = np.searchsorted(np.cumsum(shares)[:-1], luck, side="right")
    race_words = np.full(len(population), "", dtype="<U96")
    for number, word in words.items():
        race_words[race == number] = word
    both = f"{words[WHITE]}|{words[BLACK]}", f"{words[WHITE]}|{words[ASIAN]}"
    race_words[race == MULTIPLE] = np.where(luck < 0.6, both[0], both[1])[race == MULTIPLE]
    hispanic_words = np.array([words.get(o, both[0]) for o in options] + [""])
    race_words[hispanic] = hispanic_words[choice][hispanic]
    known = answer == KNOWN
    codes = {DECLINED: "ASKU", CODED_UNKNOWN: "UNK"}
    sources = {DECLINED: "self-reported", CODED_UNKNOWN: "unknown"}
    race_words = np.where(known, race_words, "")
    ethnicity = np.where(hispanic, "2135-2", "2186-5")
    ethnicity = np.where(known & ~(population.ethnicity_missing & ~hispanic), ethnicity, "")
    race_source = np.where(race_words != "", source, "")
    ethnicity_source = np.where(ethnicity != "", source, "")
    for kind, code in codes.items():
        race_words = np.where(answer == kind, code, race_words)
        ethnicity = np.where(answer == kind, code, ethnicity)
        race_source = np.where(answer == kind, sources[kind], race_source)
        ethnicity_source = np.where(answer == kind, sources[kind], ethnicity_source)
    tells = population.language_known[:, year]
    refuses = population.number % 53 == 0
    language = np.where(tells, np.array(LANGUAGES)[population.language], "")
    language_source = np.where(population.number % 4 == 0, "ehr", "self-reported")
    return {
        "race": race_words,
        "race_source": race_source,
        "ethnicity": ethnicity,
        "ethnicity_source": ethnicity_source,
        "language": np.where(refuses, "ASKU", language),
        "language_source": np.where(refuses, "self-reported", np.where(tells, language_source, "")),
        "sex": np.where(population.female, "F", "M"),
        "birth_year": population.birth_year.astype(str),
    }


def _write(frame: pl.DataFrame, path: Path, separator: str = ",") -> None:
    """Empty values are empty fields, not quotation marks."""
    frame = frame.with_columns(pl.col(pl.String).replace("", None))
    frame.write_csv(path, separator=separator)


def _spoil(frame: pl.DataFrame) -> pl.DataFrame:
    """What a first file looks like: lost leading zeros, a few wrong and repeated rows."""
    frame = frame.with_columns(
        pl.when(pl.int_range(pl.len()) % 4 == 0)
        .then(pl.col("zip").str.strip_prefix("0"))
        .otherwise(pl.col("zip"))
        .alias("zip")
    )
    wrong_flag = frame[7:4000:97].with_columns(
        pl.lit(0, pl.Int8).alias("denominator"),
        pl.lit(1, pl.Int8).alias("numerator"),
        (pl.col("member_id") + "X").alias("member_id"),
    )
    wrong_measure = frame[11:3000:211].with_columns(pl.lit("CBP-OLD").alias("measure_id"))
    repeated = frame[13:6000:181]
    disagreeing = frame[17:2000:331].with_columns((1 - pl.col("numerator")).alias("numerator"))
    return pl.concat([frame, wrong_flag, wrong_measure, repeated, disagreeing])


def _write_correction(folder: Path, rows: pl.DataFrame, seed: int) -> DemoFile:
    """One group's slice again, after readings from its health record were added: more numerators."""
    mine = rows.filter(
        (pl.col("group_id") == CORRECTED_GROUP)
        & (pl.col("measure_id") == CORRECTED_MEASURE)
        & (pl.col("period") == str(CORRECTED_YEAR))
    )
    found = np.random.default_rng([seed, 2]).random(len(mine)) < 0.12
    mine = mine.with_columns(
        pl.when(pl.lit(pl.Series(found)) & (pl.col("exclusion") == 0))
        .then(pl.lit(1, pl.Int8))
        .otherwise(pl.col("numerator"))
        .alias("numerator")
    )
    name = f"correction_{CORRECTED_GROUP}_{CORRECTED_MEASURE}_{CORRECTED_YEAR}.csv"
    _write(mine, folder / name)
    return DemoFile(name, folder / name, PAYER_SOURCE, CORRECTED_YEAR, replaces=True)


#: Payers that a group's own system names: of its commercial patients, and by line of business.
_COMMERCIAL = np.array([PROGRAMME_PAYER] * 3 + ["Other"] * 3 + [""])
_PUBLIC = np.array(["", "MassHealth", "Medicare"])


def _own_population(
    world: World, code: str, members: float, seed: int
) -> tuple[list[DemoGroup], Population]:
    """All patients of one group, whoever pays: more of them, and asked more often."""
    group = next(g for g in world.groups if g.code == code)
    groups = [replace(group, members=round(members), unknown=(0.22, 0.09))]
    rng = np.random.default_rng([seed, 3, *code.encode()])
    population = draw_population(world, groups, rng, first_number=500_000)
    # A health record holds what people said or staff wrote down, nothing imputed.
    recorded = np.minimum(population.source, SOURCES.index("ehr"))
    return groups, replace(
        population,
        source=recorded,
        race_given=np.repeat(population.race[:, None], len(YEARS), axis=1),
    )


def _own_rows(
    world: World,
    code: str,
    members: float,
    seed: int,
    measures: frozenset[str],
    years: tuple[int, ...],
) -> pl.DataFrame:
    groups, population = _own_population(world, code, members, seed)
    results = draw_results(world, groups, population, seed + 7, measures=measures)
    sites = _site_codes(groups, population)
    names = surnames(population.number, population.race)
    luck = np.random.default_rng([seed, 4]).random(len(population))
    frames = []
    for number, year in enumerate(YEARS):
        if year not in years:
            continue
        mine = results.year == year
        member = results.member[mine]
        about = _describe(population, number, _NAMES)
        line = np.where(
            year - population.birth_year[member] >= 65, 2, population.number[member] % 3 == 0
        )
        identity = np.where(population.female, "Woman", "Man")
        identity = np.select(
            [luck < 0.004, luck < 0.008, luck < 0.014, luck < 0.05, luck < 0.45],
            ["Transgender woman", "Transgender man", "Non-binary", "Declined", ""],
            default=identity,
        )
        orientation = np.select(
            [luck < 0.02, luck < 0.05, luck < 0.11, luck < 0.6],
            ["Gay or lesbian", "Bisexual", "Declined", ""],
            default="Straight",
        )
        frames.append(
            pl.DataFrame(
                {
                    "member_id": np.char.add("P", population.number[member].astype(str)),
                    "site_id": sites[member],
                    "measure_id": results.measure[mine],
                    "period": np.full(len(member), str(year)),
                    "line_of_business": np.array(["commercial", "medicaid", "medicare"])[line],
                    "payer": np.where(
                        line == 0, _COMMERCIAL[population.number[member] % 7], _PUBLIC[line]
                    ),
                    "denominator": np.ones(len(member), dtype=np.int8),
                    "numerator": results.numerator[mine].astype(np.int8),
                    "exclusion": results.excluded[mine].astype(np.int8),
                    **{name: values[member] for name, values in about.items()},
                    "gender_identity": identity[member],
                    "sexual_orientation": orientation[member],
                    "zip": population.zip_code[member],
                    "last_name": names[member],
                }
            )
        )
    return pl.concat(frames)


def _write_own_extract(folder: Path, world: World, seed: int, size: float) -> DemoFile:
    """A group's own file: every patient of the group, its own words for race, with SOGI."""
    rows = _own_rows(
        world, OWN_GROUP, 14_000 * size, seed, frozenset({"CBP", "COL-E", "GSD-POOR"}), YEARS[1:]
    )
    name = f"{OWN_GROUP}_health_record_2024_2025.csv"
    _write(rows, folder / name)
    return DemoFile(name, folder / name, OWN_GROUP.lower(), YEARS[-1])


def _write_counts(folder: Path, world: World, seed: int, size: float) -> DemoFile:
    """Reports of a group whose system counts by itself and gives out no rows of patients."""
    rows = _own_rows(
        world, COUNTS_GROUP, 6_000 * size, seed, frozenset({"CBP", "COL-E"}), YEARS[-1:]
    )
    name = f"{COUNTS_GROUP}_measure_reports.json"
    write_measure_reports(rows, folder / name, group=COUNTS_GROUP)
    return DemoFile(name, folder / name, COUNTS_GROUP.lower(), YEARS[-1])


def _write_foreign_extract(folder: Path, world: World, seed: int, size: float) -> DemoFile:
    """An extract with headers of its own; it waits until somebody maps its columns."""
    rows = _own_rows(world, FOREIGN_GROUP, 5_000 * size, seed, frozenset({"CBP"}), YEARS[-1:])
    rows = rows.select(
        pl.col("member_id").alias("PatientKey"),
        pl.col("site_id").alias("Practice"),
        pl.col("period").alias("Report year"),
        pl.when(pl.col("numerator") == 1)
        .then(pl.lit("Yes"))
        .otherwise(pl.lit("No"))
        .alias("BP under 140/90"),
        pl.col("race").alias("Race description"),
        pl.col("ethnicity")
        .replace({"2135-2": "Hispanic", "2186-5": "Not Hispanic"})
        .alias("Ethnic group"),
        pl.col("sex").alias("Gender"),
        pl.col("birth_year").alias("Birth year"),
    )
    name = f"{FOREIGN_GROUP}_blood_pressure_extract.csv"
    _write(rows, folder / name, separator=";")
    return DemoFile(name, folder / name, FOREIGN_GROUP.lower(), YEARS[-1])
