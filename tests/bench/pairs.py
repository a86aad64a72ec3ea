"""A real Kafka behind several proxies that take turns: what each costs in processor time a record, and what it adds to
the delivery's latency. A proxy has one core for itself, the broker and the producers have the others; all proxies the
same."""

import atexit
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))

from broker import Broker
from gateway import Gateway, document, wait_until
from show import hold
from versions import BUILD, KAFKA
import wire

ROUNDS = int(os.environ.get("ROUNDS") or 5)
PARTITIONS = 4
RATE = 5000                 # a second, of the runs at a fixed rate
RECORDS = {"iot": 100_000, "order": 100_000, "batch": 20_000}       # distinct ones; of batches as many bytes
LOOKED_AT = {"iot": 4000, "order": 1000, "batch": 200}              # those that the core's pace is told by
CPUS = sorted(os.sched_getaffinity(0))
OURS, OTHERS = {CPUS[-1]}, set(CPUS[:-1]) or {CPUS[-1]}
KEEP = dict.fromkeys(("retention.bytes", "segment.bytes"), 64 << 20)      # so that no disk fills
BROKER = "log.retention.check.interval.ms=1000\nlog.segment.delete.delay.ms=100\nnum.network.threads=1\n"
# where the broker says that it is to who comes by HAProxy: a loopback address that HAProxy alone listens on
ASIDE = "127.0.0.2"

HAPROXY = """\
global
    nbthread 1
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
listen kafka
    bind {aside}:{port}
    server broker 127.0.0.1:{port}
"""


def pin(pid, cpus):
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), cpus)


def cpu_ns(pid):
    """Time on a processor, of all threads."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in pathlib.Path(f"/proc/{pid}/task").iterdir())


def records(kind):
    """The file of a kind's records, made when it is not there."""
    count = RECORDS[kind]
    folder = pathlib.Path(BUILD) / f"tests/bench/records-{count}"
    path = folder / f"{kind}.jsonl"
    if not path.exists():
        subprocess.run([sys.executable, HERE / "records.py", folder, "--count", str(count), "--only", kind], check=True)
    return path


def declared(kind):
    """The document of a kind's topic: the benchmark's schema is the payload's."""
    return document(kind, {"$ref": f"{kind}-schema.json"}, message=kind)


class Haproxy:
    name = "HAProxy"

    def __init__(self, broker):
        hold(shutil.which("haproxy"), "HAProxy is the peer: install Debian's package haproxy")
        self.address = f"{ASIDE}:{broker.other_port}"
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="event-gateway-haproxy-"))
        config = self.home / "haproxy.cfg"
        config.write_text(HAPROXY.format(aside=ASIDE, port=broker.other_port))
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "haproxy", "-db", "-f", str(config)],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pid = self.process.pid
        atexit.register(self.stop)

    def stop(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)


class Ours:
    """One worker. kinds: of the topics that have a document."""

    def __init__(self, broker, name, kinds):
        self.name = name
        self.gateway = Gateway(broker.address, {f"{kind}.json": declared(kind) for kind in kinds}, workers=1)
        for kind in kinds:
            self.gateway.write(f"{kind}-schema.json", (HERE / "schemas" / f"{kind}.json").read_text())
        self.gateway.start().wait()
        self.address = self.gateway.address
        self.pid, = self.gateway.workers()
        atexit.register(self.gateway.kill)

    def valid(self):
        """Records that were judged and found valid."""
        return self.gateway.metric("event_gateway_records_total", verdict="valid")

    def stop(self):
        self.gateway.stop()


class Helper:
    """A program of the benchmark on cores of its own, which answers line by line."""

    def __init__(self, cpus, name, *args):
        self.name = name
        command = ["setpriv", "--pdeathsig", "KILL", str(pathlib.Path(BUILD) / "tests/bench" / name), *map(str, args)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        os.sched_setaffinity(self.process.pid, cpus)
        atexit.register(self.process.kill)

    def ask(self, line=""):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        hold(answer, f"{self.name} ended")
        return answer

    def stop(self):
        self.process.stdin.close()
        self.process.wait(30)


class Load(Helper):
    """A producer through one proxy."""

    def __init__(self, proxy, kind, codec="none"):
        super().__init__(OTHERS, "load", proxy.address, kind, PARTITIONS, codec, records(kind))
        self.name = f"the producer through {proxy.name}"
        self.proxy = proxy
        self.delivered = 0

    def run(self, count, rate=0):
        before = cpu_ns(self.proxy.pid)
        figures = json.loads(self.ask(f"{count} {rate}"))
        hold(figures["failed"] == 0, f"{self.proxy.name}: {figures['failed']} records were not delivered: {figures['why']}")
        self.delivered += figures["delivered"]
        figures["us"] = (cpu_ns(self.proxy.pid) - before) / 1e3 / figures["delivered"]
        return figures


class Pace(Helper):
    """How fast the proxies' core is: jansson on the first records of a kind."""

    def __init__(self, kind):
        super().__init__(OURS, "pace", records(kind), LOOKED_AT[kind])

    def run(self):
        """-> ns of processor time a record."""
        return float(self.ask())


class Bench:
    """with Bench(proxies) as b: b.turns(what)"""

    def __init__(self, *proxies):
        """proxies: "haproxy", "passing", "judging"."""
        self.wanted = proxies
        self.judged = 0

    def __enter__(self):
        subprocess.run(["make", "-s", "-C", BUILD, "tests/bench/load", "tests/bench/pace"], check=True, stdout=sys.stderr)
        for kind in RECORDS:
            records(kind)
        self.broker = Broker(KAFKA[-1], other=ASIDE, rows=BROKER).start().wait()
        pin(self.broker.process.pid, OTHERS)
        for kind in RECORDS:
            self.broker.topic(kind, PARTITIONS, **KEEP)
        make = {"haproxy": lambda: Haproxy(self.broker),
                "passing": lambda: Ours(self.broker, "gateway", ()),
                "judging": lambda: Ours(self.broker, "gateway with the document", RECORDS)}
        self.proxies = {name: make[name]() for name in self.wanted}
        for proxy in self.proxies.values():
            wait_until(lambda: answers(proxy.address), what=f"an answer through {proxy.name}")
            pin(proxy.pid, OURS)
        return self

    def __exit__(self, *error):
        for proxy in self.proxies.values():
            proxy.stop()
        self.broker.stop()

    def turns(self, what, paced=False):
        """{proxy: [figures of each round]}; every round, each has its turn. what: kind, codec, count and rate of a round's
        records, and how many rounds. paced: "pace" has the core's before each turn, in ns."""
        loads = {name: Load(proxy, what.kind, what.codec) for name, proxy in self.proxies.items()}
        for load in loads.values():
            load.run(max(what.count // 4, 1000), what.rate)      # connections, caches, a broker that has seen such a load
        pace = Pace(what.kind) if paced else None
        out = {name: [] for name in [*loads, "pace"]}
        for i in range(what.rounds):
            for name in sorted(loads, reverse=i % 2):
                if pace:
                    out["pace"].append(pace.run())
                out[name].append(loads[name].run(what.count, what.rate))
        for helper in [*loads.values(), *filter(None, [pace])]:
            helper.stop()
        if "judging" in loads:
            self.check_judged(sum(load.delivered for load in loads.values() if load.proxy is self.proxies["judging"]))
        return out

    def check_judged(self, count):
        """So that the figures are of records that somebody looked at."""
        self.judged += count
        hold(self.proxies["judging"].valid() == self.judged, f"{self.proxies['judging'].valid():.0f} of {self.judged} records were judged valid")


def answers(address):
    host, port = address.split(":")
    try:
        with wire.Client(int(port), host=host, timeout=5) as client:
            return client.metadata([]).brokers
    except (OSError, EOFError):
        return None


def middle(rounds, what):
    return statistics.median(r[what] for r in rounds)


def ratio(a, b, what="us"):
    """The median over pairs."""
    return statistics.median(x[what] / y[what] for x, y in zip(a, b, strict=True))


def added(a, b, what="us"):
    return statistics.median(x[what] - y[what] for x, y in zip(a, b, strict=True))
