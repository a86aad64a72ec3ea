"""The gateway as a speaker of Kafka's protocol: addresses, versions, order, and what a broker does wrong."""

import socket
import struct

import pytest

import wire
from gateway import LIGHT, document

GOOD = b'{"lumens": 1}'


@pytest.fixture
def client(broker, gateway, name):
    """A raw client at the port of the only broker, with a declared topic."""
    broker.topic(name)
    one = gateway(documents={"a.json": document(name, LIGHT)})
    with wire.Client(one.broker_port(broker.NODE)) as client:
        client.gateway = one
        yield client


def test_metadata_names_the_gateway_alone(client, broker):
    found = client.metadata(None)
    assert [(b.id, b.host, b.port) for b in found.brokers] == [(1, "127.0.0.1", client.gateway.broker_port(1))]


def test_api_versions_are_within_the_brokers(client, broker):
    with wire.Client(broker.port) as direct:
        theirs = direct.api_versions()
    ours = client.api_versions()
    assert {wire.PRODUCE, wire.FETCH, wire.METADATA, wire.API_VERSIONS} <= set(ours)
    for key, (low, high) in ours.items():
        assert theirs[key][0] <= low <= high <= theirs[key][1], key


def test_produce_versions_start_at_0_for_old_librdkafka(client):
    assert client.api_versions()[wire.PRODUCE][0] == 0


def test_api_versions_too_new_gets_the_list_in_version_0(client):
    client.send(wire.header(wire.API_VERSIONS, 127, 5).raw(b"\0\0\0").done())
    r = client.receive(5)
    assert r.i16() == 35
    assert wire.API_VERSIONS in [row[0] for row in r.array(lambda r: (r.i16(), r.i16(), r.i16()))]


def test_api_that_is_not_offered_closes(client):
    client.send(wire.header(4, 0, 1).raw(bytes(20)).done())
    assert client.is_closed()


def test_answers_come_in_order_of_requests(client, name):
    """Local refusals wait for the broker's answers before them."""
    sent = []
    for i in range(60):
        value = b'{"lumens": %d}' % i if i % 3 else b'{"lumens": null}'
        sent.append(client.send_produce({name: {0: wire.Batch([wire.Record(value)]).encode()}}))
    codes = [client.receive_produce(s)[0].error for s in sent]
    assert codes == [0 if i % 3 else 87 for i in range(60)]


def test_one_correlation_id_for_all_requests(client, name):
    request = wire.produce_request(8, 7, {name: {0: wire.Batch([wire.Record(GOOD)]).encode()}})
    for _ in range(5):
        client.send(request)
    offsets = [wire.produce_answer(8, client.receive(7))[0].base_offset for _ in range(5)]
    assert offsets == [0, 1, 2, 3, 4]


def test_half_close_gets_every_answer(client, name):
    sent = [client.send_produce({name: {0: wire.Batch([wire.Record(GOOD)]).encode()}}) for _ in range(20)]
    client.sock.shutdown(socket.SHUT_WR)
    assert [client.receive_produce(s)[0].error for s in sent] == [0] * 20
    assert client.is_closed()


def test_request_in_single_bytes(client, name):
    for byte in wire.frame(wire.produce_request(8, 1, {name: {0: wire.Batch([wire.Record(GOOD)]).encode()}})):
        client.sock.sendall(bytes([byte]))
    assert wire.produce_answer(8, client.receive(1))[0].error == 0


def test_large_batch_passes_whole(client, broker, name):
    big = wire.Batch([wire.Record(b'{"lumens": 1, "pad": "%s"}' % (b"x" * 900_000))])
    assert client.produce_one(name, big).error == 0
    assert wire.as_sent(broker.batches(name)[0]) == big.encode()


def scripted(gateway, name, handler):
    broker = wire.ScriptedBroker({name: 1}, handler)
    one = gateway(broker.address, {"a.json": document(name, LIGHT)})
    return broker, one


def produce(one, name):
    with wire.Client(one.broker_port(1), timeout=10) as client:
        return client.produce_one(name, wire.Batch([wire.Record(GOOD)]))


@pytest.mark.parametrize("answer", [
    pytest.param(b"", id="nothing after the correlation id"),
    pytest.param(b"\xff" * 40, id="garbage"),
    pytest.param(struct.pack(">i", 2147483647), id="a count of 2^31-1"),
])
def test_broken_answer_of_a_broker_is_no_success(gateway, name, answer):
    broker, one = scripted(gateway, name, lambda *_: answer)
    with broker, pytest.raises((EOFError, ConnectionError, ValueError)):
        assert produce(one, name).error != 0
        raise EOFError


def test_wrong_correlation_id_of_a_broker_closes(gateway, name):
    broker, one = scripted(gateway, name, None)
    sock = {}

    def handler(api, version, r, correlation):
        connection = broker.connections[-1]
        sock["sent"] = connection.sendall(wire.frame(struct.pack(">i", correlation + 1) + bytes(30)))

    broker.handler = handler
    with broker, pytest.raises((EOFError, ConnectionError)):
        produce(one, name)


def test_broker_that_closes_closes_the_client(gateway, name):
    broker, one = scripted(gateway, name, lambda *_: wire.ScriptedBroker.CLOSE)
    with broker, pytest.raises((EOFError, ConnectionError)):
        produce(one, name)


def test_refused_request_does_not_reach_the_broker(gateway, name):
    broker, one = scripted(gateway, name, lambda *_: None)
    with broker:
        with wire.Client(one.broker_port(1), timeout=10) as client:
            assert client.produce_one(name, wire.Batch([wire.Record(b"bad")])).error == 87
        assert [f for f in broker.frames if f[:2] == b"\0\0"] == []


def test_passed_request_reaches_the_broker_byte_by_byte(gateway, name):
    done = wire.Writer().i32(1).string(name).i32(1).i32(0).i16(0).i64(5).i64(-1).i64(0).i32(0).string(None).i32(0).done()
    broker, one = scripted(gateway, name, lambda *_: done)
    request = wire.produce_request(8, 77, {name: {0: wire.Batch([wire.Record(GOOD)]).encode()}})
    with broker, wire.Client(one.broker_port(1), timeout=10) as client:
        client.send(request)
        assert wire.produce_answer(8, client.receive(77))[0].base_offset == 5
        body, = [f for f in broker.frames if f[:2] == b"\0\0"]
    assert body[8:] == request[8:]          # all but the correlation id, which may be the gateway's own


def test_no_broker_closes_the_client_and_is_said(gateway, name):
    dead = socket.socket()
    dead.bind(("127.0.0.1", 0))
    one = gateway(f"127.0.0.1:{dead.getsockname()[1]}", {"a.json": document(name, LIGHT)}, start=False).start()
    one.wait_listening()
    with wire.Client(one.port, timeout=20) as client:
        with pytest.raises((EOFError, ConnectionError)):
            client.metadata([])
    one.wait_log("could not be reached.*refused")
