"""Other people's judgement of AsyncAPI documents, and ours, over the same files: see asyncapi/oracle.js."""

import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

from versions import BUILD, HERE

SKIPPED = 77
OWN = HERE / "documents"
_VERSION = re.compile(rb"^[\"{ ]*asyncapi\"?: *.?[23]\.", re.MULTILINE)


class Oracle:
    def __init__(self):
        if not shutil.which("node") or not shutil.which("npm"):
            print("  skipped: node and npm are not here")
            sys.exit(SKIPPED)
        run = subprocess.run([HERE / "asyncapi" / "fetch"], stdout=subprocess.PIPE, text=True, check=True, timeout=600)
        self.folder = pathlib.Path(run.stdout.strip())

    def gathered(self):
        """The documents of the packages, and our own but for the bindings, of which the schemas know fewer."""
        found = [p for p in sorted((self.folder / "documents").rglob("*")) if p.suffix in (".yml", ".yaml", ".json") and p.is_file()]
        return [str(p) for p in found if _VERSION.search(p.read_bytes())] + [str(p) for p in sorted(OWN.glob("fields-*.yaml"))]

    def ask(self, job, files, *arguments, timeout=1200, **environment):
        env = {**os.environ, "NODE_PATH": str(self.folder / "node_modules"), **environment}
        run = subprocess.run(["node", "--stack-size=4000", HERE / "asyncapi" / "oracle.js", job, *map(str, arguments)], input="\n".join(files), capture_output=True,
                             text=True, env=env, timeout=timeout)
        if run.returncode:
            raise RuntimeError(run.stderr[-2000:])
        return [json.loads(line) for line in run.stdout.splitlines()]


def lint(files, *options):
    """Findings by document; those that a document has in a file that it refers to are the document's too."""
    found = {file: [] for file in files}
    for start in range(0, len(files), 100):
        part = files[start:start + 100]
        run = subprocess.run([BUILD / "egctl", "lint", "--format", "json", *options, *part], capture_output=True, text=True, timeout=600)
        if run.returncode not in (0, 1):
            raise RuntimeError(f"egctl lint: {run.returncode} {run.stderr[-1000:]}")
        for line in run.stdout.splitlines():
            finding = json.loads(line)
            found.setdefault(finding["file"], []).append(finding)
    return found


def tally(rows):
    return ", ".join(f"{count} {what}" for what, count in collections.Counter(rows).most_common())
