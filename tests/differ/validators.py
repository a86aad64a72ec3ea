"""Three validators on the same pairs: ours, ajv and @sourcemeta/jsonschema. Each answers a list of words, one an
instance: valid, invalid, undecidable; not json; refused (the schema); nothing ("") where it gave no answer."""

import base64
import collections
import json
import pathlib
import platform
import re
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve().parent
ENTRY = re.compile(rb"\(entry #(\d+)\)")
INVALID = 2                 # exit code of the tool


def fetched(*command):
    return pathlib.Path(subprocess.run([str(c) for c in command], check=True, stdout=subprocess.PIPE, text=True).stdout.strip())


class Ours:
    def __init__(self, build):
        self.process = subprocess.Popen([build / "tests/differ/judge"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.why = ""

    def ask(self, lines):
        """All lines written at once: they are fewer than a pipe holds, or answers are read meanwhile."""
        answers = []
        for line in lines:
            self.process.stdin.write(line)
            self.process.stdin.flush()
            answers.append(self.process.stdout.readline().decode().rstrip("\n"))
            if not answers[-1]:
                raise RuntimeError("the judge stopped on " + line.decode())
        return answers

    def judge(self, dialect, schema, instances):
        lines = [f"schema {dialect} {schema.encode().hex()}\n".encode()] + [b"judge " + i.hex().encode() + b"\n" for i in instances]
        answers = self.ask(lines)
        self.why = answers[0]
        return answers[1:]


class Ajv:
    def __init__(self):
        self.process = subprocess.Popen(["node", HERE / "ajv.js", fetched(HERE / "fetch")], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.why = ""

    def judge(self, dialect, schema, instances):
        question = {"dialect": dialect, "schema": schema, "instances": [base64.b64encode(i).decode() for i in instances]}
        self.process.stdin.write(json.dumps(question).encode() + b"\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        self.why = answer["refused"] if isinstance(answer, dict) else ""
        return ["refused"] * len(instances) if isinstance(answer, dict) else answer


class Sourcemeta:
    """One run of the tool a schema; where it does not come to its end, one an instance."""

    def __init__(self):
        folder = fetched(HERE.parent / "bench/fetch", "sourcemeta")
        machine = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
        self.tool = folder / f"node_modules/@sourcemeta/jsonschema/build/github-releases/jsonschema-linux-{machine}"
        self.folder = tempfile.TemporaryDirectory()
        self.reasons = collections.Counter()    # why it gave no answer

    def run(self, dialect, schema, file, name):
        formats = ["-F"] if dialect == "draft-07" else []
        r = subprocess.run([self.tool, "validate", schema, file, "--continue", *formats], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        return r.returncode, r.stdout

    def single(self, dialect, schema, instance, name):
        file = pathlib.Path(self.folder.name) / f"{name}.json"
        file.write_bytes(instance)
        code, output = self.run(dialect, schema, file, name)
        if code not in (0, INVALID):
            self.reasons[(output.decode(errors="replace").strip() or f"exit code {code}").splitlines()[0]] += 1
        return {0: "valid", INVALID: "invalid"}.get(code, "")

    def judge(self, dialect, schema, instances, name="one"):
        """instances: well-formed texts without line ends."""
        path = pathlib.Path(self.folder.name) / f"{name}-schema.json"
        lines = pathlib.Path(self.folder.name) / f"{name}.jsonl"
        path.write_text(schema)
        lines.write_bytes(b"\n".join(instances) + b"\n")
        code, output = self.run(dialect, path, lines, name)
        if code not in (0, INVALID) or len(instances) == 1:
            return [self.single(dialect, path, i, name) for i in instances]
        wrong = {int(n) for n in ENTRY.findall(output)}
        return ["invalid" if i + 1 in wrong else "valid" for i in range(len(instances))]

    def judge_all(self, dialect, work):
        """[(schema, instances)], two at a time."""
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda w: self.judge(dialect, w[1][0], w[1][1], f"w{w[0] % 64}-{w[0]}"), enumerate(work)))


def all_validators(build):
    return {"ours": Ours(build), "ajv": Ajv(), "sourcemeta": Sourcemeta()}
