"""A steady load of a real client, whose journal is held against the log in the end.

Each record is {"producer", "partition", "sequence"}: a producer counts in each partition from 0 on, and a bad record, which
its topic's document does not allow, has a sequence below 0. The client (java/Load.java, load_confluent.py) is called with
KIND BOOTSTRAP TOPIC NAME PARTITIONS RATE BAD NAME=VALUE..., KIND idempotent or transactional, RATE records a second, every
BAD-th a bad one (0: none), and writes a line when it knows what became of a record: {"partition", "sequence", "offset", "at"}
or with "error", "message" instead of the offset; of a transaction {"records": [[partition, sequence]...], "outcome", "at"}:
committed, aborted (on purpose), failed (and therefore aborted) or fatal (open; another producer
goes on), the last two with "why".
"""

import collections
import json
import subprocess

from broker import java
from clients import java_classes
from versions import HERE, KAFKA, venv_python

ENDING = 200                # seconds: more than delivery.timeout.ms
REFUSED = {"InvalidRecordException", "INVALID_RECORD", "_INVALID_DIFFERENT_RECORD"}
SETTINGS = {"idempotent": ["enable.idempotence=true", "acks=all"], "transactional": []}


class Load:
    def __init__(self, folder, library, kind, way, bootstrap, topic, partitions, rate, bad):
        self.name = f"{library} {kind} {way}"
        self.library, self.kind, self.way, self.topic, self.bad = library, kind, way, topic, bad
        rows = SETTINGS[kind] or [f"transactional.id={self.name}"]
        command = java(KAFKA[-1], "Load", classpath=[java_classes()]) if library == "Java" else [venv_python(), str(HERE / "load_confluent.py")]
        self.path = folder / f"{self.name}.journal"
        self.errors = folder / f"{self.name}.errors"
        with self.path.open("wb") as out, self.errors.open("wb") as errors:
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command, kind, bootstrap, topic, self.name, str(partitions),
                                             str(rate), str(bad), *rows], stdin=subprocess.PIPE, stdout=out, stderr=errors)

    def journal(self):
        return [json.loads(line) for line in self.path.read_text().split("\n")[:-1]]

    def is_going(self):
        """Something was acked."""
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name} ended with {self.process.returncode}: {self.errors.read_text()[-3000:]}")
        return self.path.stat().st_size > 0

    def end(self):
        """No more records; returns when the fate of all is known."""
        self.process.stdin.close()
        self.process.wait(ENDING)
        if self.process.returncode != 0:
            raise RuntimeError(f"{self.name} ended with {self.process.returncode}: {self.errors.read_text()[-3000:]}")

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def dump(bootstrap, topic, partitions, level):
    """{producer: {partition: [(offset, sequence)...]}} that a reader of this isolation level gets."""
    done = subprocess.run([venv_python(), str(HERE / "load_confluent.py"), "dump", bootstrap, topic, str(partitions),
                           f"isolation.level={level}"], capture_output=True, text=True, timeout=ENDING, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise RuntimeError(f"reading {topic}: exit {done.returncode}\n{done.stderr[-3000:]}")
    found = collections.defaultdict(lambda: collections.defaultdict(list))
    for line in done.stdout.splitlines():
        record = json.loads(line)
        value = record["value"]
        if value["partition"] != record["partition"]:
            raise RuntimeError(f"a record in another partition: {record}")
        found[value["producer"]][record["partition"]].append((record["offset"], value["sequence"]))
    return found


class Fate:
    """What became of a load's records, as its client said: sets of (partition, sequence)."""

    def __init__(self, load):
        self.acked, self.refused, self.unknown, self.aborted, self.fatal = {}, set(), {}, set(), []
        self.open = []          # transactions of which nobody said what became of them
        self.acks = collections.defaultdict(list)       # by partition, of transactions by None: when
        self.whys = collections.Counter()
        for line in load.journal():
            (self._transaction if "records" in line else self._record)(line)

    def _record(self, line):
        record = line["partition"], line["sequence"]
        if "error" not in line:
            self.acked[record] = -1 if line["offset"] is None else line["offset"]   # a broker that knew the batch already has not told
            self.acks[line["partition"]].append(line["at"])
            return
        self.whys[line["error"]] += 1
        # Java gives the good records of a refused batch no class of their own
        if line["error"] in REFUSED or "batch which had one more more invalid records" in (line["message"] or ""):
            self.refused.add(record)
        else:
            self.unknown[record] = f"{line['error']}: {line['message']}"

    def _transaction(self, line):
        records = {tuple(r) for r in line["records"]}
        if line["outcome"] == "committed":
            self.acked.update(dict.fromkeys(records, -1))
            self.acks[None].append(line["at"])
        elif line["outcome"] == "fatal":
            self.fatal.append(line["why"])
            self.open.append({r for r in records if r[1] >= 0})
        else:
            self.aborted |= records
        if "why" in line:
            self.whys[line["why"].split(":")[0][:100]] += 1

    def compare(self, log):
        """What is wrong in log, {partition: [(offset, sequence)...]} of this producer: {word: [examples]}."""
        wrong = collections.defaultdict(list)
        stored = collections.Counter((p, s) for p, rows in log.items() for _, s in rows)
        where = {(p, s): offset for p, rows in log.items() for offset, s in rows}
        wrong["lost"] = [r for r in self.acked if r not in stored]
        wrong["duplicated"] = [r for r, n in stored.items() if n > 1]
        wrong["out of order"] = [(p, a, b) for p, rows in log.items() for (_, a), (_, b) in zip(rows, rows[1:]) if a >= b]
        wrong["elsewhere than acked"] = [(r, offset, where[r]) for r, offset in self.acked.items() if offset >= 0 and where.get(r, offset) != offset]
        wrong["bad"] = [r for r in stored if r[1] < 0]
        wrong["refused and there"] = [r for r in self.refused if r in stored]
        wrong["aborted and visible"] = [r for r in self.aborted if r in stored]
        wrong["half a transaction"] = [sorted(records)[:3] for records in self.open if records & stored.keys() not in (set(), records)]
        known = self.acked.keys() | self.refused | self.unknown.keys() | self.aborted.union(*self.open)
        wrong["sent by nobody"] = [r for r in stored if r not in known]
        return {word: rows for word, rows in wrong.items() if rows}

    def longest_gap(self, begin, end):
        """Seconds between two acks of a partition of which a part lies in begin..end."""
        longest = 0
        for times in self.acks.values():
            times = sorted(times)
            longest = max([longest, *(b - a for a, b in zip(times, times[1:]) if b > begin and a < end)])
        return longest
