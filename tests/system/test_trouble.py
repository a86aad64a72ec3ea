"""Order and loss when one side is late, wrong, gone or does not read: nobody gets another request's answer, and nothing
that was said is lost on the way."""

import contextlib
import socket
import struct
import threading
import time

import pytest

from gateway import wait_until
from test_session import BAD, GOOD, batch, heartbeat, light, passing, scripted, stands_still, store, stored      # noqa: F401
import wire

MIB = 1 << 20


def rest(client, timeout=20):
    """Everything that comes until the end."""
    client.sock.settimeout(timeout)
    data = b""
    with contextlib.suppress(ConnectionError):
        while more := client.sock.recv(1 << 16):
            data += more
    return data


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def answer(correlation, body=b"\0\0"):
    return wire.frame(struct.pack(">i", correlation) + body)


def swapped(exchanges):
    for exchange in reversed(exchanges):
        exchange.answer(b"\0\0")


def skipped(exchanges):
    exchanges[1].answer(b"\0\0")


def unknown(exchanges):
    exchanges[0].answer(b"\0\0", correlation=77)


def repeated(exchanges):
    exchanges[0].answer(b"\0\0")
    exchanges[0].answer(b"\0\0")


@pytest.mark.parametrize("lie", [swapped, skipped, unknown, repeated])
def test_no_answer_of_another_request(gateway, scripted, lie):
    """With two in flight the broker says something else than the answer to the first: nothing of it reaches the client, the
    session ends on both sides, and the log says why."""
    held = []

    def on(exchange):
        held.append(exchange)
        if len(held) == 2:
            lie(held)

    broker = scripted(on)
    one = light(gateway, broker)
    with wire.Client(one.port) as client:
        heartbeat(client, 1)
        heartbeat(client, 2)
        assert rest(client) == (answer(1) if lie is repeated else b"")
    assert broker.ended.wait(10)
    one.wait_log(r'error .*the broker\'s answer does not belong to the request reason="bad-answer"')
    assert one.metric("event_gateway_closes_total", reason="bad-answer") == 1


def test_a_missing_answer_is_waited_for(gateway, scripted):
    """Answers behind it, ours among them, are not given instead, neither then nor when the broker is gone."""
    held = []
    one = light(gateway, scripted(held.append))
    with wire.Client(one.port) as client:
        heartbeat(client, 1)
        client.send(wire.produce_request(7, 2, {"light": {0: batch(BAD)}}))
        wait_until(lambda: held and one.metric("event_gateway_records_total", verdict="invalid") == 1, what="both requests")
        client.sock.settimeout(1)
        with pytest.raises(TimeoutError):
            client.sock.recv(1)
        held[0].connection.shutdown(socket.SHUT_RDWR)
        assert rest(client) == b""


def test_a_late_answer_is_delivered(gateway, scripted):
    """Later than any limit of the gateway: how long an answer may take is for the client to say."""
    held = []
    one = light(gateway, scripted(held.append), limits={"header": "1s", "idle": "1s"})
    with wire.Client(one.port) as client:
        heartbeat(client, 1)
        client.sock.settimeout(4)
        with pytest.raises(TimeoutError):
            client.sock.recv(1)
        held[0].answer(b"\0\0")
        assert wire.read_frame(client.sock) == answer(1)[4:]


@pytest.mark.parametrize("how", ["fin", "reset"])
def test_what_the_broker_said_before_its_end_is_delivered(gateway, scripted, how):
    """An answer, half of the next, and the end of the connection."""
    large = b"x" * (3 * MIB)

    def on(exchange):
        if exchange.correlation < 3:
            return
        exchange.connection.sendall(answer(1, large) + answer(2, large)[:MIB])
        if how == "reset":
            wait_until(lambda: one.metric("event_gateway_broker_received_bytes_total") > 4 * MIB, what="the answer")
            reset(exchange.connection)
        else:
            exchange.connection.shutdown(socket.SHUT_WR)

    one = light(gateway, scripted(on))
    with wire.Client(one.port) as client:
        for n in (1, 2, 3):
            heartbeat(client, n)
        assert rest(client) == answer(1, large) + answer(2, large)[:MIB]


def test_a_cut_request_is_not_completed(gateway, scripted):
    """The client resets its connection in the middle of one that passes: the broker gets what there was of it, and the end."""
    broker = scripted(lambda exchange: exchange.answer(b"\0\0"))
    one = light(gateway, broker)
    frame = passing(2, 20000)
    with wire.Client(one.port) as client:
        heartbeat(client, 1)
        client.receive(1)
        client.sock.sendall(frame[:9000])
        wait_until(lambda: one.metric("event_gateway_broker_sent_bytes_total") >= 9000, what="its beginning")
        reset(client.sock)
    assert broker.ended.wait(10)
    assert [wire.Reader(f[4:]).i32() for f in broker.frames] == [1]


def test_a_client_that_does_not_read_holds_its_broker_back(gateway, scripted):
    """The broker says 100 MiB: a bounded part of it is taken until the client goes on, and then all of it comes."""
    large = bytes(range(256)) * (100 * MIB // 256)
    said = threading.Event()

    def on(exchange):
        exchange.answer(large)
        said.set()

    one = light(gateway, scripted(on), workers=1)
    worker, = one.workers()
    before = one.rss(worker)
    with wire.Client(one.port) as client:
        heartbeat(client, 1)
        wait_until(lambda: stands_still(one, "event_gateway_broker_received_bytes_total"), what="a full client")
        assert not said.is_set()
        assert one.rss(worker) - before < 4 * MIB
        assert wire.read_frame(client.sock) == answer(1, large)[4:]
        assert said.wait(10)


def test_requests_before_a_half_close_arrive_when_the_broker_reads_late(gateway, scripted):
    """Acknowledged ones and acks=0, more than any queue on the way takes; the client has sent FIN long before."""
    going_on = threading.Event()

    def on(exchange):
        going_on.wait(20)
        store(exchange)

    broker = scripted(on)
    one = light(gateway, broker)
    large = batch(b'{"lumens": 1, "padding": "' + b"x" * 200000 + b'"}')
    with wire.Client(one.port) as client:
        requests = [wire.produce_request(7, n, {"light": {0: large}}, acks=0 if n % 2 else -1) for n in range(100)]
        sender = threading.Thread(target=lambda: (client.sock.sendall(b"".join(map(wire.frame, requests))), client.sock.shutdown(socket.SHUT_WR)))
        sender.start()
        wait_until(lambda: stands_still(one, "event_gateway_client_received_bytes_total"), what="a full upstream")
        going_on.set()
        for n in range(0, 100, 2):
            assert wire.produce_answer(7, client.receive(n))[0].error == 0
        assert rest(client) == b""
        sender.join()
    wait_until(lambda: len(broker.frames) == 100, what="all requests")
    assert broker.frames == requests


def test_a_broker_that_ends_without_a_word_ends_its_clients(gateway, scripted):
    """Each of many at once, whatever it waits for, so that it can turn to the next broker."""
    held = []
    one = light(gateway, scripted(held.append))
    clients = [wire.Client(one.port) for _ in range(50)]
    for n, client in enumerate(clients):
        client.send(wire.produce_request(7, n, {"light": {0: batch(GOOD)}}))
    wait_until(lambda: len(held) == 50, what="all requests")
    began = time.monotonic()
    for exchange in held:
        exchange.connection.shutdown(socket.SHUT_RDWR)
    assert [rest(client) for client in clients] == 50 * [b""]
    assert time.monotonic() - began < 5
    for client in clients:
        client.close()
