"""kafka-python 2.0.2, which is Debian's python3-kafka: every feature of the matrix that it has."""

import threading
import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ACL, ACLFilter, ACLOperation, ACLPermissionType, ConfigResource, ConfigResourceType, NewPartitions, NewTopic
from kafka.admin import ResourcePattern, ResourcePatternFilter, ResourceType
from kafka.errors import KafkaError, OffsetOutOfRangeError
from kafka.structs import OffsetAndMetadata

import common
from common import COUNT, expect, expect_values, plain, records, say, settled, text

SECONDS = 60


def send_all(bootstrap, topic, rows, **how):
    """Every record, and a line for each outcome in their order."""
    about = {key: str(value) for key, value in how.items() if key == "acks"}
    producer = KafkaProducer(bootstrap_servers=bootstrap, **how)
    futures = [producer.send(topic, value.encode(), key.encode(), headers, partition) for partition, key, value, headers in rows]
    producer.flush(SECONDS)
    for future in futures:
        stored = future.get(SECONDS)
        say("stored", partition=stored.partition, offset=stored.offset, sizes=[stored.serialized_key_size, stored.serialized_value_size], **about)
    producer.close(SECONDS)


def fill(bootstrap, topic, **how):
    send_all(bootstrap, topic, records(), linger_ms=50, **how)


def take(consumer, count):
    """`count` records, in order of their places."""
    got, end = [], time.monotonic() + SECONDS
    while len(got) < count and time.monotonic() < end:
        for batch in consumer.poll(200).values():
            got += batch
    expect(len(got) == count, f"{count} records come; {len(got)} did")
    return sorted(got, key=lambda r: (r.partition, r.offset))


def show(what, got):
    for r in got:
        say(what, partition=r.partition, offset=r.offset, key=text(r.key), value=text(r.value), headers=[[name, text(value)] for name, value in r.headers])
    return [text(r.value) for r in got]


def read_back(bootstrap, topic, wanted, **how):
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="earliest", **how)
    consumer.assign([TopicPartition(topic, p) for p in (0, 1)])
    expect_values(show("read", take(consumer, len(wanted))), wanted, "what was produced")
    consumer.close()


def values(start=0, count=COUNT):
    return [r[2] for r in records(start, count)]


def produce(bootstrap, topic, group):
    for number, acks in enumerate(("all", 1, 0)):
        send_all(bootstrap, topic, records(number * COUNT), acks=acks)
    read_back(bootstrap, topic, values(0, 3 * COUNT))
    producer = KafkaProducer(bootstrap_servers=bootstrap, max_request_size=2000000, max_block_ms=3000, retries=0)
    for name, value in ((topic, '{"lumens": 1, "more": "%s"}' % ("x" * 1200000)), (f"{topic}-none", "{}")):
        try:
            producer.send(name, value.encode(), partition=0).get(SECONDS)
            raise SystemExit("not so: that is refused")
        except KafkaError as error:
            say("refused", error=type(error).__name__)
    producer.close(SECONDS)


def codec(name):
    def run(bootstrap, topic, group):
        fill(bootstrap, topic, compression_type=name)
        read_back(bootstrap, topic, values())
    return run


def consume(bootstrap, topic, group):
    fill(bootstrap, topic)
    read_back(bootstrap, topic, values())
    read_back(bootstrap, topic, values(), max_partition_fetch_bytes=100, check_crcs=True)
    both = [TopicPartition(topic, p) for p in (0, 1)]
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="none")
    say("partitions", partitions=sorted(consumer.partitions_for_topic(topic)), listed=topic in consumer.topics())
    say("offsets", beginning=sorted(consumer.beginning_offsets(both).values()), end=sorted(consumer.end_offsets(both).values()))
    for stamp in (1, 1 << 42):
        say("offsets for times", stamp=stamp, offsets=[found and found.offset for found in consumer.offsets_for_times(dict.fromkeys(both, stamp)).values()])
    consumer.assign(both)
    for partition, offset in zip(both, (15, 12)):
        consumer.seek(partition, offset)
    show("from an offset", take(consumer, 13))
    consumer.seek(both[0], 1000)
    consumer.pause(both[1])
    try:
        settled(lambda: consumer.poll(200), lambda answer: False)
    except OffsetOutOfRangeError as error:
        say("out of range", error=type(error).__name__)
    consumer.close()


def member(bootstrap, topic, group):
    return KafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False,
                         heartbeat_interval_ms=200)


def shared(members):
    """Polls each in a thread, for a join waits for the other's, until they have a partition each."""
    done = threading.Event()

    def poll(one):
        while not done.is_set():
            expect(not one.poll(100), "no record comes again")

    threads = [threading.Thread(target=poll, args=(one,)) for one in members]
    for thread in threads:
        thread.start()
    shares = settled(lambda: [sorted(p.partition for p in one.assignment()) for one in members], lambda shares: sorted(map(len, shares)) == [1, 1])
    done.set()
    for thread in threads:
        thread.join()
    return sorted(sum(shares, []))


def group(bootstrap, topic, group):
    fill(bootstrap, topic)
    one = member(bootstrap, topic, group)
    show("first", take(one, COUNT))
    one.commit()
    two = member(bootstrap, topic, group)
    say("shared", partitions=shared([one, two]))
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    described(admin, group)
    two.close()
    one.close()
    described(admin, group)
    send_all(bootstrap, topic, records(COUNT, 4))
    again = member(bootstrap, topic, group)
    expect_values(show("goes on", take(again, 4)), values(COUNT, 4), "what came since")
    again.commit()
    say("committed", offsets=[again.committed(TopicPartition(topic, p)) for p in (0, 1)])
    again.close()
    admin.close()


def described(admin, group):
    found = admin.describe_consumer_groups([group])[0]
    say("group", error=found.error_code, state=found.state, kind=found.protocol_type, protocol=found.protocol, members=len(found.members))
    say("listed", kind=dict(admin.list_consumer_groups())[group])


class Admin:
    """The calls of KafkaAdminClient one after the other, each with its line."""

    def __init__(self, bootstrap, topic, group):
        self.client = KafkaAdminClient(bootstrap_servers=bootstrap)
        self.bootstrap, self.topic, self.group = bootstrap, topic, group
        self.own = f"{topic}-x"

    def call(self, what, call, *args):
        """A line with the answer, or with the error's name."""
        try:
            answer = getattr(call(*args), "topic_errors", None) or "done"
        except KafkaError as error:
            answer = type(error).__name__
        say(what, answer=plain(str(answer), self.topic, self.group))

    def topics(self):
        for name, partitions in ((self.own, 2), (self.own, 2), (f"{self.own}-many", 0)):
            self.call("create topic", self.client.create_topics, [NewTopic(name, partitions, 1, topic_configs={"retention.ms": "3600000"})])
        self.call("more partitions", self.client.create_partitions, {self.own: NewPartitions(4)})
        self.call("fewer partitions", self.client.create_partitions, {self.own: NewPartitions(1)})
        found = settled(lambda: self.client.describe_topics([self.own])[0], lambda t: len(t["partitions"]) == 4)
        for p in sorted(found["partitions"], key=lambda p: p["partition"]):
            say("partition", **{key: p[key] for key in ("partition", "leader", "replicas", "isr", "error_code")})
        say("no topic", error=self.client.describe_topics([f"{self.own}-none"])[0]["error_code"])
        say("listed", there=self.own in self.client.list_topics())

    def configs(self):
        for value in ("7200000", "soon"):
            self.call("alter config", self.client.alter_configs, [ConfigResource(ConfigResourceType.TOPIC, self.own, {"retention.ms": value})])

        def rows():
            answer = self.client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, self.own)])[0]
            return sorted([name, value, read_only, source] for name, value, read_only, source, *_ in answer.resources[0][4])

        say("configs", rows=settled(rows, lambda found: ["retention.ms", "7200000", False, 1] in found))

    def groups(self):
        send_all(self.bootstrap, self.own, records())
        reader = KafkaConsumer(bootstrap_servers=self.bootstrap, group_id=self.group, enable_auto_commit=False)
        reader.commit({TopicPartition(self.own, p): OffsetAndMetadata(9 + p, "note") for p in (0, 1)})
        reader.close()
        described(self.client, self.group)
        offsets = self.client.list_consumer_group_offsets(self.group)
        say("offsets", offsets=sorted([p.partition, o.offset, o.metadata] for p, o in offsets.items()))
        for _ in range(2):
            answer = self.client.delete_consumer_groups([self.group])
            say("delete group", answer=[error.__name__ for _, error in answer])

    def acls(self):
        pattern = ResourcePattern(ResourceType.TOPIC, self.own)
        rule = ACL("User:bob", "*", ACLOperation.READ, ACLPermissionType.ALLOW, pattern)
        wanted = ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ANY, ResourcePatternFilter(ResourceType.TOPIC, self.own, pattern.pattern_type))
        say("create acl", failed=len(self.client.create_acls([rule])["failed"]))
        found = settled(lambda: self.client.describe_acls(wanted), lambda answer: answer[0])
        say("acls", count=len(found[0]), error=found[1].__name__)
        say("delete acls", deleted=[len(gone[1]) for gone in self.client.delete_acls([wanted])])

    def cluster(self):
        found = self.client.describe_cluster()
        say("cluster", id=found["cluster_id"], controller=found["controller_id"], brokers=[b["node_id"] for b in found["brokers"]])

    def end(self):
        for _ in range(2):
            self.call("delete topic", self.client.delete_topics, [self.own])


def admin(bootstrap, topic, group):
    calls = Admin(bootstrap, topic, group)
    for step in (calls.topics, calls.configs, calls.groups, calls.acls, calls.cluster, calls.end):
        step()


common.main({"produce": produce, **{name: codec(name) for name in ("gzip", "snappy", "lz4", "zstd")}, "consume": consume, "group": group,
             "admin": admin})
