"""Rounds of the benchmark program on sets of a schema and records, and tables of their figures."""

import json
import os
import pathlib
import statistics
import subprocess
from typing import NamedTuple

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("EG_BUILD", HERE.parent.parent / "build")) / "tests" / "bench"
ROUNDS = int(os.environ.get("ROUNDS") or 5)
TURNS, MILLISECONDS = 10, 8
WHO = ("ours", "syntax", "yyjson", "jansson")


class Set(NamedTuple):
    name: str
    schema: pathlib.Path
    records: pathlib.Path


def own_sets():
    """The three sets of every figure, and the orders once more, for patterns and formats."""
    folder = BUILD / "records"
    subprocess.run([HERE / "records.py", folder], check=True)
    names = [("iot", "iot"), ("order", "order"), ("batch", "batch"), ("order-strict", "order")]
    return [Set(name, HERE / "schemas" / f"{name}.json", folder / f"{records}.jsonl") for name, records in names]


def one_round(what):
    done = subprocess.run([BUILD / "bench_json", what.schema, what.records, str(TURNS), str(MILLISECONDS)],
                          check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


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


def run(sets, rounds=ROUNDS):
    seen = {what.name: [] for what in sets}
    for _ in range(rounds):
        for what in sets:
            seen[what.name].append(one_round(what))
    return {name: merged(figures) for name, figures in seen.items()}


def print_rows(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))).rstrip(), flush=True)


def print_table(figures):
    head = ["set", "bytes", "ours ns", "best", "MB/s", "best", "syntax ns", "yyjson ns", "jansson ns",
            "x yyjson", "x jansson", "/ syntax", "mallocs", "not valid"]
    rows = [head]
    for name, f in figures.items():
        ours = f["ours"]
        rows.append([
            name, f"{f['bytes'] / f['records']:.0f}", f"{ours['median_ns']:.0f}", f"{ours['best_ns']:.0f}",
            f"{ours['median_mb_s']:.0f}", f"{ours['best_mb_s']:.0f}",
            *(f"{f[who]['median_ns']:.0f}" for who in WHO[1:]),
            f"{f['yyjson']['ratio']:.2f}", f"{f['jansson']['ratio']:.1f}", f"{1 / f['syntax']['ratio']:.2f}",
            f"{ours['allocations']:g}", str(f["not_valid"]),
        ])
    print_rows(rows)


def print_json(figures):
    print(json.dumps(figures, separators=(",", ":")), flush=True)
