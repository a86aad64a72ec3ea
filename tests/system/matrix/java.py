"""Kafka's own command-line tools, of the release in KAFKA_TOOLS: each with what it prints and its exit code. What no
tool says is in Transactions.java and Shares.java. Tools.java runs them."""

import contextlib
import fcntl
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from broker import JAVA
from common import COUNT, expect, expect_values, main, plain, records, say, settled, value
from versions import BUILD, HERE, jars

RELEASE = os.environ["KAFKA_TOOLS"]
KAFKA_3 = RELEASE.startswith("3.")
# What 4.x calls otherwise.
INPUT, OUTPUT, CONSUMER, PRODUCER = (("--property", "--property", "--consumer-property", "--producer-property") if KAFKA_3 else
                                     ("--reader-property", "--formatter-property", "--command-property", "--command-property"))
KEYS = ("zero", "one")                             # whose hashes lead to partition 0 and 1
CONSOLE_CONSUMER = "org.apache.kafka.tools.consumer.ConsoleConsumer"
# What event-gateway(8) says that it leaves out of ApiVersions: what brokers speak among themselves, and the version of
# DescribeQuorum that tells the addresses of controllers.
CUT = re.compile(r"^((LeaderAndIsr|StopReplica|UpdateMetadata|ControlledShutdown|WriteTxnMarkers|"
                 r"(Initialize|Read|Write|Delete)ShareGroupState(Summary)?)\(|DescribeQuorum\(55\): 0 to [12] )")
ANY = None
LOGGED = re.compile(r"^\[[^]]+\] (WARN|ERROR|INFO) |^null$|^(Tools\$Ended: )?tool ended$|^at [A-Za-z]")
PLAIN = [(re.compile(pattern), word) for pattern, word in (
    (r"\s+", " "),
    (r"(127\.0\.0\.1|localhost)[: ]+[0-9]+", "ADDRESS"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID"),
    (r'"avg_throughput":[0-9.]+', '"avg_throughput":N'),
    (r"\b[0-9]{13}\b", "TIME"),
    (r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+(,[0-9]+)?(:[0-9]{3})?Z?", "TIME"),
    (r"\b(TopicId|TOPICID): \S+", r"\1: ID"),
    (r"Epoch: [0-9]+ ?$", "Epoch: N"),               # of the metadata log
    (r" [0-9]+ [0-9]+ TIME TIME", " N N TIME TIME"),
    (r', "endpoints": \[[^]]*\]', ""),              # see CUT
    (r"(?<![\w-])(?!A{10})[\w-]{22}(?![\w-])", "ID"),
    (r" [0-9]+ (TOPIC:[01])", r" N \1"),             # epochs of members
    (r"-----+", "----"))]


def classes():
    """Our own classes, compiled once against this release, by whichever process of a pair comes first."""
    target = BUILD / "tests-matrix" / f"java-{RELEASE}"
    sources = [HERE / "matrix" / name for name in ("Tools.java", "Transactions.java", *([] if KAFKA_3 else ["Shares.java"]))]
    stamp = target / ".complete"
    target.mkdir(parents=True, exist_ok=True)
    with open(target / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or any(source.stat().st_mtime > stamp.stat().st_mtime for source in sources):
            subprocess.run(["javac", "-proc:none", "-d", target, "-cp", f"{jars(RELEASE)}/*", *sources], check=True, stdin=subprocess.DEVNULL)
            stamp.touch()
    return target


class Tools:
    """The tools at one bootstrap address."""

    def __init__(self, bootstrap, topic, group):
        self.bootstrap, self.topic, self.group = bootstrap, topic, group
        self.own = f"{topic}-x"
        self.code = 0               # of the last run()
        self.numbers = topic.replace("matrix-", "plain-", 1)        # declared to hold numbers
        self.command = [*JAVA, "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", f"{classes()}:{jars(RELEASE)}/*"]
        self.process = subprocess.Popen([*self.command, "Tools"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def call(self, tool, *args, text="", address="--bootstrap-server"):
        """Runs a tool -> its exit code and the lines of its output and its errors, without names that differ."""
        line = list(args) if address is None else self.addressed(tool, [word for word in (address, self.bootstrap) if word], args)
        self.process.stdin.write(json.dumps({"tool": tool, "args": list(map(str, line)), "in": text}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return answer["exit"], self.lines(answer["out"]), [line for line in self.lines(answer["err"]) if not LOGGED.match(line)]

    @staticmethod
    def addressed(tool, where, args):
        """Most want the address first, one of them its sub-command."""
        return [args[0], *where, *args[1:]] if tool == "ClusterTool" else [*where, *args]

    def lines(self, text):
        return [self.plain(line) for line in text.splitlines() if line.strip()]

    def plain(self, line):
        line = plain(line.replace(self.numbers, "NUMBERS"), self.topic, self.group)
        for pattern, word in PLAIN:
            line = pattern.sub(word, line)
        return line.strip()

    def run(self, tool, *args, status=0, keep=None, ordered=True, wait=None, **how):
        """The same, said. keep: which lines of the output; ordered: whether its order counts; wait: what the lines
        have once the broker knows."""
        def once():
            code, out, err = self.call(tool, *args, **how)
            return code, [line for line in out if keep is None or keep(line)], err

        code, out, err = settled(once, lambda answer: wait is None or wait(answer[1]))
        self.code = code
        shown = [self.plain(str(arg)) for arg in args]
        say(f"{tool} {' '.join(shown)}", exit=code, out=out if ordered else sorted(out), err=err)
        expect(status in (code, ANY), f"{tool} {args} ends with {status}: {code} {out} {err}")
        return out

    def _process(self, name, args, **how):
        """The tool in a process of its own, as from its shell script."""
        command = [*self.command, name, "--bootstrap-server", self.bootstrap, *map(str, args)]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, text=True, **how)

    def alone(self, name, *args):
        """For what it does when its process ends -> the lines of its output."""
        process = self._process(name, args, stdout=subprocess.PIPE)
        out = self.lines(process.communicate(timeout=60)[0])
        say(f"{name} {' '.join(self.plain(str(arg)) for arg in args)}", exit=process.returncode, out=sorted(out))
        return out

    @contextlib.contextmanager
    def beside(self, name, *args):
        """A tool that runs on until the block ends."""
        process = self._process(name, args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield
        finally:
            process.terminate()
            process.wait()

    # ---- records ----

    def fill(self, *args, start=0, count=COUNT, **how):
        """The console producer has no say in the partition but by the key: records of two keys."""
        rows = "".join(f"n:{i}\t{KEYS[i % 2]}\t{v}\n" for i, (_, _, v, _) in enumerate(records(start, count), start))
        return self.run("ConsoleProducer", "--topic", self.topic, INPUT, "parse.key=true", INPUT, "parse.headers=true", *args,
                        text=rows, **how)

    def read(self, count, *args, topic=None, fields=("key", "headers", "partition", "offset")):
        """The console consumer -> its lines, in order of their places."""
        shown = [word for field in fields for word in (OUTPUT, f"print.{field}=true")]
        return self.run("ConsoleConsumer", "--topic", topic or self.topic, *args, "--max-messages", count, "--timeout-ms", 60000, *shown,
                        ordered=False)

    def read_back(self, wanted, *args):
        got = self.read(len(wanted), "--from-beginning", *args)
        expect_values([line[line.index("{"):] for line in got], wanted, "what was produced")


def values(start=0, count=COUNT):
    return [value(i) for i in range(start, start + count)]


def produce(t):
    t.fill()
    t.fill("--request-required-acks", "1", "--sync", "--timeout", 0, start=COUNT)
    t.fill("--request-required-acks", "0", PRODUCER, "enable.idempotence=false", start=2 * COUNT)
    t.read_back(values(0, 3 * COUNT))
    code, out, err = t.call("ConsoleProducer", "--topic", f"{t.topic}-none", PRODUCER, "max.block.ms=3000", text='{"lumens": 1}\n')
    say("to no topic", exit=code, out=out, err=err)
    verifiable(t)
    performance(t)


def verifiable(t):
    """Its values are numbers."""
    topic = t.numbers
    t.run("TopicCommand", "--create", "--topic", topic, "--partitions", 2, keep=lambda line: False)
    t.run("TopicCommand", "--describe", "--topic", topic, wait=lambda out: len(out) == 2 and "none" not in "".join(out),
          keep=lambda line: "Partition:" in line)
    out = t.alone("org.apache.kafka.tools.VerifiableProducer", "--topic", topic, "--max-messages", COUNT, "--acks", -1, "--repeating-keys", 4)
    expect(len([line for line in out if "producer_send_success" in line]) == COUNT, "each record is acknowledged")
    t.run("VerifiableConsumer", "--topic", topic, "--group-id", f"{t.group}-v", "--max-messages", COUNT, "--verbose", "--reset-policy", "earliest",
          ordered=False, keep=lambda line: '"record_data"' in line)


def performance(t):
    """The tools that measure: what they count, not how long it took."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as payload:
        payload.write("\n".join(values()))
        payload.flush()
        where = [] if not KAFKA_3 else ["--producer-props", f"bootstrap.servers={t.bootstrap}"]
        code, out, _ = t.call("ProducerPerformance", "--topic", t.topic, "--num-records", 1000, "--throughput", -1, "--payload-file", payload.name,
                              *where, address=None if KAFKA_3 else "--bootstrap-server")
    counted = [line.split(" records")[0] for line in out if "records sent" in line]
    say("ProducerPerformance", exit=code, sent=counted[-1:])
    expect(code == 0 and counted[-1] == "1000", f"1000 records are sent: {out}")
    code, out, _ = t.call("ConsumerPerformance", "--topic", t.topic, "--messages" if KAFKA_3 else "--num-records", 1000, "--timeout", 60000)
    named = dict(zip(re.split(", ?", out[0]), re.split(", ", out[-1].replace("TIME TIME", "TIME, TIME"))))
    say("ConsumerPerformance", exit=code, read=int(named["data.consumed.in.nMsg"]) >= 1000)
    expect(code == 0 and int(named["data.consumed.in.nMsg"]) >= 1000, f"1000 records are read: {out}")


def codec(name):
    def run(t):
        t.fill("--compression-codec", name)
        t.read_back(values())
    return run


def consume(t):
    t.fill()
    t.read_back(values())
    for partition in (0, 1):
        for offset in ("earliest", 15):
            t.read(5, "--partition", partition, "--offset", offset)
    t.run("GetOffsetShell", "--topic", t.topic)
    for stamp in (-1, -2, -3, -4, -5, 0, 1 << 42):
        t.run("GetOffsetShell", "--topic", t.topic, "--time", stamp, ordered=False,
              keep=(lambda line: False) if stamp == -3 else None)       # the newest of the same millisecond
    t.run("GetOffsetShell", "--topic-partitions", f"{t.topic}:1")
    t.read(COUNT, "--from-beginning", CONSUMER, "fetch.max.bytes=100", CONSUMER, "max.partition.fetch.bytes=100", CONSUMER, "check.crcs=true")


def group(*protocol):
    extra = [word for row in protocol for word in (CONSUMER, row)]
    kind = ["--group-protocol", "consumer"] if protocol else []

    def run(t):
        t.fill()
        t.read(COUNT, "--group", t.group, "--from-beginning", *extra)
        describe(t)
        t.fill(start=COUNT, count=4)
        got = t.read(4, "--group", t.group, *extra)
        expect_values([line[line.index("{"):] for line in got], values(COUNT, 4), "what came since")
        describe(t)
        t.run("VerifiableConsumer", "--topic", t.topic, "--group-id", f"{t.group}-v", "--max-messages", COUNT + 4, "--verbose",
              "--reset-policy", "earliest", *kind, ordered=False, keep=lambda line: '"record_data"' in line)
        with t.beside(CONSOLE_CONSUMER, "--topic", t.topic, "--group", t.group, *extra):
            with t.beside(CONSOLE_CONSUMER, "--topic", t.topic, "--group", t.group, *extra):
                active(t)
        t.run("ConsumerGroupCommand", "--group", t.group, "--describe", "--state", wait=lambda out: "Empty" in out[-1])
        change(t)
    return run


def describe(t):
    for what in ("--offsets", "--members", "--state"):
        t.run("ConsumerGroupCommand", "--group", t.group, "--describe", what, ordered=False)
    t.run("ConsumerGroupCommand", "--list", "--state", keep=lambda line: re.match(r"GROUP\b(?!-)", line) and "STATE" not in line)


def active(t):
    """Two members, a partition each."""
    t.run("ConsumerGroupCommand", "--group", t.group, "--describe", "--members", "--verbose", ordered=False,
          wait=lambda out: sum(bool(re.search(r" 1 (N|-) TOPIC:[01] (- -|N TOPIC:[01])| 1 (TOPIC)?\([01]\)$", line)) for line in out) == 2)
    t.run("ConsumerGroupCommand", "--group", t.group, "--describe", "--state", wait=lambda out: "Stable" in out[-1])
    t.run("ConsumerGroupCommand", "--group", t.group, "--describe", "--offsets", ordered=False)
    t.run("ConsumerGroupCommand", "--group", t.group, "--delete", status=ANY)
    t.run("ConsumerGroupCommand", "--group", t.group, "--reset-offsets", "--to-earliest", "--topic", t.topic, "--execute", status=ANY)


def reset(t, *how):
    """3.9 prints the rows without a line between them."""
    args = ["--group", t.group, "--reset-offsets", *how, "--topic", t.topic]
    code, out, err = t.call("ConsumerGroupCommand", *args)
    rows = re.findall("GROUP TOPIC [0-9]+ [0-9-]+", " ".join(out))
    say(" ".join(t.plain(str(arg)) for arg in args), exit=code, rows=sorted(rows), err=err)
    expect(code == 0 and len(rows) == 2, f"both partitions are reset: {out} {err}")


def change(t):
    for how in (["--to-earliest"], ["--to-offset", 7], ["--shift-by", 2], ["--to-latest"], ["--to-datetime", "2000-01-01T00:00:00.000"]):
        reset(t, *how, "--dry-run")
        reset(t, *how, "--execute")
        t.run("ConsumerGroupCommand", "--group", t.group, "--describe", ordered=False)
    t.run("ConsumerGroupCommand", "--group", t.group, "--delete-offsets", "--topic", f"{t.topic}:0")
    t.run("ConsumerGroupCommand", "--group", t.group, "--describe", ordered=False)
    t.run("ConsumerGroupCommand", "--group", t.group, "--delete")
    t.run("ConsumerGroupCommand", "--group", t.group, "--describe", status=ANY)


def idempotent(t):
    t.fill("--request-required-acks", "all", "--batch-size", 100, "--max-memory-bytes", 1000000, PRODUCER, "enable.idempotence=true",
           PRODUCER, "max.in.flight.requests.per.connection=5")
    t.read_back(values())
    producers(t, 1)


def producers(t, count):
    """Their ids are random: how many the partition knows."""
    code, out, err = t.call("TransactionsCommand", "describe-producers", "--topic", t.topic, "--partition", 0)
    say("TransactionsCommand describe-producers", exit=code, head=out[:1], count=len(out) - 1, err=err)
    expect(len(out) == count + 1, f"the partition knows {count} producers: {out}")


def transactions(t):
    t.fill()
    t.run("Transactions", t.topic, t.group, COUNT, address="")
    t.read_back(values(0, 2 * COUNT), "--isolation-level", "read_committed")
    t.read_back(values(0, 3 * COUNT), "--isolation-level", "read_uncommitted")
    for isolation in ("read_committed", "read_uncommitted"):
        t.read(2 * COUNT if isolation == "read_committed" else 3 * COUNT, "--group", f"{t.group}-{isolation}", "--from-beginning",
               "--isolation-level", isolation)
    mine = [line.split()[1:] for line in t.call("TransactionsCommand", "list")[1] if line.startswith("GROUP ")]
    say("TransactionsCommand list", states=[state for _, _, state in mine])
    t.run("TransactionsCommand", "describe", "--transactional-id", t.group, keep=lambda line: "TransactionalId" in line)
    producers(t, 2)
    t.run("TransactionsCommand", "find-hanging", "--topic", t.topic)
    t.run("TransactionsCommand", "forceTerminateTransaction", "--transactionalId", t.group, keep=lambda line: False) if not KAFKA_3 else None


# ---- admin ----

def topics(t):
    own = ["--topic", t.own]
    t.run("TopicCommand", "--create", *own, "--partitions", 2, "--config", "retention.ms=3600000")
    t.run("TopicCommand", "--create", *own, "--if-not-exists", "--partitions", 2)
    t.run("TopicCommand", "--create", *own, status=1, wait=lambda out: "already exists" in "".join(out))
    t.run("TopicCommand", "--create", "--topic", "bad name/", status=1)
    t.run("TopicCommand", "--create", "--topic", f"{t.own}-3", "--replication-factor", 3, status=1)
    t.run("TopicCommand", "--alter", *own, "--partitions", 4, wait=lambda out: True)
    t.run("TopicCommand", "--describe", *own, wait=lambda out: len(out) == 5 and "none" not in "".join(out))
    t.run("TopicCommand", "--alter", *own, "--partitions", 1, status=1)
    t.run("TopicCommand", "--describe", *own, "--topics-with-overrides")
    t.run("TopicCommand", "--describe", "--unavailable-partitions")
    t.run("TopicCommand", "--list", keep=lambda line: line == "TOPIC-x")
    t.run("TopicCommand", "--list", "--exclude-internal", "--topic", f"{t.topic}.*")


def configs(t):
    """Each kind of entity: set, see, take away."""
    user = ["--entity-type", "users", "--entity-name", t.group]
    for entity, row in ((["--entity-type", "topics", "--entity-name", t.own], "max.message.bytes=2000000"),
                        (user, "producer_byte_rate=104857600"), (user, "SCRAM-SHA-256=[iterations=4096,password=secret]"),
                        ([*user, "--entity-type", "clients", "--entity-name", t.group], "consumer_byte_rate=104857600"),
                        (["--entity-type", "ips", "--entity-name", "127.1.2.3"], "connection_creation_rate=1000"),
                        (["--entity-type", "client-metrics", "--entity-name", t.group], "interval.ms=60000"),
                        (["--entity-type", "groups", "--entity-name", t.group], "consumer.session.timeout.ms=50000")):
        name = row.split("=")[0]
        t.run("ConfigCommand", *entity, "--alter", "--add-config", row, status=ANY if "groups" in entity else 0)
        if t.code != 0:     # not in 3.9
            continue
        t.run("ConfigCommand", *entity, "--describe", wait=lambda out: name in "".join(out))
        t.run("ConfigCommand", *entity, "--alter", "--delete-config", name)
        t.run("ConfigCommand", *entity, "--describe", wait=lambda out: name not in "".join(out))
    t.run("ConfigCommand", "--entity-type", "topics", "--entity-name", t.own, "--describe", "--all")
    t.run("ConfigCommand", "--entity-type", "topics", "--entity-name", t.own, "--alter", "--add-config", "retention.ms=soon", status=1)
    t.run("ConfigCommand", "--entity-type", "brokers", "--entity-name", 1, "--describe", "--all",
          keep=lambda line: not re.search("listeners|quorum|log.dir", line))
    t.run("ConfigCommand", "--entity-type", "broker-loggers", "--entity-name", 1, "--describe", keep=lambda line: "kafka.server.KafkaApis=" in line)


def metrics(t):
    t.run("ClientMetricsCommand", "--alter", "--name", t.group, "--metrics", "org.apache.kafka.producer.", "--interval", 60000)
    t.run("ClientMetricsCommand", "--describe", "--name", t.group, wait=lambda out: "60000" in "".join(out))
    t.run("ClientMetricsCommand", "--list", keep=lambda line: line == "GROUP", wait=lambda out: out)
    t.run("ClientMetricsCommand", "--delete", "--name", t.group)


def acls(t):
    rule = ["--operation", "Read", "--operation", "Describe", "--topic", t.own]
    t.run("AclCommand", "--add", "--allow-principal", "User:bob", *rule, ordered=False)
    t.run("AclCommand", "--list", "--topic", t.own, ordered=False, wait=lambda out: "READ" in "".join(out))
    t.run("AclCommand", "--remove", "--force", "--allow-principal", "User:bob", *rule, ordered=False)
    t.run("AclCommand", "--list", "--topic", t.own, wait=lambda out: "READ" not in "".join(out))


def partitions(t):
    """Records deleted, leaders elected, replicas moved to where they are."""
    t.run("GetOffsetShell", "--topic", t.own)
    with tempfile.TemporaryDirectory() as folder:
        def plan(name, content):
            (pathlib.Path(folder) / name).write_text(json.dumps(content))
            return f"{folder}/{name}"

        def tool(*args, path, **how):
            code, out, err = t.call(*args, path)
            say(" ".join(map(t.plain, args)), exit=code, out=sorted(out), err=err, **how)
            expect(code == 0, f"{args}: {out} {err}")

        one = [{"topic": t.own, "partition": 0}]
        tool("DeleteRecordsCommand", "--offset-json-file", path=plan("delete", {"version": 1, "partitions": [{**one[0], "offset": 0}]}))
        tool("LeaderElectionCommand", "--election-type", "preferred", "--path-to-json-file", path=plan("elect", {"partitions": one}))
        move = plan("move", {"version": 1, "partitions": [{**one[0], "replicas": [1]}]})
        tool("ReassignPartitionsCommand", "--execute", "--reassignment-json-file", path=move)
        tool("ReassignPartitionsCommand", "--verify", "--reassignment-json-file", path=move)
        wanted = plan("topics", {"version": 1, "topics": [{"topic": t.own}]})
        tool("ReassignPartitionsCommand", "--generate", "--broker-list", "1", "--topics-to-move-json-file", path=wanted)
    t.run("ReassignPartitionsCommand", "--list")
    t.run("LogDirsCommand", "--describe", "--topic-list", t.own, "--broker-list", 1, keep=lambda line: not line.startswith("{"))


def cluster(t):
    t.run("BrokerApiVersionsCommand", keep=lambda line: not CUT.match(line))
    t.run("FeatureCommand", "describe")
    t.run("FeatureCommand", "upgrade", "--feature", "nothing.version=1", status=1)
    t.run("MetadataQuorumCommand", "describe", "--status", keep=lambda line: re.match("ClusterId|LeaderId|LeaderEpoch|CurrentVoters", line))
    t.run("MetadataQuorumCommand", "describe", "--replication", keep=lambda line: line.endswith("Leader"), wait=lambda out: out)
    t.run("ClusterTool", "cluster-id")
    t.run("ClusterTool", "list-endpoints") if not KAFKA_3 else None
    t.run("ClusterTool", "unregister", "--id", 99, status=1)
    t.run("TransactionsCommand", "list", keep=lambda line: line.startswith("TransactionalId"))
    t.run("ConsumerGroupCommand", "--list", keep=lambda line: line == "GROUP")
    t.run("GroupsCommand", "--list", keep=lambda line: line.startswith("GROUP TYPE")) if not KAFKA_3 else None
    with tempfile.NamedTemporaryFile() as empty:
        code, out, err = t.call("DelegationTokenCommand", "--create", "--max-life-time-period", -1, "--command-config", empty.name)
        say("DelegationTokenCommand --create", exit=code, out=out, err=err)


def admin(t):
    for step in (topics, configs, metrics, acls, partitions, cluster):
        step(t)
    t.run("TopicCommand", "--delete", "--topic", t.own)
    t.run("TopicCommand", "--delete", "--topic", t.own, status=1)


# ---- share groups ----

def share(t):
    begin = ["--entity-type", "groups", "--alter", "--add-config", "share.auto.offset.reset=earliest", "--entity-name"]
    for name in (t.group, f"{t.group}-e"):
        t.run("ConfigCommand", *begin, name)
    t.fill()
    shown = [word for field in ("key", "partition", "offset", "delivery") for word in (OUTPUT, f"print.{field}=true")]
    got = t.run("ConsoleShareConsumer", "--topic", t.topic, "--group", t.group, "--max-messages", COUNT, "--timeout-ms", 60000, *shown, ordered=False)
    expect_values([line[line.index("{"):] for line in got], values(), "each once")
    for what in ("--offsets", "--members", "--state"):
        t.run("ShareGroupCommand", "--group", t.group, "--describe", what)
    t.run("ShareGroupCommand", "--list", keep=lambda line: line == "GROUP")
    t.run("GroupsCommand", "--list", "--share", keep=lambda line: line.startswith("GROUP "))
    t.run("Shares", t.topic, f"{t.group}-e", COUNT, address="")
    t.run("VerifiableShareConsumer", "--topic", t.topic, "--group-id", f"{t.group}-v", "--max-messages", COUNT, "--offset-reset-strategy", "earliest",
          keep=lambda line: "reset" in line)
    t.run("ShareGroupCommand", "--group", t.group, "--reset-offsets", "--to-earliest", "--topic", t.topic, "--execute", ordered=False)
    t.run("ShareGroupCommand", "--group", t.group, "--delete-offsets", "--topic", t.topic)
    t.run("ShareGroupCommand", "--group", t.group, "--delete")


FEATURES = {"produce": produce, **{name: codec(name) for name in ("gzip", "snappy", "lz4", "zstd")}, "consume": consume, "group": group(),
            "group-next": group("group.protocol=consumer"), "idempotent": idempotent, "transactions": transactions, "admin": admin,
            "share": share}


def with_tools(feature):
    def run(bootstrap, topic, group):
        tools = Tools(bootstrap, topic, group)
        feature(tools)
        tools.process.stdin.close()
        tools.process.wait()
    return run


main({name: with_tools(feature) for name, feature in FEATURES.items()})
