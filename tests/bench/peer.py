"""Another validator beside ours: the command line tool of npm's @sourcemeta/jsonschema, by its own benchmark of
validation alone. It has parsed the records before, and judges each in a loop, in the fast mode that explains nothing;
what it prints for a record is the mean of the loop without the cost of reading the clock."""

import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
LOOP = 100
LINE = re.compile(rb"\[([0-9]+)\]: (PASS|FAIL) ([0-9.]+) \+- \S+ us \([0-9.]+\)$")
# Up to draft-07 ours asserts formats: the same work is asked of the tool.
FORMATS_ASSERTED = re.compile(rb'"\$schema":\s*"http://json-schema.org/draft-0[467]/schema#?"')


class Sourcemeta:
    def __init__(self):
        fetched = subprocess.run([HERE / "fetch", "sourcemeta"], check=True, stdout=subprocess.PIPE, text=True)
        folder = pathlib.Path(fetched.stdout.strip()) / "node_modules/@sourcemeta/jsonschema/build/github-releases"
        self.tool = folder / "jsonschema-linux-x86_64"

    def round(self, what, loop=LOOP):
        """[(valid, ns)] of each record; the tool prints them in an order of its own."""
        resources = [word for path in what.resources.values() for word in ("--resolve", path)]
        formats = ["--format-assertion"] if FORMATS_ASSERTED.search(what.schema.read_bytes()) else []
        command = [self.tool, "validate", "--benchmark", "--fast", "--continue", "--loop", str(loop), *formats, *resources,
                   what.schema, what.records]
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        rows = sorted((int(row[1]), row[2] == b"PASS", float(row[3]) * 1000) for row in map(LINE.search, done.stdout.splitlines()) if row)
        if [row[0] for row in rows] != list(range(1, len(what.records.read_text().splitlines()) + 1)):
            raise RuntimeError(f"{what.name}: not every record was judged: {done.stderr.decode()}")
        return [row[1:] for row in rows]
