"""Produce from version 13 on names topics by ids: the gateway asks the broker for the names that it does not know, on
the session's own connection, and nothing overtakes the request that waits."""

import socket
import time

import pytest

from gateway import LIGHT, document, wait_until
from test_session import BAD, GOOD, HEARTBEAT, batch, heartbeat, scripted      # noqa: F401
import wire

LIGHT_ID, OTHER_ID = bytes(range(16)), bytes(range(16, 32))
V = 13


def stored(frame, error=0):
    """The broker's answer to a Produce of version 13."""
    topics = {}
    for topic, partition, _ in wire.produced_batches(frame):
        topics.setdefault(topic, []).append(partition)
    out = wire.Writer().tags().uvarint(len(topics) + 1)
    for topic, partitions in topics.items():
        out.raw(bytes.fromhex(topic)).uvarint(len(partitions) + 1)
        for partition in partitions:
            out.i32(partition).i16(error).i64(100).i64(-1).i64(0).uvarint(1).compact_string(None).tags()
        out.tags()
    return out.i32(0).tags().done()


def asked(frame):
    """The ids that a look-up asks for."""
    r = wire.Reader(frame)
    assert (r.i16(), r.i16()) == (wire.METADATA, 12)
    r.i32(), r.string(), r.tags()

    def topic(r):
        found = r.raw(16), r.compact_string()
        r.tags()
        assert found[1] is None
        return found[0]

    ids = r.compact_array(topic)
    assert (r.i8(), r.i8(), r.tags()) == (0, 0, {})     # no topic is made by asking
    r.end()
    return ids


def named(topics):
    """A Metadata answer of version 12: {id: name, or an error code}."""
    out = wire.Writer().tags().i32(0).uvarint(1).compact_string("cluster").i32(0).uvarint(len(topics) + 1)
    for id, name in topics.items():
        error = name if isinstance(name, int) else 0
        out.i16(error).compact_string(None if error else name).raw(id).i8(0).uvarint(1).i32(-1).tags()
    return out.tags().done()


def is_lookup(exchange):
    return (exchange.api, exchange.version) == (wire.METADATA, 12)


def broker_that_knows(topics, error=0):
    """on() of a broker that stores all and answers look-ups from `topics`."""
    def on(exchange):
        if is_lookup(exchange):
            exchange.answer(named({id: topics[id] for id in asked(exchange.frame) if id in topics}))
        elif exchange.api == wire.PRODUCE:
            if wire.produce_acks(exchange.frame) != 0:
                exchange.answer(stored(exchange.frame, error))
        else:
            exchange.answer(b"\0\0")
    return on


def kinds(broker):
    return [wire.Reader(frame).i16() for frame in broker.frames]


def light(gateway, broker, **config):
    return gateway(broker.address, {"light.json": document("light", LIGHT)}, workers=1, **config)


def produce(client, correlation, topics, **how):
    client.send(wire.produce_request(V, correlation, topics, **how))


def answers(client, correlation):
    return [(a.topic, a.partition, a.error) for a in wire.produce_answer(V, client.receive(correlation, flexible=True))]


def test_an_unknown_id_is_asked_for_once(gateway, scripted):
    broker = scripted(broker_that_knows({LIGHT_ID: "light"}))
    sent = wire.produce_request(V, 2, {LIGHT_ID: {0: batch(GOOD)}})
    with wire.Client(light(gateway, broker).port) as client:
        produce(client, 1, {LIGHT_ID: {0: batch(BAD), 1: batch(BAD)}})
        assert answers(client, 1) == [(LIGHT_ID, 0, 87), (LIGHT_ID, 1, 87)]
        client.send(sent)
        assert answers(client, 2) == [(LIGHT_ID, 0, 0)]
    assert asked(broker.frames[0]) == [LIGHT_ID]
    assert broker.frames[1:] == [sent]


def test_partitions_of_several_topics(gateway, scripted):
    """Only what is not known is asked for; a topic that no document has passes with the good partition."""
    broker = scripted(broker_that_knows({LIGHT_ID: "light", OTHER_ID: "free"}))
    with wire.Client(light(gateway, broker).port) as client:
        produce(client, 1, {LIGHT_ID: {0: batch(GOOD)}})
        assert answers(client, 1) == [(LIGHT_ID, 0, 0)]
        produce(client, 2, {LIGHT_ID: {0: batch(BAD), 1: batch(GOOD)}, OTHER_ID: {5: batch(BAD)}})
        assert answers(client, 2) == [(LIGHT_ID, 0, 87), (LIGHT_ID, 1, 0), (OTHER_ID, 5, 0)]
    assert asked(broker.frames[2]) == [OTHER_ID]
    assert wire.produced_batches(broker.frames[3]) == [(LIGHT_ID.hex(), 1, batch(GOOD)), (OTHER_ID.hex(), 5, batch(BAD))]


def test_names_are_learned_from_clients_metadata(gateway, scripted):
    broker = scripted(broker_that_knows({LIGHT_ID: "light"}))
    with wire.Client(light(gateway, broker).port) as client:
        client.send(wire.header(wire.METADATA, 12, 1, flexible=True).uvarint(2).raw(LIGHT_ID).compact_string(None).tags()
                    .i8(0).i8(0).tags().done())
        client.receive(1, flexible=True)
        produce(client, 2, {LIGHT_ID: {0: batch(BAD)}})
        assert answers(client, 2) == [(LIGHT_ID, 0, 87)]
    assert kinds(broker) == [wire.METADATA]


def test_an_id_that_the_broker_does_not_know_is_no_way_around_the_documents(gateway, scripted):
    """It may know it a moment later: what cannot be judged is answered as that broker would have answered, and stays here."""
    broker = scripted(broker_that_knows({LIGHT_ID: 100}))
    with wire.Client(light(gateway, broker).port) as client:
        produce(client, 1, {LIGHT_ID: {0: batch(BAD)}})
        assert answers(client, 1) == [(LIGHT_ID, 0, 100)]
    assert kinds(broker) == [wire.METADATA]


def test_a_name_that_is_withheld_is_no_way_around_the_documents(gateway, scripted):
    """A client that may write and not describe: what cannot be judged is refused for good."""
    broker = scripted(broker_that_knows({LIGHT_ID: "light", OTHER_ID: 29}))
    with wire.Client(light(gateway, broker).port) as client:
        produce(client, 1, {OTHER_ID: {0: batch(BAD)}, LIGHT_ID: {0: batch(GOOD)}})
        assert answers(client, 1) == [(OTHER_ID, 0, 29), (LIGHT_ID, 0, 0)]
    assert wire.produced_batches(broker.frames[1]) == [(LIGHT_ID.hex(), 0, batch(GOOD))]


def test_nothing_overtakes_a_request_that_waits(gateway, scripted):
    """Several parked one after the other, acks=0 among them, sent in one piece, the broker late with every name."""
    held = []

    def on(exchange):
        if not is_lookup(exchange):
            return broker_that_knows({})(exchange)
        held.append(exchange)

    broker = scripted(on)
    sent = [wire.produce_request(V, 1, {LIGHT_ID: {0: batch(GOOD)}}), wire.header(HEARTBEAT, 0, 2).string("g").i32(1).string("m").done(),
            wire.produce_request(V, 3, {OTHER_ID: {0: batch(GOOD)}}, acks=0), wire.produce_request(V, 4, {LIGHT_ID: {1: batch(GOOD)}}),
            wire.header(HEARTBEAT, 0, 5).string("g").i32(1).string("m").done()]
    with wire.Client(light(gateway, broker).port) as client:
        client.sock.sendall(b"".join(map(wire.frame, sent)))
        for n, id, name in ((1, LIGHT_ID, "light"), (2, OTHER_ID, "free")):
            wait_until(lambda: len(held) == n, what="a look-up")
            time.sleep(0.2)
            assert is_lookup(held[-1]) and broker.frames[-1] == held[-1].frame
            held[-1].answer(named({id: name}))
        assert answers(client, 1) == [(LIGHT_ID, 0, 0)]
        client.receive(2)
        assert answers(client, 4) == [(LIGHT_ID, 1, 0)]
        client.receive(5)
    assert [frame for frame in broker.frames if frame not in [h.frame for h in held]] == sent


def test_a_lookup_waits_for_the_answers_before_it(gateway, scripted):
    held = []

    def on(exchange):
        if exchange.api == HEARTBEAT:
            held.append(exchange)
        elif held and is_lookup(exchange):
            held.pop().answer(b"\0\0")
            exchange.answer(named({LIGHT_ID: "light"}))

    with wire.Client(light(gateway, scripted(on)).port) as client:
        heartbeat(client, 1)
        produce(client, 2, {LIGHT_ID: {0: batch(BAD)}})
        client.receive(1)
        assert answers(client, 2) == [(LIGHT_ID, 0, 87)]


@pytest.mark.parametrize("sessions", [20])
def test_many_sessions_wait_at_once(gateway, scripted, sessions):
    held = []

    def on(exchange):
        if not is_lookup(exchange):
            return broker_that_knows({})(exchange)
        held.append(exchange)

    broker = scripted(on)
    one = light(gateway, broker)
    clients = [wire.Client(one.port) for _ in range(sessions)]
    for client in clients:
        produce(client, 1, {LIGHT_ID: {0: batch(GOOD), 1: batch(BAD)}})
    wait_until(lambda: len(held) == sessions, what="all look-ups")
    for exchange in reversed(held):
        exchange.answer(named({LIGHT_ID: "light"}))
    for client in clients:
        assert answers(client, 1) == [(LIGHT_ID, 0, 0), (LIGHT_ID, 1, 87)]
        client.close()


def test_unacknowledged_requests_that_wait_survive_fin(gateway, scripted):
    held = []

    def on(exchange):
        if is_lookup(exchange):
            held.append(exchange)

    broker = scripted(on)
    with wire.Client(light(gateway, broker).port) as client:
        for n in range(50):
            produce(client, n, {LIGHT_ID: {0: batch(GOOD)}}, acks=0)
    wait_until(lambda: held, what="the look-up")
    held[0].answer(named({LIGHT_ID: "light"}))
    wait_until(lambda: kinds(broker) == [wire.METADATA] + 50 * [wire.PRODUCE], what="all requests")


def test_no_answer_in_time_closes(gateway, scripted):
    """Never a success: the request does not reach the broker, and its client learns that nothing is known of it."""
    broker = scripted(lambda exchange: None)
    one = light(gateway, broker)
    with wire.Client(one.port) as client:
        produce(client, 1, {LIGHT_ID: {0: batch(GOOD)}})
        began = time.monotonic()
        client.sock.settimeout(30)
        with pytest.raises(EOFError):
            client.receive(1)
        assert 9 < time.monotonic() - began < 20
    assert kinds(broker) == [wire.METADATA]
    assert one.metric("event_gateway_closes_total", reason="lookup") == 1


def test_an_answer_that_says_nothing_of_the_id_closes(gateway, scripted):
    broker = scripted(broker_that_knows({}))
    one = light(gateway, broker)
    with wire.Client(one.port) as client:
        produce(client, 1, {LIGHT_ID: {0: batch(GOOD)}})
        assert client.is_closed()
    assert set(kinds(broker)) == {wire.METADATA}
    assert one.metric("event_gateway_closes_total", reason="lookup") == 1


@pytest.mark.parametrize("end", ["dies", "lies"])
def test_a_broker_that_is_lost_meanwhile(gateway, scripted, end):
    def on(exchange):
        if end == "lies":
            return exchange.answer(b"\0\xff\xff\xff")
        exchange.connection.shutdown(socket.SHUT_RDWR)

    broker = scripted(on)
    with wire.Client(light(gateway, broker).port) as client:
        produce(client, 1, {LIGHT_ID: {0: batch(GOOD)}})
        produce(client, 2, {LIGHT_ID: {0: batch(GOOD)}})
        assert client.is_closed()
    assert kinds(broker) == [wire.METADATA]


def test_without_documents_ids_are_nobodys_business(gateway, scripted):
    broker = scripted(broker_that_knows({}))
    with wire.Client(gateway(broker.address).port) as client:
        produce(client, 1, {LIGHT_ID: {0: batch(BAD)}})
        assert answers(client, 1) == [(LIGHT_ID, 0, 0)]
    assert kinds(broker) == [wire.PRODUCE]


def id_of(broker, topic):
    """As the broker tells it, directly."""
    with wire.Client(broker.port) as client:
        client.send(wire.header(wire.METADATA, 12, 1, flexible=True).uvarint(2).raw(bytes(16)).compact_string(topic).tags()
                    .i8(0).i8(0).tags().done())
        r = client.receive(1, flexible=True)
    r.i32()
    r.compact_array(lambda r: (r.i32(), r.compact_string(), r.i32(), r.compact_string(), r.tags()))
    r.compact_string(), r.i32()
    assert r.uvarint() == 2 and (r.i16(), r.compact_string()) == (0, topic)
    return r.raw(16)


def test_a_real_broker_tells(broker, gateway, name):
    """Also of an id that it never gave; a version 13 that nobody else has introduced."""
    broker.topic(name, 2)
    one = gateway(documents={"light.json": document(name, LIGHT)}, workers=1)
    id = id_of(broker, name)
    with wire.Client(one.broker_port(broker.NODE)) as client:
        produce(client, 1, {id: {0: batch(GOOD), 1: batch(BAD)}, OTHER_ID: {0: batch(BAD)}})
        assert sorted(answers(client, 1)) == sorted([(id, 0, 0), (id, 1, 87), (OTHER_ID, 0, 100)])
    assert one.metric("event_gateway_topic_lookups_total") == 1
    assert [r.value for p in (0, 1) for r in broker.records(name, p)] == [GOOD]
