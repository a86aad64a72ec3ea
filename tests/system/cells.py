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


def go_program(name, module, release):
    """A program of the Go module, which must have its client at the pinned release."""
    wanted = f"{module} v{VERSIONS[release]}"
    if wanted not in (FOLDER / "go.mod").read_text():
        raise ValueError(f"go.mod has not {wanted}, as tests/versions says")
    target = BUILD / "tests-matrix" / name
    subprocess.run(["go", "build", "-o", target, f"./{name}"], cwd=FOLDER, check=True, stdin=subprocess.DEVNULL,
                   env={**os.environ, "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local"})
    return [target]


def _once(home, *command):
    """What a command puts into a folder, once."""
    if not (home / ".complete").exists():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        for words in command:
            subprocess.run(list(map(str, words)), check=True, stdin=subprocess.DEVNULL)
        (home / ".complete").touch()
    return home


def _pinned(separator, **packages):
    return [f"{name.replace('_', '-')}{separator}{VERSIONS[release]}" for name, release in packages.items()]


def _kafkajs():
    packages = _pinned("@", kafkajs="KAFKAJS", kafkajs_snappy="KAFKAJS_SNAPPY", zstd_codec="ZSTD_CODEC")
    home = CACHE / "-".join(packages)
    _once(home, ["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", home, *packages])
    return ["env", f"NODE_PATH={home}/node_modules", "node", FOLDER / "kafkajs.js"]


def _kafka_python():
    """In an environment of its own, for the codecs that the other one has not."""
    packages = _pinned("==", kafka_python="KAFKA_PYTHON", python_snappy="PYTHON_SNAPPY", lz4="PYTHON_LZ4", zstandard="ZSTANDARD")
    home = CACHE / "-".join(packages).replace("==", "-")
    _once(home, ["python3", "-m", "venv", home],
          [home / "bin" / "pip", "install", "-q", "--disable-pip-version-check", "--only-binary", ":all:", *packages])
    return [home / "bin" / "python", FOLDER / "oldkafka.py"]


def _python(name):
    return [venv_python(), FOLDER / name]


def _tools(release):
    return ["env", f"KAFKA_TOOLS={release}", *_python("java.py")]


PROGRAMS = {
    "kcat": lambda: _python("kcat.py"),
    "java-4.4.0": lambda: _tools("4.4.0"),
    "java-3.9.1": lambda: _tools("3.9.1"),
    "confluent-kafka": lambda: _python("confluent.py"),
    "python3-kafka": _kafka_python,
    "kafkajs": _kafkajs,
    "franz-go": lambda: go_program("franz", "github.com/twmb/franz-go", "FRANZ_GO"),
    "kafka-go": lambda: go_program("kafkago", "github.com/segmentio/kafka-go", "KAFKA_GO"),
    "sarama": lambda: go_program("sarama", "github.com/IBM/sarama", "SARAMA"),
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
