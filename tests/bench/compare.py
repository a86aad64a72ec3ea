"""Rounds of the benchmark program on sets of a schema and records, beside another validator; tables of the figures."""

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
from typing import NamedTuple

import peer

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("EG_BUILD", HERE.parent.parent / "build"))
ROUNDS = int(os.environ.get("ROUNDS") or 5)
COUNT = os.environ.get("COUNT")           # of records of each kind
TURNS, MILLISECONDS = 10, 8
WHO = ("ours", "syntax", "yyjson", "jansson")


class Set(NamedTuple):
    name: str
    schema: pathlib.Path
    records: pathlib.Path
    resources: dict = {}       # URI: path


def program(name):
    return BUILD / "tests/bench" / name


def build(name="bench_json"):
    subprocess.run(["make", "-s", "-C", BUILD, f"tests/bench/{name}"], check=True, stdout=sys.stderr)


def own_sets():
    """The three sets of every figure; orders once more, for patterns and formats, and batches, for what else 2020-12 has."""
    folder = BUILD / "tests/bench/records"
    subprocess.run([HERE / "records.py", folder, *(["--count", COUNT] if COUNT else [])], check=True)
    names = [("iot", "iot"), ("order", "order"), ("batch", "batch"), ("order-strict", "order"),
             ("batch-2020", "batch")]
    return [Set(name, HERE / "schemas" / f"{name}.json", folder / f"{records}.jsonl") for name, records in names]


def sourcemeta():
    """The other validator; None, said aloud, where there is no npm to get it."""
    if not shutil.which("npm"):
        print("no npm here: @sourcemeta/jsonschema is left out", file=sys.stderr)
        return None
    return peer.Sourcemeta()


# ---- ours ----

def bench(what, *more):
    resources = [word for uri, path in what.resources.items() for word in ("-r", f"{uri}={path}")]
    done = subprocess.run([program("bench_json"), *more, *resources, what.schema, what.records], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def verdicts(what):
    return bench(what).split()


def one_round(what):
    return json.loads(bench(what, "-t", str(TURNS), "-m", str(MILLISECONDS)))


def merged(rounds):
    """One set's figures over all rounds."""
    out = {name: rounds[0][name] for name in ("records", "bytes", "not_valid")}
    for who in WHO:
        rows = [r[who] for r in rounds]
        best = min(row["best_ns"] for row in rows)
        middle = statistics.median(row["median_ns"] for row in rows)
        out[who] = {
            "accepted": rows[0]["accepted"],
            "best_ns": best,
            "median_ns": middle,
            "best_mb_s": round(out["bytes"] / out["records"] / best * 1e3, 1),
            "median_mb_s": round(out["bytes"] / out["records"] / middle * 1e3, 1),
            "ratio": round(statistics.median(row["ratio"] for row in rows), 3),
            "allocations": max(row["allocations"] for row in rows),
        }
    return out


def looped(what):
    """ns of each record in a loop of its own, as the other measures itself."""
    return [float(line) for line in bench(what, "-l", str(peer.LOOP)).split()]


# ---- beside the other ----

def best_of(rounds):
    """Mean over the records, each in its best round: neither side pays for what else the machine does."""
    return statistics.fmean(min(of) for of in zip(*rounds))


def beside(what, theirs, ours):
    """Figures of both by the other's method, over all rounds."""
    times = [[ns for _, ns in r] for r in theirs]
    judged = [valid for valid, _ in theirs[0]]
    own = [word == "valid" for word in verdicts(what)]
    best, own_best = best_of(times), best_of(ours)
    return {
        "best_ns": round(best, 2),
        "ours_best_ns": round(own_best, 2),
        "ratio_of_best": round(best / own_best, 3),
        "ratio": round(statistics.median(statistics.fmean(a) / statistics.fmean(b) for a, b in zip(times, ours)), 3),
        "disagreements": [i + 1 for i, (a, b) in enumerate(zip(judged, own, strict=True)) if a != b],
    }


def run(sets, other=None, rounds=ROUNDS):
    """{name: figures}; the other validator takes its turn in every round."""
    turns, loops, theirs = ({what.name: [] for what in sets} for _ in range(3))
    for _ in range(rounds):
        for what in sets:
            turns[what.name].append(one_round(what))
            if other:
                loops[what.name].append(looped(what))
                theirs[what.name].append(other.round(what))
    figures = {what.name: merged(turns[what.name]) for what in sets}
    for what in sets:
        if other:
            figures[what.name]["sourcemeta"] = beside(what, theirs[what.name], loops[what.name])
    return figures


# ---- tables ----

def print_rows(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))).rstrip(), flush=True)


def print_table(figures):
    head = ["set", "bytes", "ours ns", "best", "MB/s", "best", "syntax", "yyjson", "jansson",
            "x yyjson", "x jansson", "looped", "validator", "x validator", "/ syntax", "mallocs", "not valid"]
    rows = [head]
    for name, f in figures.items():
        ours, other = f["ours"], f.get("sourcemeta")
        rows.append([
            name, f"{f['bytes'] / f['records']:.0f}", f"{ours['median_ns']:.0f}", f"{ours['best_ns']:.0f}",
            f"{ours['median_mb_s']:.0f}", f"{ours['best_mb_s']:.0f}",
            *(f"{f[who]['median_ns']:.0f}" for who in WHO[1:]), f"{f['yyjson']['ratio']:.2f}", f"{f['jansson']['ratio']:.1f}",
            *((f"{other['ours_best_ns']:.0f}", f"{other['best_ns']:.0f}", f"{other['ratio_of_best']:.2f}") if other else "---"),
            f"{1 / f['syntax']['ratio']:.2f}",
            f"{ours['allocations']:g}", str(f["not_valid"]),
        ])
    print_rows(rows)


def print_json(figures):
    print(json.dumps(figures, separators=(",", ":")), flush=True)
