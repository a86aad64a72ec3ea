"""What a verdict does to a record: on the wire, in the answer, in the log of the broker."""

import json

import pytest

import wire
from clients import confluent
from gateway import LIGHT, document, wait_until

INVALID_RECORD, POLICY_VIOLATION, CORRUPT_MESSAGE = 87, 44, 2
GOOD, BAD = b'{"lumens": 1}', b'{"lumens": true}'
MARK = "_asyncapi_eg_validation_error"


def batch(*values, **how):
    return wire.Batch([v if isinstance(v, wire.Record) else wire.Record(v) for v in values], **how)


@pytest.fixture
def send(broker, gateway, name):
    """send(batch, document=, version=, **config) -> PartitionAnswer of a topic that a document declares."""
    broker.topic(name)
    running = {}

    def send(one, doc=None, version=8, **config):
        if "gateway" not in running:
            running["gateway"] = gateway(documents={"a.json": doc or document(name, LIGHT)}, **config)
        with wire.Client(running["gateway"].broker_port(broker.NODE)) as client:
            return client.produce_one(name, one, version=version)

    return send


def stored(broker, name):
    return [r.value for r in broker.records(name)]


def test_valid_record_passes(send, broker, name):
    assert send(batch(GOOD)).error == 0
    assert stored(broker, name) == [GOOD]


def test_invalid_record_is_refused_with_the_reason(send, broker, name):
    answer = send(batch(GOOD, BAD))
    assert answer.error == INVALID_RECORD
    assert [i for i, _ in answer.record_errors] == [1]
    reason = answer.record_errors[0][1]
    assert "/lumens" in reason and "lightMeasured" in reason
    assert answer.message == f"record 1 is invalid: {reason}"       # and so no record's own: Java gives it to good ones too
    assert stored(broker, name) == []


def test_several_bad_records_are_named_in_order(send):
    answer = send(batch(BAD, GOOD, b"not json", BAD))
    assert [i for i, _ in answer.record_errors] == [0, 2, 3]


@pytest.mark.parametrize("version", [3, 7, 9, 10])
def test_refusal_in_every_version(send, version):
    assert send(batch(BAD), version=version).error == INVALID_RECORD


@pytest.mark.parametrize("value", [None, b"", b"{", b'{"lumens": 1} x', b'\xff', b'{"lumens": -1}', b'{}', b'{"lumens": 1.5}',
                                   b'{"lumens": 1, "sentAt": "yesterday"}'])
def test_what_does_not_match_is_refused(send, value):
    assert send(batch(value)).error == INVALID_RECORD


@pytest.mark.parametrize("value", [b'{"lumens": 0}', b' {"lumens": 1.0, "other": [1]} ', b'{"lumens": 1e2}',
                                   b'{"lumens": 1, "sentAt": "2024-02-29T12:00:00Z"}',
                                   b'{"lumens": 123456789012345678901234567890}'])
def test_what_matches_passes(send, value):
    assert send(batch(value)).error == 0


def test_mark_adds_the_header_and_keeps_the_rest(send, broker, name):
    records = [wire.Record(GOOD, b"a", [("h", b"1")]), wire.Record(BAD, b"b", [("h", b"2")]), wire.Record(GOOD, b"c")]
    assert send(wire.Batch(records), policy={"invalid": "mark"}).error == 0
    first, marked, last = broker.records(name)
    assert (first.headers, last.headers) == ([("h", b"1")], [])
    assert (marked.value, marked.key, marked.headers[0]) == (BAD, b"b", ("h", b"2"))
    header, value = marked.headers[1]
    assert header == MARK and len(value) <= 512
    assert set(json.loads(value)) == {"ts", "errors"} and "lumens" in json.loads(value)["errors"][0]


def test_mark_keeps_the_sequence_of_an_idempotent_producer(broker, gateway, name):
    broker.topic(name)
    one = gateway(documents={"a.json": document(name, LIGHT)}, policy={"invalid": "mark"})
    with wire.Client(one.broker_port(broker.NODE)) as client:
        producer, epoch = client.init_producer_id()
        for sequence in (0, 2, 4):
            sent = batch(GOOD, BAD, producer_id=producer, epoch=epoch, sequence=sequence)
            assert client.produce_one(name, sent).error == 0
    assert stored(broker, name) == [GOOD, BAD] * 3


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_mark_in_every_codec(broker, gateway, name, codec):
    broker.topic(name)
    one = gateway(documents={"a.json": document(name, LIGHT)}, policy={"invalid": "mark"})
    values = [GOOD.decode(), BAD.decode()]
    out = confluent().produce(one.address, [{"topic": name, "value": v} for v in values], f"compression.type={codec}",
                              "linger.ms=5000")
    assert all("offset" in o for o in out), out
    got = confluent().consume(broker.address, name, name, 2)
    assert [(r["value"], MARK in r["headers"]) for r in got] == [(values[0], False), (values[1], True)]


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_refusal_in_every_codec(broker, gateway, name, codec):
    broker.topic(name)
    one = gateway(documents={"a.json": document(name, LIGHT)})
    records = [{"topic": name, "value": v.decode()} for v in (GOOD, BAD)]
    out = confluent().produce(one.address, records, f"compression.type={codec}", "linger.ms=5000")
    assert [o.get("error") for o in out] == ["_INVALID_DIFFERENT_RECORD", "INVALID_RECORD"]
    assert broker.batches(name) == []


def test_observe_passes_the_very_bytes(send, broker, name):
    sent = batch(GOOD, BAD)
    assert send(sent, policy={"invalid": "observe"}).error == 0
    assert wire.as_sent(broker.batches(name)[0]) == sent.encode()


def test_undeclared_topic_names_the_nearest(broker, gateway, name):
    broker.topic(name)
    one = gateway(documents={"a.json": document(name + "x", LIGHT)}, policy={"undeclared": "reject"})
    with wire.Client(one.broker_port(broker.NODE)) as client:
        answer = client.produce_one(name, batch(GOOD))
    assert answer.error == POLICY_VIOLATION
    assert name + "x" in answer.message
    assert stored(broker, name) == []


def test_undeclared_topic_passes_by_default(broker, gateway, name):
    broker.topic(name)
    one = gateway(documents={"a.json": document("another", LIGHT)})
    with wire.Client(one.broker_port(broker.NODE)) as client:
        assert client.produce_one(name, batch(BAD)).error == 0
    assert stored(broker, name) == [BAD]


def test_asyncapi_2_document(send, name):
    doc = document(name, LIGHT, version=2)
    assert send(batch(GOOD), doc).error == 0
    assert send(batch(BAD)).error == INVALID_RECORD


def test_yaml_document_with_a_reference_to_another_file(broker, gateway, name):
    broker.topic(name)
    yaml = f"asyncapi: 3.0.0\ninfo: {{title: t, version: '1'}}\nchannels:\n  c:\n    address: {name}\n    messages:\n" \
           "      m:\n        payload:\n          $ref: './types.yaml#/light'\n"
    one = gateway(documents={"a.yaml": yaml}, start=False)
    one.write("types.yaml", "light: {type: object, required: [lumens], properties: {lumens: {type: integer}}}\n")
    one.start().wait()
    with wire.Client(one.broker_port(broker.NODE)) as client:
        assert client.produce_one(name, batch(GOOD)).error == 0
        assert client.produce_one(name, batch(BAD)).error == INVALID_RECORD


def test_one_of_several_messages_is_enough(broker, gateway, name):
    broker.topic(name)
    doc = document(name, LIGHT)
    doc["channels"]["only"]["messages"]["turnedOff"] = {"payload": {"type": "object", "required": ["off"]}}
    doc["operations"] = {}
    one = gateway(documents={"a.json": doc})
    with wire.Client(one.broker_port(broker.NODE)) as client:
        assert client.produce_one(name, batch(GOOD, b'{"off": 1}')).error == 0
        assert client.produce_one(name, batch(BAD)).error == INVALID_RECORD


def test_every_document_that_declares_the_topic_must_accept(broker, gateway, name):
    broker.topic(name)
    strict = document(name, {"required": ["sentAt"]})
    one = gateway(documents={"a.json": document(name, LIGHT), "b.json": strict})
    with wire.Client(one.broker_port(broker.NODE)) as client:
        assert client.produce_one(name, batch(GOOD)).error == INVALID_RECORD
        assert client.produce_one(name, batch(b'{"lumens": 1, "sentAt": "2024-01-01T00:00:00Z"}')).error == 0


def test_headers_are_judged(broker, gateway, name):
    broker.topic(name)
    doc = document(name, LIGHT, headers={"type": "object", "required": ["origin"], "properties": {"origin": {"const": "lamp"}}})
    one = gateway(documents={"a.json": doc})
    with wire.Client(one.broker_port(broker.NODE)) as client:
        assert client.produce_one(name, batch(wire.Record(GOOD, None, [("origin", b"lamp")]))).error == 0
        assert client.produce_one(name, batch(wire.Record(GOOD, None, [("origin", b"tree")]))).error == INVALID_RECORD
        assert client.produce_one(name, batch(GOOD)).error == INVALID_RECORD


def test_key_of_the_binding_is_judged(broker, gateway, name):
    broker.topic(name)
    doc = document(name, LIGHT, bindings={"kafka": {"key": {"type": "string", "pattern": "^lamp-[0-9]+$"}}})
    one = gateway(documents={"a.json": doc})
    with wire.Client(one.broker_port(broker.NODE)) as client:
        assert client.produce_one(name, batch(wire.Record(GOOD, b"lamp-7"))).error == 0
        assert client.produce_one(name, batch(wire.Record(GOOD, b"tree-7"))).error == INVALID_RECORD


def test_rule_beats_the_policy(send, broker, name):
    rules = [{"topics": name[:4] + "*", "invalid": "observe"}]
    assert send(batch(BAD), rules=rules).error == 0
    assert stored(broker, name) == [BAD]


def test_policy_in_the_document_beats_the_configuration(send, broker, name):
    doc = document(name, LIGHT)
    doc["channels"]["only"]["x-eventgateway-policy"] = {"invalid": "observe"}
    assert send(batch(BAD), doc).error == 0


def test_bad_crc_is_left_to_the_broker(send, broker, name):
    assert send(batch(BAD, crc=1)).error == CORRUPT_MESSAGE
    assert stored(broker, name) == []


def test_refused_record_without_acks_closes(broker, gateway, name):
    broker.topic(name)
    one = gateway(documents={"a.json": document(name, LIGHT)})
    with wire.Client(one.broker_port(broker.NODE)) as client:
        client.send_produce({name: {0: batch(BAD).encode()}}, acks=0)
        assert client.is_closed()
    assert stored(broker, name) == []


def test_good_records_without_acks_arrive_after_half_close(broker, gateway, name):
    broker.topic(name)
    one = gateway(documents={"a.json": document(name, LIGHT)})
    with wire.Client(one.broker_port(broker.NODE)) as client:
        for i in range(50):
            client.send_produce({name: {0: batch(b'{"lumens": %d}' % i).encode()}}, acks=0)
        client.sock.shutdown(1)
        assert client.is_closed()
    wait_until(lambda: len(stored(broker, name)) == 50, what="all fifty records")
    assert stored(broker, name) == [b'{"lumens": %d}' % i for i in range(50)]


def test_only_the_bad_partition_is_refused(broker, gateway, name):
    broker.topic(name, 2)
    one = gateway(documents={"a.json": document(name, LIGHT)})
    with wire.Client(one.broker_port(broker.NODE)) as client:
        answers = client.produce({name: {0: batch(BAD).encode(), 1: batch(GOOD).encode()}})
    assert {a.partition: a.error for a in answers} == {0: INVALID_RECORD, 1: 0}
    assert [r.value for r in broker.records(name, 1)] == [GOOD]
    assert broker.batches(name, 0) == []
