"""confluent-kafka (librdkafka), every feature of the matrix."""

import time

from confluent_kafka import (OFFSET_BEGINNING, Consumer, ConsumerGroupState, ConsumerGroupTopicPartitions, ElectionType,
                             IsolationLevel, KafkaError, KafkaException, Producer, ShareConsumer, TopicCollection, TopicPartition)
from confluent_kafka.admin import (AclBinding, AclBindingFilter, AclOperation, AclPermissionType, AdminClient, AlterConfigOpType,
                                   ConfigEntry, ConfigResource, NewPartitions, NewTopic, OffsetSpec, ResourcePatternType,
                                   ResourceType, ScramCredentialInfo, ScramMechanism, UserScramCredentialDeletion,
                                   UserScramCredentialUpsertion)

import common
from common import COUNT, expect, expect_values, plain, records, say, settled, text

SECONDS = 60


def settings(bootstrap, **more):
    return {"bootstrap.servers": bootstrap, "log_level": 3, **{key.replace("_", "."): value for key, value in more.items()}}


def send_all(producer, topic, rows, **lines):
    """Every record, and a line for each outcome in their order."""
    outcomes = []

    def report(error, message):
        outcomes.append((message.partition(), text(message.key()), error.name() if error else message.offset()))

    for partition, key, value, headers in rows:
        producer.produce(topic, value, key, partition=partition, headers=headers, on_delivery=report)
    expect(producer.flush(SECONDS) == 0, "all are flushed")
    for partition, key, outcome in sorted(outcomes, key=str):
        say("stored", partition=partition, key=key, outcome=outcome, **lines)
    return [outcome for _, _, outcome in outcomes]


def fill(bootstrap, topic, **how):
    """The records of the matrix into both partitions."""
    expect(all(isinstance(o, int) for o in send_all(Producer(settings(bootstrap, linger_ms=50, **how)), topic, records())), "all are stored")


def take(consumer, count, seconds=SECONDS):
    """`count` records, in order of their places."""
    got, end = [], time.monotonic() + seconds
    while len(got) < count and time.monotonic() < end:
        record = consumer.poll(0.2)
        if record is not None and not record.error():
            got.append(record)
        elif record is not None and record.error().code() != KafkaError._PARTITION_EOF:
            raise KafkaException(record.error())
    expect(len(got) == count, f"{count} records come; {len(got)} did")
    return sorted(got, key=lambda r: (r.partition(), r.offset()))


def show(what, got):
    for r in got:
        say(what, partition=r.partition(), offset=r.offset(), key=text(r.key()), value=text(r.value()), epoch=r.leader_epoch(),
            headers=[[name, text(value)] for name, value in r.headers() or []])


def read_back(bootstrap, topic, what="read", count=COUNT, **how):
    """From the beginning of both partitions, without a group."""
    consumer = Consumer(settings(bootstrap, group_id="unused", **how))
    consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in (0, 1)])
    got = take(consumer, count)
    consumer.close()
    show(what, got)
    return [text(r.value()) for r in got]


def filled(bootstrap, topic, **how):
    fill(bootstrap, topic, **how)
    expect_values(read_back(bootstrap, topic), [r[2] for r in records()], "what was produced")


def produce(bootstrap, topic, group):
    for acks in ("all", "1", "0"):
        outcomes = send_all(Producer(settings(bootstrap, acks=acks)), topic, records(), acks=acks)
        expect(len(outcomes) == COUNT and not any(isinstance(o, str) for o in outcomes), f"all are sent with acks={acks}")
    big = '{"lumens": 1, "more": "%s"}' % ("x" * 1200000)
    send_all(Producer(settings(bootstrap, message_max_bytes=2000000)), topic, [(0, "big", big, [])], big=True)
    send_all(Producer(settings(bootstrap, message_timeout_ms=5000)), f"{topic}-none", [(0, "nowhere", "{}", [])], nowhere=True)
    expect_values(read_back(bootstrap, topic, count=3 * COUNT), 3 * [r[2] for r in records()], "what was produced")


def codec(name):
    def run(bootstrap, topic, group):
        filled(bootstrap, topic, compression_codec=name)
        time_index(bootstrap, topic)
    return run


def time_index(bootstrap, topic):
    consumer = Consumer(settings(bootstrap, group_id="unused"))
    for partition in (0, 1):
        say("watermarks", partition=partition, offsets=consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=SECONDS))
    for stamp in (0, 1 << 42):
        found = consumer.offsets_for_times([TopicPartition(topic, p, stamp) for p in (0, 1)], timeout=SECONDS)
        say("offsets for times", stamp=stamp, offsets=[(p.partition, p.offset) for p in found])
    consumer.close()


def consume(bootstrap, topic, group):
    filled(bootstrap, topic)
    time_index(bootstrap, topic)
    consumer = Consumer(settings(bootstrap, group_id="unused", enable_partition_eof=False, fetch_message_max_bytes=100))
    consumer.assign([TopicPartition(topic, 0, 15), TopicPartition(topic, 1, 12)])
    show("from an offset", take(consumer, 13))
    consumer.seek(TopicPartition(topic, 1, 18))
    show("from there again", take(consumer, 2))
    consumer.assign([TopicPartition(topic, 0, 1000)])       # beyond the end: reset to the end
    expect(consumer.poll(1) is None, "nothing comes from beyond the end")
    say("position", offsets=[p.offset for p in consumer.committed([TopicPartition(topic, 0)], timeout=SECONDS)])
    consumer.close()
    lost = Consumer(settings(bootstrap, group_id="unused", auto_offset_reset="error"))
    lost.assign([TopicPartition(topic, 0, 1000)])
    record = lost.poll(SECONDS)
    say("out of range", error=record.error().name())
    lost.close()


def member(bootstrap, topic, group, **how):
    consumer = Consumer(settings(bootstrap, group_id=group, enable_auto_commit=False, auto_offset_reset="earliest", **how))
    consumer.subscribe([topic])
    return consumer


def both_assigned(one, two):
    """Polls two members until each has a partition, and until nobody takes any record."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        expect(not [r for r in (one.poll(0.1), two.poll(0.1)) if r is not None], "no record comes again")
        if sorted(len(c.assignment()) for c in (one, two)) == [1, 1]:
            return sorted(p.partition for c in (one, two) for p in c.assignment())
    raise SystemExit("not so: two members share the topic")


def described(bootstrap, topic, group):
    admin = AdminClient(settings(bootstrap))
    found = admin.describe_consumer_groups([group], request_timeout=SECONDS)[group].result()
    members = sorted([(p.topic.replace(topic, "TOPIC"), p.partition) for p in m.assignment.topic_partitions] for m in found.members)
    say("group", state=found.state.name, kind=found.type.name, assignor=found.partition_assignor, simple=found.is_simple_consumer_group,
        coordinator=found.coordinator.id, members=members)


def grouped(**how):
    def run(bootstrap, topic, group):
        fill(bootstrap, topic)
        one = member(bootstrap, topic, group, **how)
        show("first", take(one, COUNT))
        one.commit(asynchronous=False)
        two = member(bootstrap, topic, group, **how)
        say("shared", partitions=both_assigned(one, two))
        described(bootstrap, topic, group)
        two.close()
        one.close()
        described(bootstrap, topic, group)
        send_all(Producer(settings(bootstrap)), topic, records(COUNT, 4))
        again = member(bootstrap, topic, group, **how)
        got = take(again, 4)
        show("goes on", got)
        expect_values([text(r.value()) for r in got], [r[2] for r in records(COUNT, 4)], "what came since")
        again.commit(asynchronous=False)
        offsets = again.committed([TopicPartition(topic, p) for p in (0, 1)], timeout=SECONDS)
        say("committed", offsets=[p.offset for p in offsets])
        again.close()
    return run


def idempotent(bootstrap, topic, group):
    filled(bootstrap, topic, enable_idempotence=True, batch_num_messages=5)


def transactions(bootstrap, topic, group):
    fill(bootstrap, topic)
    reader = member(bootstrap, topic, group)
    taken = take(reader, COUNT)
    producer = Producer(settings(bootstrap, transactional_id=group))
    producer.init_transactions(SECONDS)
    producer.begin_transaction()
    send_all(producer, topic, records(COUNT, COUNT), transaction="committed")
    producer.send_offsets_to_transaction([TopicPartition(topic, p, COUNT // 2) for p in (0, 1)], reader.consumer_group_metadata(), SECONDS)
    producer.commit_transaction(SECONDS)
    expect(len(taken) == COUNT, "the reader had all")
    producer.begin_transaction()
    send_all(producer, topic, records(2 * COUNT, COUNT), transaction="aborted")
    producer.abort_transaction(SECONDS)
    say("committed", offsets=[p.offset for p in reader.committed([TopicPartition(topic, p) for p in (0, 1)], timeout=SECONDS)])
    reader.close()
    fenced(bootstrap, topic, group, producer)
    wanted = [r[2] for r in records(0, 2 * COUNT)]
    expect_values(read_back(bootstrap, topic, "read committed", 2 * COUNT, isolation_level="read_committed"), wanted, "read committed")
    wanted = [r[2] for r in records(0, 3 * COUNT)]
    expect_values(read_back(bootstrap, topic, "read uncommitted", 3 * COUNT, isolation_level="read_uncommitted"), wanted, "uncommitted")


def fenced(bootstrap, topic, group, producer):
    """A second producer of the same name ends the first."""
    second = Producer(settings(bootstrap, transactional_id=group))
    second.init_transactions(SECONDS)
    try:
        producer.begin_transaction()
        producer.produce(topic, '{"lumens": 0}', partition=0)
        producer.commit_transaction(SECONDS)
        raise SystemExit("not so: the first producer is fenced")
    except KafkaException as error:
        say("fenced", error=error.args[0].name(), fatal=error.args[0].fatal())


def outcome(future):
    """The result, or the name of the error."""
    try:
        return future.result(SECONDS)
    except KafkaException as error:
        return error.args[0].name()


class Admin:
    """The calls of AdminClient one after the other, each with its line."""

    def __init__(self, bootstrap, topic, group):
        self.client = AdminClient(settings(bootstrap))
        self.bootstrap, self.topic, self.group = bootstrap, topic, group
        self.own = f"{topic}-x"

    def say(self, what, answer):
        common.say(what, answer=plain(str(answer), self.topic, self.group))

    def topics(self):
        for name, partitions in ((self.own, 2), (self.own, 2), (f"{self.own}-many", 0), ("bad name/", 1)):
            for future in self.client.create_topics([NewTopic(name, partitions, 1, config={"retention.ms": "3600000"})]).values():
                self.say("create topic", outcome(future))
        self.say("create partitions", [outcome(f) for f in self.client.create_partitions([NewPartitions(self.own, 4)]).values()])
        self.say("fewer partitions", [outcome(f) for f in self.client.create_partitions([NewPartitions(self.own, 1)]).values()])
        self.say("describe topic", settled(lambda: self.described_topic(self.own), lambda found: len(found[-1]) == 4))
        self.say("describe no topic", self.described_topic(f"{self.own}-none"))
        self.say("listed", self.own in self.client.list_topics(timeout=SECONDS).topics)

    def described_topic(self, name):
        found = outcome(self.client.describe_topics(TopicCollection([name]))[name])
        if isinstance(found, str):
            return found
        partitions = [(p.id, p.leader and p.leader.id, [n.id for n in p.replicas], [n.id for n in p.isr]) for p in found.partitions]
        return [found.is_internal, partitions]

    def configs(self):
        resource = ConfigResource(ConfigResource.Type.TOPIC, self.own)
        resource.add_incremental_config(ConfigEntry("max.message.bytes", "2000000", incremental_operation=AlterConfigOpType.SET))
        self.say("alter config", [outcome(f) for f in self.client.incremental_alter_configs([resource]).values()])
        old = ConfigResource(ConfigResource.Type.TOPIC, self.own, set_config={"retention.ms": "7200000"})
        self.say("alter config, old way", [outcome(f) for f in self.client.alter_configs([old]).values()])
        bad = ConfigResource(ConfigResource.Type.TOPIC, self.own, set_config={"retention.ms": "soon"})
        self.say("bad config", [outcome(f) for f in self.client.alter_configs([bad]).values()])
        self.say("describe configs", settled(lambda: self.config("TOPIC", self.own), lambda rows: ("retention.ms", "7200000", 1, False, False) in rows))
        self.say("describe configs", [row for row in self.config("BROKER", "1") if "listeners" not in row[0] and "dir" not in row[0]])

    def config(self, kind, name):
        which = ConfigResource(ConfigResource.Type[kind], name)
        entries = outcome(self.client.describe_configs([which])[which])
        return sorted((e.name, e.value, e.source, e.is_read_only, e.is_sensitive) for e in entries.values())

    def records(self):
        fill(self.bootstrap, self.own)
        for spec in (OffsetSpec.earliest(), OffsetSpec.latest(), OffsetSpec.max_timestamp(), OffsetSpec.for_timestamp(1000)):
            for isolation in (IsolationLevel.READ_UNCOMMITTED, IsolationLevel.READ_COMMITTED):
                wanted = {TopicPartition(self.own, p): spec for p in (0, 1)}
                found = self.client.list_offsets(wanted, isolation_level=isolation)
                stamp = isinstance(spec, type(OffsetSpec.max_timestamp()))
                self.say("offsets", sorted((p.partition, "some" if stamp else outcome(f).offset) for p, f in found.items()))
        found = self.client.delete_records([TopicPartition(self.own, 0, 7), TopicPartition(self.own, 1, 1 << 40)])
        self.say("delete records", sorted((p.partition, getattr(outcome(f), "low_watermark", None) or outcome(f)) for p, f in found.items()))
        self.say("elect leaders", sorted((p.partition, str(e and e.name())) for p, e in outcome(
            self.client.elect_leaders(ElectionType.PREFERRED, [TopicPartition(self.own, p) for p in (0, 1)])).items()))

    def groups(self):
        reader = member(self.bootstrap, self.own, self.group)
        take(reader, COUNT - 7)
        reader.commit(asynchronous=False)
        for active in (True, False):
            described(self.bootstrap, self.own, self.group)
            listed = outcome(self.client.list_consumer_groups())
            self.say("list groups", [(g.state.name, g.type.name) for g in listed.valid if g.group_id == self.group])
            if active:
                self.say("delete an active group", [outcome(f) for f in self.client.delete_consumer_groups([self.group]).values()])
                reader.close()
        self.say("state filter", [g.state.name for g in outcome(self.client.list_consumer_groups(states={ConsumerGroupState.EMPTY})).valid
                                  if g.group_id == self.group])
        self.offsets([ConsumerGroupTopicPartitions(self.group)])
        moved = ConsumerGroupTopicPartitions(self.group, [TopicPartition(self.own, p, 9) for p in (0, 1)])
        self.say("alter offsets", [len(outcome(f).topic_partitions) for f in self.client.alter_consumer_group_offsets([moved]).values()])
        self.offsets([ConsumerGroupTopicPartitions(self.group, [TopicPartition(self.own, p) for p in (0, 1, 2)])])
        self.say("delete group", [outcome(f) for f in self.client.delete_consumer_groups([self.group]).values()])
        self.say("delete no group", [outcome(f) for f in self.client.delete_consumer_groups([self.group]).values()])
        self.say("describe no group", [getattr(outcome(f), "state", outcome(f)) for f in self.client.describe_consumer_groups([self.group]).values()])

    def offsets(self, wanted):
        for future in self.client.list_consumer_group_offsets(wanted).values():
            self.say("group offsets", sorted((p.partition, p.offset) for p in outcome(future).topic_partitions))

    def security(self):
        rule = AclBinding(ResourceType.TOPIC, self.own, ResourcePatternType.LITERAL, "User:bob", "*", AclOperation.READ, AclPermissionType.ALLOW)
        wanted = AclBindingFilter(ResourceType.TOPIC, self.own, ResourcePatternType.ANY, None, None, AclOperation.ANY, AclPermissionType.ANY)
        self.say("create acl", [outcome(f) for f in self.client.create_acls([rule]).values()])
        self.say("describe acls", settled(lambda: outcome(self.client.describe_acls(wanted)), bool))
        self.say("delete acls", [outcome(f) for f in self.client.delete_acls([wanted]).values()])
        self.say("describe acls", settled(lambda: outcome(self.client.describe_acls(wanted)), lambda found: not found))
        user = self.group
        change = UserScramCredentialUpsertion(user, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096), b"secret", b"salt")
        self.say("upsert credential", [outcome(f) for f in self.client.alter_user_scram_credentials([change]).values()])
        self.say("describe credential", settled(lambda: self.credentials(user), lambda found: isinstance(found, list)))
        change = UserScramCredentialDeletion(user, ScramMechanism.SCRAM_SHA_256)
        self.say("delete credential", [outcome(f) for f in self.client.alter_user_scram_credentials([change]).values()])
        self.say("describe no credential", settled(lambda: self.credentials(user), lambda found: isinstance(found, str)))

    def credentials(self, user):
        found = outcome(self.client.describe_user_scram_credentials([user])[user])
        return found if isinstance(found, str) else [(i.mechanism.name, i.iterations) for i in found.scram_credential_infos]

    def cluster(self):
        found = outcome(self.client.describe_cluster(include_authorized_operations=True))
        self.say("cluster", [found.cluster_id, found.controller.id, [(n.id, n.rack) for n in found.nodes],
                             sorted(o.name for o in found.authorized_operations)])
        metadata = self.client.list_topics(timeout=SECONDS)
        self.say("metadata", [metadata.cluster_id, metadata.controller_id, sorted(metadata.brokers)])

    def end(self):
        for _ in range(2):
            self.say("delete topic", [outcome(f) for f in self.client.delete_topics([self.own]).values()])


def admin(bootstrap, topic, group):
    calls = Admin(bootstrap, topic, group)
    for step in (calls.topics, calls.configs, calls.records, calls.groups, calls.security, calls.cluster, calls.end):
        step()


def share(bootstrap, topic, group):
    client = AdminClient(settings(bootstrap))
    resource = ConfigResource(ConfigResource.Type.GROUP, group)
    resource.add_incremental_config(ConfigEntry("share.auto.offset.reset", "earliest", incremental_operation=AlterConfigOpType.SET))
    say("group config", answer=[outcome(f) for f in client.incremental_alter_configs([resource]).values()])
    fill(bootstrap, topic)
    consumer = ShareConsumer(settings(bootstrap, group_id=group))
    consumer.subscribe([topic])
    got, end = [], time.monotonic() + SECONDS
    while len(got) < COUNT and time.monotonic() < end:
        got += [r for r in consumer.poll(1.0) if not r.error()]
    show("shared", sorted(got, key=lambda r: (r.partition(), r.offset())))
    expect_values([text(r.value()) for r in got], [r[2] for r in records()], "each once")
    answers = consumer.commit_sync(SECONDS)         # for what the last poll brought; the one before had the rest
    say("acknowledged", errors=[str(error) for error in answers.values() if error])
    consumer.close()


common.main({"produce": produce, "gzip": codec("gzip"), "snappy": codec("snappy"), "lz4": codec("lz4"), "zstd": codec("zstd"),
             "consume": consume, "group": grouped(), "group-next": grouped(group_protocol="consumer"), "idempotent": idempotent,
             "transactions": transactions, "admin": admin, "share": share})
