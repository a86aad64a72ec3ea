"""Real clients as other processes: kcat, Java, confluent-kafka and (its producer) franz-go behind one face.

A producer takes records as JSON lines {"topic", "partition", "key", "value", "headers"} and answers one line a
record, {"index", "partition", "offset"} or {"index", "error", "message"}; {"flush": true} sends what is waiting.
With a transactional.id it takes {"transaction": "begin"}, "commit" and "abort", and answers each with the same line,
which has "error", "message" and perhaps "fatal" when it failed.
"""

import json
import shutil
import subprocess
import threading

from broker import java
from cells import go_program
from versions import BUILD, HERE, KAFKA, jars, venv_python

TIMEOUT = 120


def java_classes():
    """The sources of java/ compiled once, against the oldest version; newer clients run the same classes."""
    classes = BUILD / "tests-java"
    for source in sorted((HERE / "java").glob("*.java")):
        target = classes / f"{source.stem}.class"
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            subprocess.run(["javac", "-proc:none", "-d", classes, "-cp", f"{jars(KAFKA[0])}/*", source], check=True,
                           stdin=subprocess.DEVNULL)
    return classes


class Program:
    """A client program: `run` for what ends by itself, `producer` for one that stays."""

    def __init__(self, name, command):
        self.name = name
        self.command = command

    def run(self, *args, stdin=""):
        done = subprocess.run([*self.command, *map(str, args)], input=stdin, capture_output=True, text=True,
                              timeout=TIMEOUT)
        if done.returncode != 0:
            raise RuntimeError(f"{self.name} {args}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def produce(self, bootstrap, records, *config):
        """All records at once, flushed at the end -> an outcome for each, in their order."""
        lines = "".join(json.dumps(r) + "\n" for r in records)
        outcomes = self.run("produce", bootstrap, *config, stdin=lines)
        return sorted((o for o in outcomes if "index" in o), key=lambda o: o["index"])

    def consume(self, bootstrap, group, topic, count, *config):
        return self.run("consume", bootstrap, group, topic, count, *config)

    def nodes(self, bootstrap):
        return sorted((n["host"], n["port"]) for n in self.run("nodes", bootstrap))

    def topics(self, bootstrap):
        return sorted(t["topic"] for t in self.run("topics", bootstrap))

    def producer(self, bootstrap, *config, on_outcome=None):
        return LiveProducer(self.name, [*self.command, "produce", bootstrap, *config], on_outcome)


class LiveProducer:
    """A producer that stays up; outcomes are gathered as they come, and given to on_outcome in the thread that reads."""

    def __init__(self, name, command, on_outcome=None):
        self.name = name
        self.on_outcome = on_outcome or (lambda outcome: None)
        self.outcomes = {}
        self.steps = []
        self.flushes = 0
        self.sent = 0
        self.changed = threading.Condition()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True)
        self.errors = []
        self.threads = [threading.Thread(target=self._read, daemon=True),
                        threading.Thread(target=self._read_errors, daemon=True)]
        for thread in self.threads:
            thread.start()

    def _read(self):
        for line in self.process.stdout:
            outcome = json.loads(line)
            with self.changed:
                if "flushed" in outcome:
                    self.flushes += 1
                elif "transaction" in outcome:
                    self.steps.append(outcome)
                else:
                    self.outcomes[outcome["index"]] = outcome
                self.changed.notify_all()
            if "index" in outcome:
                self.on_outcome(outcome)

    def _read_errors(self):
        for line in self.process.stderr:
            self.errors.append(line)

    def send(self, **record):
        """Hands a record over -> its index."""
        self.process.stdin.write(json.dumps(record) + "\n")
        self.process.stdin.flush()
        self.sent += 1
        return self.sent - 1

    def flush(self):
        wanted = self.flushes + 1
        self.process.stdin.write('{"flush": true}\n')
        self.process.stdin.flush()
        self._wait(lambda: self.flushes >= wanted)

    def transaction(self, step):
        """begin, commit or abort -> how it went."""
        wanted = len(self.steps) + 1
        self.process.stdin.write(json.dumps({"transaction": step}) + "\n")
        self.process.stdin.flush()
        self._wait(lambda: len(self.steps) >= wanted)
        return self.steps[-1]

    def outcome(self, index, timeout=TIMEOUT):
        self._wait(lambda: index in self.outcomes, timeout)
        return self.outcomes[index]

    def _wait(self, condition, timeout=TIMEOUT):
        with self.changed:
            if not self.changed.wait_for(condition, timeout):
                raise TimeoutError(f"{self.name}: nothing within {timeout} s\n{''.join(self.errors[-20:])}")

    def close(self):
        """Ends the producer -> the outcomes in the order of the records."""
        self.process.stdin.close()
        self.process.wait(TIMEOUT)
        for thread in self.threads:
            thread.join(TIMEOUT)
        return [self.outcomes.get(i) for i in range(self.sent)]

    def kill(self):
        self.process.kill()
        self.process.wait()


def java_client(version):
    return Program(f"Java {version}", java(version, "Client", classpath=[java_classes()]))


def confluent():
    return Program("confluent-kafka", [venv_python(), str(HERE / "confluent.py")])


def franz():
    return Program("franz-go", go_program("lines", "github.com/twmb/franz-go", "FRANZ_GO"))


class Kcat:
    """kcat has no outcome per record: exit code, standard output and standard error."""

    name = "kcat"

    def run(self, *args, stdin=None):
        return subprocess.run([shutil.which("kcat"), *map(str, args)], input=stdin, capture_output=True, text=True,
                              timeout=TIMEOUT, **({} if stdin is not None else {"stdin": subprocess.DEVNULL}))

    def produce(self, bootstrap, topic, values, *args):
        return self.run("-b", bootstrap, "-t", topic, "-P", *args, stdin="".join(v + "\n" for v in values))

    def consume(self, bootstrap, topic, count):
        done = self.run("-b", bootstrap, "-t", topic, "-C", "-o", "beginning", "-c", count, "-e", "-q")
        return done.stdout.splitlines()

    def group_consume(self, bootstrap, group, topic, count):
        done = self.run("-b", bootstrap, "-G", group, "-c", count, "-q", "-X", "auto.offset.reset=earliest", topic)
        return done.stdout.splitlines()

    def nodes(self, bootstrap):
        listed = json.loads(self.run("-b", bootstrap, "-L", "-J").stdout)
        return sorted((b["name"].rsplit(":", 1)[0], int(b["name"].rsplit(":", 1)[1])) for b in listed["brokers"])


def kcat():
    return Kcat()
