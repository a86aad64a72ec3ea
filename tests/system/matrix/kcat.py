"""kcat: each feature by its command line, with what it prints and its exit code."""

import contextlib
import json
import re
import signal
import subprocess

from common import COUNT, expect, expect_values, main, plain, records, say, settled, value

FIELDS = "%p %o %k %s %h %S\\n"
SECONDS = 60
HARD = re.compile(r"^% (ERROR|Delivery failed|Fatal)")


class Kcat:
    """kcat at one bootstrap address."""

    def __init__(self, bootstrap, topic, group):
        self.bootstrap, self.topic, self.group = bootstrap, topic, group

    def command(self, *args):
        return ["kcat", "-b", self.bootstrap, *map(str, args)]

    def call(self, *args, lines=()):
        """Runs it -> exit code, lines of the output, what it complains of."""
        done = subprocess.run(self.command(*args), input="".join(f"{line}\n" for line in lines), capture_output=True, text=True,
                              timeout=SECONDS)
        errors = [self.plain(line) for line in done.stderr.splitlines() if HARD.match(line)]
        return done.returncode, [self.plain(line) for line in done.stdout.splitlines()], errors

    def run(self, *args, status=0, **how):
        """The same, said; what comes from two partitions has no order of its own."""
        code, out, errors = self.call(*args, **how)
        say(" ".join(self.plain(str(arg)) for arg in args), exit=code, out=sorted(out), errors=errors)
        expect(code == status, f"kcat {args} ends with {status}: {code} {errors}")
        return out

    def plain(self, line):
        return re.sub(r"(127\.0\.0\.1|localhost):[0-9]+", "ADDRESS", plain(line, self.topic, self.group))

    def fill(self, *args, start=0, count=COUNT):
        """The records of each partition; headers are one for all."""
        for partition in (0, 1):
            lines = [f"{key}\t{text}" for p, key, text, _ in records(start, count) if p == partition]
            self.run("-P", "-t", self.topic, "-p", partition, "-K", "\t", "-H", f"n={partition}", *args, lines=lines)

    def read_back(self, wanted, *args):
        got = self.run("-C", "-t", self.topic, "-o", "beginning", "-e", "-q", "-f", FIELDS, *args)
        expect_values([line.split("{", 1)[1].split("}")[0] for line in got], [text[1:-1] for text in wanted], "what was produced")

    def values(self, isolation):
        return self.call("-C", "-t", self.topic, "-o", "beginning", "-e", "-q", "-X", f"isolation.level={isolation}")[1]


def values(start=0, count=COUNT):
    return [value(i) for i in range(start, start + count)]


def produce(k):
    for number, acks in enumerate((-1, 1, 0)):
        k.fill("-X", f"acks={acks}", start=number * COUNT)
    k.read_back(values(0, 3 * COUNT))
    k.run("-P", "-t", f"{k.topic}-none", "-X", "message.timeout.ms=5000", lines=['{"lumens": 1}'], status=1)
    k.run("-P", "-t", k.topic, "-p", 7, "-X", "message.timeout.ms=5000", lines=['{"lumens": 1}'], status=1)


def codec(name):
    def run(k):
        k.fill("-z", name, "-X", "linger.ms=50")
        k.read_back(values())
    return run


def consume(k):
    k.fill()
    k.read_back(values())
    k.read_back(values(), "-X", "fetch.message.max.bytes=100", "-X", "check.crcs=true")
    for offset in (15, -3, "beginning", "end", "s@0"):
        k.run("-C", "-t", k.topic, "-p", 1, "-o", offset, "-e", "-q", "-f", FIELDS)
    k.run("-C", "-t", k.topic, "-p", 0, "-o", 1000, "-X", "auto.offset.reset=error", "-e", "-q", status=1)
    k.run("-C", "-t", f"{k.topic}-none", "-e", "-q", status=1)


@contextlib.contextmanager
def member(k):
    """One that stays -> the assignments it tells of."""
    process = subprocess.Popen(k.command("-G", k.group, "-u", "-X", "auto.offset.reset=earliest", k.topic), stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        yield process.stderr
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=SECONDS)


def assigned(stderr, count):
    """Reads on until the member has `count` partitions."""
    for line in stderr:
        parts = re.findall(r"\[([0-9]+)\]", line.split("assigned:", 1)[1]) if "assigned:" in line else []
        if len(parts) == count:
            return parts
    raise SystemExit(f"not so: a member gets {count} partitions")


def group(k):
    k.fill()
    wanted = ["-G", k.group, "-X", "auto.offset.reset=earliest", "-q", "-f", FIELDS]
    k.run(*wanted, "-c", COUNT, k.topic)
    with member(k) as one:
        say("alone", partitions=sorted(assigned(one, 2)))
        with member(k) as two:
            say("shared", partitions=sorted(assigned(one, 1) + assigned(two, 1)))
        say("alone again", partitions=sorted(assigned(one, 2)))
    k.fill(start=COUNT, count=4)
    got = k.run(*wanted, "-c", 4, k.topic)
    expect(len(got) == 4 and all(any(text in line for line in got) for text in values(COUNT, 4)), f"what came since: {got}")


def idempotent(k):
    k.fill("-X", "enable.idempotence=true", "-X", "batch.num.messages=5")
    k.read_back(values())


def transactions(k):
    """Its transaction is committed at the end of the input, and aborted by a signal before. It takes its input by
    blocks, so that of what is written meanwhile the last lines stay where they are."""
    k.fill("-X", f"transactional.id={k.group}")
    process = subprocess.Popen(k.command("-P", "-t", k.topic, "-p", 0, "-X", f"transactional.id={k.group}"), stdin=subprocess.PIPE,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)
    process.stdin.write("".join(f"{text}\n" for text in values(COUNT, 10 * COUNT)))
    process.stdin.flush()
    settled(lambda: k.values("read_uncommitted"), lambda seen: len(seen) >= 2 * COUNT)
    expect_values(k.values("read_committed"), values(), "read committed while the transaction is open")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=SECONDS)
    say("aborted", exit=process.returncode)
    k.read_back(values(), "-X", "isolation.level=read_committed")
    seen = k.values("read_uncommitted")
    expect(set(values(0, 2 * COUNT)) <= set(seen), f"read uncommitted: {seen}")
    say("read uncommitted", more=len(seen) >= 2 * COUNT)


def admin(k):
    """What it has of it: metadata, and offsets by time."""
    k.fill()
    code, out, _ = k.call("-L", "-J")
    listed = json.loads("".join(out))
    say("-L", exit=code, brokers=[broker["id"] for broker in listed["brokers"]], controller=listed["controllerid"],
        topic=[topic for topic in listed["topics"] if topic["topic"] == "TOPIC"])
    for topic in (k.topic, f"{k.topic}-none"):
        code, out, errors = k.call("-L", "-J", "-t", topic)
        say("-L -t", exit=code, topics=json.loads("".join(out))["topics"], errors=errors)
    for stamp in (-1, -2, 0, 1 << 42):
        k.run("-Q", "-t", f"{k.topic}:0:{stamp}", "-t", f"{k.topic}:1:{stamp}")


FEATURES = {"produce": produce, **{name: codec(name) for name in ("gzip", "snappy", "lz4", "zstd")}, "consume": consume, "group": group,
            "idempotent": idempotent, "transactions": transactions, "admin": admin}

main({name: lambda *where, feature=feature: feature(Kcat(*where)) for name, feature in FEATURES.items()})
