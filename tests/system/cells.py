"""The cells of clients.matrix: its rows, and the program of tests/system/matrix that is behind each client.

A program is called as PROGRAM FEATURE BOOTSTRAP TOPIC GROUP and prints what an application sees as JSON lines: no
address, port, time, random id, and no name of a topic or group. It ends with 0 only when the feature worked. What a
broker learns a moment after it was promised (a topic, a config, an ACL) is read until it is there, then printed.
"""

import os
import re
import shutil
import subprocess

from versions import BUILD, CACHE, HERE, VERSIONS, venv_python

FOLDER = HERE / "matrix"
HEAD = ("client", "broker")
NOTE = re.compile(r"\[([0-9]+)\] (.+: https?://\S+)$")
TIMEOUT = 150


class Table:
    """clients, brokers: the names in their order; features: the columns."""

    def __init__(self, text):
        self.features = []
        self.notes = {}
        self.rows = {}
        self.kinds = {kind: [] for kind in HEAD}
        kind = None
        for number, line in enumerate(text.splitlines(), 1):
            words = line.split()
            if not words or line.startswith("#"):
                continue
            note = NOTE.match(line)
            if note:
                self.notes[f"[{note[1]}]"] = note[2]
            elif words[0] in HEAD:
                kind = words[0]
                self._head(number, words[2:])
            else:
                self._row(number, kind, words)
        self._hold_notes()

    @property
    def clients(self):
        return [name for name in self.kinds["client"] if "@" not in name]

    @property
    def brokers(self):
        return self.kinds["broker"]

    def missing(self, client, broker, feature):
        """The note that says why this cell is not run; None: it is."""
        rows = (self.rows[client], self.rows[broker], self.rows.get(f"{client}@{broker}", {}))
        return next((row[feature] for row in rows if row.get(feature, "yes") != "yes"), None)

    def _head(self, number, features):
        if self.features and features != self.features:
            raise ValueError(f"clients.matrix:{number}: other columns than above")
        self.features = features

    def _row(self, number, kind, words):
        name, release, *cells = words
        if kind is None or len(cells) != len(self.features):
            raise ValueError(f"clients.matrix:{number}: {len(cells)} cells; there are {len(self.features)} columns")
        if release != "debian" and release not in VERSIONS:
            raise ValueError(f"clients.matrix:{number}: {release} is not in tests/versions")
        self.kinds[kind].append(name)
        self.rows[name] = dict(zip(self.features, cells))

    def _hold_notes(self):
        used = {cell for row in self.rows.values() for cell in row.values()} - {"yes"}
        if used != set(self.notes):
            raise ValueError(f"clients.matrix: notes {sorted(used ^ set(self.notes))} are used and not there, or there and not used")


def table():
    return Table((HERE / "clients.matrix").read_text())


def _go(name):
    """A program of the Go module."""
    target = BUILD / "tests-matrix" / name
    subprocess.run(["go", "build", "-o", target, f"./{name}"], cwd=FOLDER, check=True, stdin=subprocess.DEVNULL,
                   env={**os.environ, "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local"})
    return [target]


def _node(name, package):
    """A script with one package of npm."""
    version = VERSIONS[package.upper()]
    home = CACHE / f"{package}-{version}"
    if not (home / ".complete").exists():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", home, f"{package}@{version}"], check=True,
                       stdin=subprocess.DEVNULL)
        (home / ".complete").touch()
    return ["env", f"NODE_PATH={home}/node_modules", "node", FOLDER / name]


def _python(name):
    return [venv_python(), FOLDER / name]


def _tools(release):
    return ["env", f"KAFKA_TOOLS={release}", *_python("java.py")]


PROGRAMS = {
    "kcat": lambda: _python("kcat.py"),
    "java-4.4.0": lambda: _tools("4.4.0"),
    "java-3.9.1": lambda: _tools("3.9.1"),
    "confluent-kafka": lambda: _python("confluent.py"),
    "python3-kafka": lambda: _python("oldkafka.py"),
    "kafkajs": lambda: _node("kafkajs.js", "kafkajs"),
    "franz-go": lambda: _go("franz"),
    "sarama": lambda: _go("sarama"),
    "kafka-go": lambda: _go("kafkago"),
}


class Run:
    """One call of a program: its output, or how it failed."""

    def __init__(self, command, feature, bootstrap, topic, group):
        self.failed = None
        self.out = ""
        self.process = subprocess.Popen([*map(str, command), feature, bootstrap, topic, group], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)

    def wait(self):
        try:
            self.out, errors = self.process.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, 9)
            self.out, errors = self.process.communicate()
            self.failed = f"not done within {TIMEOUT} s: {self.out[-1500:]}{errors[-1500:]}"
            return self
        if self.process.returncode != 0:
            self.failed = f"exit {self.process.returncode}: {self.out[-1500:]}{errors[-3000:]}"
        elif not self.out:
            self.failed = f"exit 0 without a word: {errors[-1500:]}"
        return self
