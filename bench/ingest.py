"""Ingest: a file of many rows from receipt to published results, against plain COPY of the same file."""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import django
import numpy as np
import polars as pl

django.setup()

from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from measures.actions import submissions
from measures.ingest.store import IncomingFile
from measures.models import Computation, Source, Submission
from teams.enums import OrganisationKind
from teams.models import Organisation, Site, SiteAssignment, Team

GROUPS, SITES_PER_GROUP, ROWS_PER_MEMBER = 12, 20, 18
MEASURES = ("CBP", "COL-E", "BCS-E", "GSD-GOOD", "EED", "KED")
PERIODS = ("2022", "2023", "2024")
SURNAMES = ("Keeling", "Zulauf", "Smith", "Nguyen", "Obrien", "Garcia", "Santos", "Chen")
FIRST_NAMES = ("Rafael", "Maria", "Li", "John", "Ana", "Grace")

#: Types of the plain table: what somebody would write who stores the file as it is.
BASELINE = """
create table bench_plain (
    member_id text, group_id text, site_id text, measure_id text, period text, line_of_business text,
    payer text, denominator smallint, numerator smallint, exclusion smallint, race text, race_source text,
    ethnicity text, ethnicity_source text, language text, sex text, birth_year smallint, zip text,
    last_name text, first_name text
)
"""


def make_file(path: Path, rows: int, *, seed: int = 7) -> None:
    """A payer's file in contract v1: 18 rows a member, groups of very different sizes, a third without race."""
    rng = np.random.default_rng(seed)
    members = -(-rows // ROWS_PER_MEMBER)
    size = np.array([30, 15, 12, 9, 8, 7, 6, 4, 3, 3, 2, 1]) / 100
    group = rng.choice(GROUPS, members, p=size)
    races = np.array(["2106-3", "2054-5", "2028-9", "", "1002-5", "2131-1", "2106-3|2054-5"])
    race = rng.choice(7, members, p=[0.48, 0.08, 0.07, 0.33, 0.005, 0.025, 0.01])
    known = race != 3
    source = np.array(["self-reported", "ehr", "surname"])[
        rng.choice(3, members, p=[0.4, 0.2, 0.4])
    ]
    ethnicity = np.array(["2186-5", "2135-2"])[rng.choice(2, members, p=[0.86, 0.14])]
    site = rng.integers(0, SITES_PER_GROUP, members)
    people = pl.DataFrame(
        {
            "member_id": [f"{a:08x}-{b:04x}-4{c:03x}-{d:012x}" for a, b, c, d in zip(
                rng.integers(0, 2**32, members), rng.integers(0, 2**16, members),
                rng.integers(0, 2**12, members), rng.integers(0, 2**48, members), strict=True)],
            "group_id": [f"G{g + 1:02d}" for g in group],
            "site_id": [f"S{g + 1:02d}{s:02d}" for g, s in zip(group, site, strict=True)],
            "line_of_business": np.array(["commercial", "medicare", "medicaid"])[
                rng.choice(3, members, p=[0.5, 0.3, 0.2])
            ],
            "payer": np.full(members, "Commonwealth Mutual"),
            "race": races[race],
            "race_source": np.where(known, source, ""),
            "ethnicity": np.where(known, ethnicity, ""),
            "ethnicity_source": np.where(known, source, ""),
            "language": np.array(["en", "es", "pt", ""])[rng.choice(4, members, p=[0.6, 0.1, 0.05, 0.25])],
            "sex": np.array(["F", "M"])[rng.choice(2, members)],
            "birth_year": rng.integers(1940, 2004, members).astype(str),
            "zip": [f"{z:05d}" for z in rng.integers(1001, 2799, members)],
            "last_name": np.array(SURNAMES)[rng.choice(len(SURNAMES), members)],
            "first_name": np.array(FIRST_NAMES)[rng.choice(len(FIRST_NAMES), members)],
        }
    )  # fmt: skip
    with path.open("wb") as file:
        header = True
        for number in range(ROWS_PER_MEMBER):
            height = min(members, rows - number * members)
            if height <= 0:
                break
            counted = rng.random(height) < 0.93
            block = people.head(height).select(
                "member_id",
                "group_id",
                "site_id",
                pl.lit(MEASURES[number % len(MEASURES)]).alias("measure_id"),
                pl.lit(PERIODS[number // len(MEASURES)]).alias("period"),
                "line_of_business",
                "payer",
                pl.Series("denominator", counted.astype(np.int8)),
                pl.Series("numerator", (counted & (rng.random(height) < 0.64)).astype(np.int8)),
                pl.Series("exclusion", (rng.random(height) < 0.02).astype(np.int8)),
                *people.columns[5:],
            )
            # As most senders write it: an empty field is empty, not a pair of quotation marks.
            block.with_columns(pl.col(pl.String).replace("", None)).write_csv(
                file, include_header=header
            )
            header = False


def make_world() -> None:
    call_command("migrate", verbosity=0)
    call_command("load_definitions", verbosity=0)
    payer, _ = Organisation.objects.get_or_create(name="Payer", kind=OrganisationKind.PAYER)
    Source.objects.get_or_create(
        code="bench", defaults={"organisation": payer, "name": "Bench", "kind": "payer"}
    )
    for number in range(1, GROUPS + 1):
        code = f"G{number:02d}"
        if Team.objects.filter(code=code).exists():
            continue
        organisation = Organisation.objects.create(name=code, kind=OrganisationKind.PROVIDER_GROUP)
        team = Team.objects.create(code=code, name=code, organisation=organisation)
        for place in range(SITES_PER_GROUP):
            site = Site.objects.create(
                code=f"S{number:02d}{place:02d}", name=f"Site {number}-{place}"
            )
            SiteAssignment.objects.create(site=site, team=team, starts_on=date(2020, 1, 1))


def copy_plainly(path: Path) -> float:
    """Seconds that COPY takes to store the unchecked file in an unindexed table."""
    with connection.cursor() as cursor, path.open("rb") as file:
        cursor.execute("drop table if exists bench_plain")
        cursor.execute(BASELINE)
        started = time.perf_counter()
        cursor.copy_expert(
            "copy bench_plain from stdin with (format csv, header)", file, size=1 << 20
        )
        seconds = time.perf_counter() - started
        cursor.execute("drop table bench_plain")
    return seconds


def ingest(path: Path) -> dict[str, Any]:
    """Seconds of each phase, peak memory and what came out; in this process."""
    phases: dict[str, float] = {}
    peaks: dict[str, int] = {}
    now = timezone.now()

    def timed(name: str, work: Any) -> Any:
        started = time.perf_counter()
        result = work()
        phases[name] = round(time.perf_counter() - started, 3)
        peaks[name] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return result

    def receive() -> Submission:
        with path.open("rb") as file, IncomingFile() as incoming:
            while data := file.read(1 << 20):
                incoming.write(data)
            stored = incoming.keep()
        return submissions.receive_submission(
            source=Source.objects.get(code="bench"),
            file=stored,
            file_name=path.name,
            by=None,
            as_of=now,
            replace_confirmed=True,
        )

    submission = timed("receive", receive)
    state = submission.state
    names = {"received": "check", "checked": "load", "loaded": "publish"}
    while state in names:
        state = timed(names[state], lambda: submissions._take_step(submission.pk, now))
    # Nobody waits for this: the numbers are published.
    started = time.perf_counter()
    submissions.take_names_out(submission_id=submission.pk)
    names = round(time.perf_counter() - started, 3)
    submission.refresh_from_db()
    changed = Computation.objects.filter(data_version=submission.data_version)
    return {
        "phases": phases,
        "names_taken_out_after": names,
        "state": submission.state,
        "refusal": submission.refusal,
        "rows": submission.accepted_count,
        "peak_mb_until": peaks,
        "peak_mb": max(peaks.values()),
        "families": changed.count(),
        "changed_results": sum(changed.values_list("changed_count", flat=True)),
    }


def in_fresh_process(path: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, __file__, "--one", str(path)], check=True, capture_output=True, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3, help="Interleaved with as many plain COPYs.")
    parser.add_argument(
        "--folder", type=Path, help="Where the files are made, default a temporary one."
    )
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(ingest(options.one)))
        return
    make_world()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        plain, ours = [], []
        for run in range(options.runs):
            # Another seed each time: the same file would be the same submission.
            path = folder / f"run{run}.csv"
            make_file(path, options.rows, seed=run)
            plain.append(copy_plainly(path))
            ours.append(in_fresh_process(path))
            print(f"run {run + 1}: COPY {plain[-1]:.2f} s, {json.dumps(ours[-1])}", flush=True)
            size = path.stat().st_size
            os.unlink(path)
        base = statistics.median(plain)
        print(
            f"\n{options.rows:,} rows, {size / options.rows:.0f} bytes each; median of {options.runs}"
        )
        print(f"{'plain COPY':<12}{base:8.2f} s   1.00")
        for phase in ours[0]["phases"]:
            seconds = statistics.median(run["phases"][phase] for run in ours)
            print(f"{phase:<12}{seconds:8.2f} s {seconds / base:6.2f}")
        total = statistics.median(sum(run["phases"].values()) for run in ours)
        print(f"{'together':<12}{total:8.2f} s {total / base:6.2f}   (at most 1.60)")
        print(f"peak memory {max(run['peak_mb'] for run in ours)} MB (at most 1536)")

        correction = folder / "correction.csv"
        make_correction(correction)
        found = in_fresh_process(correction)
        print(f"\n10,000-row correction of one group: {json.dumps(found)}")


def make_correction(path: Path) -> None:
    """10,000 members of one group, one measure, one period."""
    whole = path.with_suffix(".whole")
    make_file(whole, 10_000 * ROWS_PER_MEMBER * 4, seed=99)
    frame = pl.read_csv(whole, infer_schema=False).filter(
        (pl.col("group_id") == "G01")
        & (pl.col("measure_id") == "CBP")
        & (pl.col("period") == "2024")
    )
    frame.head(10_000).write_csv(path)
    whole.unlink()


if __name__ == "__main__":
    main()
