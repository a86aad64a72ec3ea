"""Another validator beside ours: the command line tool of npm's @sourcemeta/jsonschema, by its own benchmark of
validation alone. It has parsed the records before, and judges each in a loop, in the fast mode that explains nothing;
what it prints for a record is the mean of the loop without the cost of reading the clock."""

import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
LOOP = 100
LINE = re.compile(rb": (PASS|FAIL) ([0-9.]+) \+- \S+ us \([0-9.]+\)$")


class Sourcemeta:
    def __init__(self):
        fetched = subprocess.run([HERE / "fetch", "sourcemeta"], check=True, stdout=subprocess.PIPE, text=True)
        folder = pathlib.Path(fetched.stdout.strip()) / "node_modules/@sourcemeta/jsonschema/build/github-releases"
        self.tool = folder / "jsonschema-linux-x86_64"

    def round(self, what, loop=LOOP):
        """[(valid, ns)] of each record, None for one that the tool left out."""
        command = [self.tool, "validate", "--benchmark", "--fast", "--continue", "--loop", str(loop), what.schema, what.records]
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        rows = [LINE.search(line) for line in done.stdout.splitlines()]
        if not rows:
            raise RuntimeError(f"{what.name}: {done.stderr.decode()}")
        return [(row[1] == b"PASS", float(row[2]) * 1000) for row in rows if row]
