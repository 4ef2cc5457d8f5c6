"""The demo's own data files as values: groups, sites, the mix of people, rates to follow."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
YEARS = (2023, 2024, 2025)
PROGRAMME_PAYER = "Commonwealth Mutual Health Plan"
#: Race and ethnicity combined, in the order in which the generator numbers them.
RACES = ("white", "black", "hispanic", "asian", "aian", "nhpi", "other", "multiple")
#: Of Asians and Pacific Islanders, whom the ZIP table counts together.
PACIFIC_SHARE = 0.015


@dataclass(frozen=True)
class DemoSite:
    code: str
    name: str
    zip_code: str


@dataclass(frozen=True)
class DemoGroup:
    """A fictional group. Shares are 0 to 1; `unknown` holds the first and the last year."""

    code: str
    name: str
    members: int
    children: float
    unknown: tuple[float, float]
    sites: tuple[DemoSite, ...]


@dataclass(frozen=True)
class Move:
    """A site that belongs to another group from a day on."""

    site: str
    to: str
    on: date


@dataclass(frozen=True)
class Anchor:
    """Rates (0–1) by race in the first year, and points (0–1) that each later year adds."""

    measure: str
    published: bool
    source: str
    rates: Mapping[str, float]
    change: Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Story:
    """What one group adds for one race, in points (0–1): from the start, and more in each later year."""

    group: str
    measure: str
    race: str
    start: float
    points: tuple[float, float]
    shows: str


@dataclass(frozen=True)
class World:
    groups: tuple[DemoGroup, ...]
    moves: tuple[Move, ...]
    mix: Mapping[str, tuple[float, ...]]
    anchors: Mapping[str, Anchor]
    stories: tuple[Story, ...]


@lru_cache(maxsize=1)
def read_world() -> World:
    """All three files; shares of `mix` follow RACES and add up to 1."""
    groups = tomllib.loads((FOLDER / "groups.toml").read_text(encoding="utf-8"))
    rates = tomllib.loads((FOLDER / "anchors.toml").read_text(encoding="utf-8"))
    return World(
        groups=tuple(
            DemoGroup(
                code=entry["code"],
                name=entry["name"],
                members=entry["members"],
                children=entry["children"],
                unknown=(entry["unknown"][0], entry["unknown"][1]),
                sites=tuple(DemoSite(*site) for site in entry["practice"]),
            )
            for entry in groups["group"]
        ),
        moves=tuple(Move(entry["site"], entry["to"], entry["on"]) for entry in groups["move"]),
        mix=_read_mix(),
        anchors={
            code: _anchor(code, entry, rates["like"]) for code, entry in rates["measure"].items()
        },
        stories=tuple(
            Story(
                group=entry["group"],
                measure=entry["measure"],
                race=entry["race"],
                start=entry["start"] / 100,
                points=(entry["points"][0] / 100, entry["points"][1] / 100),
                shows=entry["shows"],
            )
            for entry in rates["story"]
        ),
    )


def _anchor(code: str, entry: Mapping, like: Mapping[str, str]) -> Anchor:
    stated = {race: rate / 100 for race, rate in entry["rates"].items()}
    changes = {race: (one / 100, two / 100) for race, (one, two) in entry["change"].items()}
    return Anchor(
        measure=code,
        published=entry["published"],
        source=entry["source"],
        rates={race: stated[race if race in stated else like[race]] for race in RACES},
        change={
            race: changes.get(race, changes.get(like.get(race, ""), (0.0, 0.0))) for race in RACES
        },
    )


def _read_mix() -> dict[str, tuple[float, ...]]:
    mix = {}
    with (FOLDER / "zip_race_mix.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            api = int(row["nh_asian_or_pacific"])
            counts = (
                int(row["nh_white"]),
                int(row["nh_black"]),
                int(row["hispanic"]),
                api * (1 - PACIFIC_SHARE),
                int(row["nh_aian"]),
                api * PACIFIC_SHARE,
                int(row["nh_other"]),
                int(row["nh_multiple"]),
            )
            mix[row["zip"]] = tuple(count / sum(counts) for count in counts)
    return mix
