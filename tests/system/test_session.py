"""Sessions: order, endings, limits, hostile bytes, with brokers that a real one is too well-behaved to stand for."""

import concurrent.futures
import contextlib
import ctypes
import os
import socket
import struct
import threading
import time

import pytest

from gateway import LIGHT, document, wait_until
from scripted import ScriptedBroker
import wire

GOOD, BAD = b'{"lumens": 1}', b'{"lumens": true}'
HEARTBEAT, LIST_OFFSETS = 12, 2
PIDFD_GETFD = 438                                # of every architecture


@pytest.fixture
def scripted():
    made = []

    def make(on=lambda exchange: None, **how):
        made.append(ScriptedBroker(on, **how))
        return made[-1]

    yield make
    for one in made:
        one.close()


def batch(*values, **how):
    return wire.Batch([wire.Record(value=value) for value in values], **how).encode()


def stored(request, error=0):
    """The broker's answer to a Produce of version 7: all is stored, or all has this error."""
    topics = {}
    for topic, partition, _ in wire.produced_batches(request):
        topics.setdefault(topic, []).append(partition)
    out = wire.Writer().i32(len(topics))
    for topic, partitions in topics.items():
        out.string(topic).i32(len(partitions))
        for partition in partitions:
            out.i32(partition).i16(error).i64(-1 if error else 100 + partition).i64(-1).i64(0)
    return out.i32(0).done()


def store(exchange):
    if exchange.api == wire.PRODUCE and struct.unpack(">h", exchange.frame[8 + 2 + 5 + 2:][:2])[0] != 0:
        exchange.answer(stored(exchange.frame))


def light(gateway, broker, **config):
    return gateway(broker.address, {"light.json": document("light", LIGHT)}, **config)


def heartbeat(client, correlation):
    client.send(wire.header(HEARTBEAT, 0, correlation).string("group").i32(1).string("member").done())


def test_answers_keep_the_order_of_requests(gateway, scripted):
    """A refusal of ours waits for the answers that requests before it are owed."""
    held = []

    def on(exchange):
        held.append(exchange)
        if len(held) == 2:
            for one in held:
                one.answer(stored(one.frame))

    with wire.Client(light(gateway, scripted(on)).port) as client:
        for correlation, value in ((1, GOOD), (2, BAD), (3, GOOD)):
            client.send(wire.produce_request(7, correlation, {"light": {0: batch(value)}}))
        errors = [wire.produce_answer(7, client.receive(n))[0].error for n in (1, 2, 3)]
    assert errors == [0, 87, 0]


def test_one_bad_partition_of_two(gateway, scripted):
    """The clean partition is sent on alone, and its answer is merged with the refusal, in the request's order."""
    broker = scripted(store)
    with wire.Client(light(gateway, broker).port) as client:
        client.send(wire.produce_request(7, 5, {"light": {0: batch(GOOD, BAD), 1: batch(GOOD)}}))
        answers = wire.produce_answer(7, client.receive(5))
    assert [(a.partition, a.error, a.base_offset) for a in answers] == [(0, 87, -1), (1, 0, 101)]
    assert wire.produced_batches(broker.frames[0]) == [("light", 1, batch(GOOD))]


def test_valid_records_pass_as_the_same_bytes(gateway, scripted):
    broker = scripted(store)
    sent = [batch(GOOD, GOOD, codec=codec) for codec in (wire.NONE, wire.GZIP)]
    with wire.Client(light(gateway, broker).port) as client:
        for n, one in enumerate(sent):
            client.send(wire.produce_request(7, n, {"light": {0: one}}))
            assert wire.produce_answer(7, client.receive(n))[0].error == 0
    assert [wire.produced_batches(f)[0][2] for f in broker.frames] == sent


def test_a_corrupt_batch_is_the_brokers_to_answer(gateway, scripted):
    broker = scripted(store)
    sent = batch(BAD, crc=1)
    with wire.Client(light(gateway, broker).port) as client:
        client.send(wire.produce_request(7, 1, {"light": {0: sent}}))
        assert wire.produce_answer(7, client.receive(1))[0].error == 0
    assert wire.produced_batches(broker.frames[0])[0][2] == sent


@pytest.mark.parametrize("cut", [1, 3, 7])
def test_requests_in_small_pieces(gateway, scripted, cut):
    broker = scripted(store)
    payload = wire.frame(wire.produce_request(7, 1, {"light": {0: batch(GOOD)}}))
    with wire.Client(light(gateway, broker).port) as client:
        for i in range(0, len(payload), cut):
            client.sock.sendall(payload[i:i + cut])
        assert wire.produce_answer(7, client.receive(1))[0].error == 0


def test_half_close_delivers_what_is_in_flight(gateway, scripted):
    """The client's FIN does not cut the answers that it is owed; then the gateway closes too."""
    def late(exchange):
        time.sleep(0.3)
        exchange.answer(stored(exchange.frame))

    with wire.Client(light(gateway, scripted(late)).port) as client:
        client.send(wire.produce_request(7, 1, {"light": {0: batch(GOOD)}}))
        client.send(wire.produce_request(7, 2, {"light": {0: batch(BAD)}}))
        client.sock.shutdown(socket.SHUT_WR)
        assert [wire.produce_answer(7, client.receive(n))[0].error for n in (1, 2)] == [0, 87]
        assert client.is_closed()


def test_unacknowledged_requests_before_fin_all_arrive(gateway, scripted):
    broker = scripted(lambda exchange: None)
    one = light(gateway, broker)
    with wire.Client(one.port) as client:
        for n in range(200):
            client.send(wire.produce_request(7, n, {"light": {0: batch(GOOD)}}, acks=0))
    wait_until(lambda: len(broker.frames) == 200, what="all requests")
    assert broker.ended.wait(10)


def test_refusal_without_acknowledgement_closes(gateway, scripted):
    broker = scripted(lambda exchange: None)
    with wire.Client(light(gateway, broker).port) as client:
        client.send(wire.produce_request(7, 1, {"light": {0: batch(GOOD)}}, acks=0))
        client.send(wire.produce_request(7, 2, {"light": {0: batch(BAD)}}, acks=0))
        assert client.is_closed()
    assert broker.ended.wait(10)
    assert [wire.produced_batches(f)[0][2] for f in broker.frames] == [batch(GOOD)]


@pytest.mark.parametrize("lie", ["correlation", "unasked", "negative", "cut"])
def test_a_broker_that_lies_is_left(gateway, scripted, lie):
    """Nothing of an answer that does not belong to its request reaches the client; both sides end."""
    def on(exchange):
        if lie == "correlation":
            exchange.answer(b"\0\0", correlation=exchange.correlation + 1)
        elif lie == "unasked":
            exchange.answer(b"\0\0")
            exchange.answer(b"\0\0")
        elif lie == "negative":
            exchange.connection.sendall(struct.pack(">i", -5))
        else:
            exchange.connection.sendall(struct.pack(">ii", 100, exchange.correlation))
            exchange.connection.shutdown(socket.SHUT_RDWR)

    broker = scripted(on)
    with wire.Client(light(gateway, broker).port) as client:
        heartbeat(client, 7)
        if lie == "unasked":
            client.receive(7)
        assert client.is_closed()
    assert broker.ended.wait(10)


def test_a_broker_that_never_answers_is_not_answered_for(gateway, scripted):
    with wire.Client(light(gateway, scripted()).port) as client:
        client.send(wire.produce_request(7, 1, {"light": {0: batch(GOOD)}}))
        client.sock.settimeout(1)
        with pytest.raises(TimeoutError):
            client.receive(1)


HOSTILE = {
    "length -1": struct.pack(">i", -1),
    "length 2^31-1": struct.pack(">i", 2**31 - 1),
    "length 0": struct.pack(">i", 0),
    "length 7": struct.pack(">i", 7) + bytes(7),
    "http": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "tls": bytes.fromhex("160301020001000001fc0303") + bytes(64),
    "api 9999": wire.frame(wire.header(9999, 0, 1).done()),
    "produce 13": wire.frame(wire.header(0, 13, 1, flexible=True).done() + bytes(64)),
    "metadata 99": wire.frame(wire.header(3, 99, 1).done()),
    "client id lies": wire.frame(struct.pack(">hhih", 3, 1, 1, 30000) + b"abc"),
    "produce garbage": wire.frame(wire.header(0, 7, 1).done() + bytes(range(200))),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_bytes_close_their_connection_only(gateway, scripted, what):
    broker = scripted(store)
    one = light(gateway, broker)
    with wire.Client(one.port) as neighbour, wire.Client(one.port) as hostile:
        hostile.sock.sendall(HOSTILE[what])
        assert hostile.is_closed()
        neighbour.send(wire.produce_request(7, 1, {"light": {0: batch(GOOD)}}))
        assert wire.produce_answer(7, neighbour.receive(1))[0].error == 0


BATCHES = {
    "count lies": (batch(GOOD, count=2), 87),
    "last delta lies": (batch(GOOD, last_offset_delta=5), 87),
    "two batches": (batch(GOOD) + batch(GOOD), 87),
    "cut": (batch(GOOD)[:-3], 87),
    "control": (batch(GOOD, attributes=0x20), 87),
    "no gzip": (batch(GOOD, codec=1, body=b"nothing"), 87),
    "codec 7": (batch(GOOD, codec=0, attributes=7), 87),
    "magic 1": (batch(GOOD)[:16] + b"\1" + batch(GOOD)[17:], 87),
}


@pytest.mark.parametrize("what", BATCHES)
def test_malformed_batches_are_refused_for_good(gateway, scripted, what):
    broker = scripted(store)
    sent, error = BATCHES[what]
    with wire.Client(light(gateway, broker).port) as client:
        client.send(wire.produce_request(7, 1, {"light": {0: sent}}))
        assert wire.produce_answer(7, client.receive(1))[0].error == error
    assert broker.frames == []


def test_a_bomb_is_too_large(gateway, scripted):
    broker = scripted(store)
    one = light(gateway, broker)
    bomb = batch(b'"' + b" " * (100 << 20) + b'"', codec=wire.GZIP)
    with wire.Client(one.port) as client:
        client.send(wire.produce_request(7, 1, {"light": {0: bomb}}))
        assert wire.produce_answer(7, client.receive(1))[0].error == 10


def test_half_frames_that_claim_much_hold_little(gateway, scripted):
    """Memory follows the bytes received, not the bytes claimed."""
    one = light(gateway, scripted(store), workers=1)
    start = wire.frame(wire.produce_request(7, 1, {"light": {0: batch(GOOD)}}))[4:-3]
    worker = one.workers()[0]
    before = one.rss(worker)
    clients = []
    for _ in range(500):
        clients.append(wire.Client(one.port))
        clients[-1].sock.sendall(struct.pack(">i", 100 << 20) + start)
    with wire.Client(one.port) as good:
        good.send(wire.produce_request(7, 1, {"light": {0: batch(GOOD)}}))
        assert wire.produce_answer(7, good.receive(1))[0].error == 0
    assert one.rss(worker) - before < 500 * 16384
    for client in clients:
        client.close()


def stands_still(one, metric):
    """What a counter shows when it is above 0 and half a second does not change it."""
    before = one.metric(metric)
    time.sleep(0.5)
    return before if before and before == one.metric(metric) else None


def passing(correlation, size):
    """A request that no policy wants whole, of about so many bytes."""
    return wire.frame(wire.header(HEARTBEAT, 0, correlation).string("group").i32(1).string("m" * size).done())


def test_a_client_that_stops_in_a_passing_frame_is_closed(gateway, scripted):
    """Also with an answer still owed to a request before; a frame that goes on, however slowly, is let be."""
    broker = scripted()
    one = light(gateway, broker, limits={"header": "1s"})
    frame = passing(2, 20000)
    with wire.Client(one.port) as stopped, wire.Client(one.port) as slow:
        heartbeat(stopped, 1)
        stopped.sock.sendall(frame[:9000])
        for at in range(0, 10000, 500):
            slow.sock.sendall(frame[at:at + 500])
            time.sleep(0.15)
        slow.sock.sendall(frame[10000:])
        wait_until(lambda: frame[4:] in broker.frames, what="the slow request")
        assert stopped.is_closed()
    assert one.metric("event_gateway_closes_total", reason="stalled") == 1


def test_silent_clients_are_closed(gateway, scripted):
    """Before a first request after limits.header, then after limits.idle; who is owed an answer is not silent."""
    one = light(gateway, scripted(lambda exchange: exchange.correlation == 1 and exchange.answer(b"\0\0")),
                limits={"header": "1s", "idle": "2s"})
    with wire.Client(one.port) as mute, wire.Client(one.port) as idle, wire.Client(one.port) as waiting:
        heartbeat(waiting, 2)
        heartbeat(idle, 1)
        idle.receive(1)
        assert mute.is_closed() and idle.is_closed()
        assert not waiting.is_closed(timeout=1)
        assert one.metric("event_gateway_closes_total", reason="header-timeout") == 1
        assert one.metric("event_gateway_closes_total", reason="idle") == 1


def test_a_client_that_is_not_read_has_not_stopped(gateway, scripted):
    """The broker takes nothing for longer than limits.header, so the gateway does not read: not the client's fault."""
    going_on = threading.Event()

    def on(exchange):
        if exchange.correlation == 1:
            going_on.wait(20)
        exchange.answer(b"\0\0")

    one = gateway(scripted(on).address, limits={"header": "1s"})
    request = wire.frame(wire.produce_request(7, 2, {"free": {0: bytes(32 << 20)}}))
    with wire.Client(one.port) as client:
        heartbeat(client, 1)
        sender = threading.Thread(target=client.sock.sendall, args=(request,))
        sender.start()
        taken = wait_until(lambda: stands_still(one, "event_gateway_client_received_bytes_total"), what="a full upstream")
        assert taken < len(request)
        time.sleep(3)
        going_on.set()
        client.receive(1)
        client.receive(2)
        sender.join()


def test_a_broker_that_cannot_be_reached_is_named(gateway):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        dead = f"127.0.0.1:{gone.getsockname()[1]}"
    one = gateway(["localhost:1", dead], start=False).start().wait_listening()
    with wire.Client(one.port) as client:
        client.send(wire.header(wire.METADATA, 0, 1).i32(0).done())
        assert client.is_closed()
    for broker in (dead, "localhost:1"):
        one.wait_log(f'a broker could not be reached listener="main" broker="{broker}" why="[^"]+"')


def test_two_brokers_on_one_port(gateway, scripted):
    """The lower id keeps the port; the other is left out, and its partitions have no leader for now."""
    one = light(gateway, scripted(nodes=(9, 1, 2)))
    with wire.Client(one.port) as client:
        found = client.metadata([])
    assert [(b.id, b.port) for b in found.brokers] == [(1, one.broker_port(1)), (2, one.broker_port(2))]
    assert [(p.index, p.error) for p in found.topics[0].partitions] == [(0, 5), (1, 0), (2, 0)]


def test_a_broker_port_reaches_its_broker(gateway, scripted):
    broker = scripted(store, nodes=(3,))
    one = light(gateway, broker)
    with wire.Client(one.broker_port(3)) as client:
        client.send(wire.produce_request(7, 1, {"light": {0: batch(GOOD)}}))
        assert wire.produce_answer(7, client.receive(1))[0].error == 0


def test_a_broker_port_without_its_broker_passes_metadata_only(gateway, scripted):
    broker = scripted(store, nodes=(3,))
    one = light(gateway, broker)
    with wire.Client(one.broker_port(4)) as client:
        assert [b.id for b in client.metadata([]).brokers] == [3]
        client.send(wire.produce_request(7, 1, {"light": {0: batch(GOOD)}}))
        assert client.is_closed()
    assert broker.frames == []


@pytest.mark.parametrize("node, named", [(3, True), (4, False)])
def test_who_the_client_means_is_told_to_that_broker_only(gateway, scripted, node, named):
    """KIP-1242: a bootstrap server that stands in for an unknown broker would answer that the client is lost."""
    broker = scripted(nodes=(3,))
    one = light(gateway, broker)

    def request(cluster, meant):
        out = wire.header(wire.API_VERSIONS, 5, 9, flexible=True).compact_string("a").compact_string("1")
        return out.compact_string(cluster).i32(meant).tags().done()

    with wire.Client(one.broker_port(node)) as client:
        client.send(request("cluster", node))
        wait_until(lambda: broker.frames, what="the request")
    assert broker.frames == [request("cluster", node) if named else request(None, -1)]


def test_a_bootstrap_server_that_is_down_is_passed_over(gateway, scripted):
    """The next one is asked; connections take turns, so each server is met first by some."""
    broker = scripted(store)
    with socket.create_server(("127.0.0.1", 0)) as gone:
        dead = f"127.0.0.1:{gone.getsockname()[1]}"
    one = gateway([dead, broker.address], {"light.json": document("light", LIGHT)})
    for _ in range(4):
        with wire.Client(one.port) as client:
            assert client.metadata([]).brokers


@contextlib.contextmanager
def server_that_is(why):
    """The address of one that cannot be reached."""
    with contextlib.ExitStack() as stack:
        if why == "unresolvable":
            yield "no-such-name.invalid:9092"
            return
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address = f"127.0.0.1:{server.getsockname()[1]}"
        if why == "dead":
            server.close()
        for _ in range(4 if why == "silent" else 0):    # nobody accepts: the queue is full, and SYN is not answered
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
        yield address


def wait_for_metadata(port):
    began = time.monotonic()
    with wire.Client(port) as client:
        client.metadata([])
    return time.monotonic() - began


@pytest.mark.parametrize("why", ["dead", "unresolvable", "silent"])
def test_the_next_bootstrap_server_within_3_seconds(gateway, scripted, why):
    """Whatever is wrong with one: no client waits longer, and others are not held up meanwhile."""
    broker = scripted(store)
    with server_that_is(why) as address:
        one = gateway([address, broker.address], start=False, workers=1).start().wait_listening()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            waits = list(pool.map(wait_for_metadata, [one.port] * 2))   # they take turns: one meets the bad one first
        assert min(waits) < 1 and max(waits) < 3, waits
        assert one.metric("event_gateway_broker_connect_failures_total") >= 1


@pytest.mark.parametrize("why", ["dead", "unresolvable", "silent"])
def test_a_bootstrap_server_that_failed_is_met_first_by_one_session_alone(gateway, scripted, why):
    """For a while; of those that work, each is asked."""
    brokers = [scripted(store), scripted(store)]
    with server_that_is(why) as address:
        one = gateway([address] + [b.address for b in brokers], start=False, workers=1).start().wait_listening()
        began = time.monotonic()
        for n in range(12):
            with wire.Client(one.port) as client:
                heartbeat(client, n)
                wait_until(lambda: sum(len(b.frames) for b in brokers) == n + 1, what="the request")
        assert time.monotonic() - began < 8
        assert one.metric("event_gateway_broker_connect_failures_total") == 1
    assert all(len(b.frames) >= 5 for b in brokers)


def sockets_of(pid, peer):
    """Doubles of a process's sockets that are connected to this port."""
    handle = os.pidfd_open(pid)
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            if not os.readlink(f"/proc/{pid}/fd/{fd}").startswith("socket:"):
                continue
        except FileNotFoundError:
            continue
        double = ctypes.CDLL(None, use_errno=True).syscall(PIDFD_GETFD, handle, int(fd), 0)
        if double < 0:
            raise OSError(ctypes.get_errno(), "pidfd_getfd")
        one = socket.socket(fileno=double)
        with contextlib.suppress(OSError):
            if one.family == socket.AF_INET and one.getpeername()[1] == peer:
                yield one
    os.close(handle)


def test_a_lost_probe_ends_no_idle_connection(gateway, scripted):
    """tcp(7), TCP_USER_TIMEOUT: it overrides keepalive in ending a connection, so it must leave room for more probes than one.
    A broker that is gone is still noticed within 30 s."""
    broker = scripted(lambda exchange: exchange.answer(b"\0\0"))
    one = light(gateway, broker, workers=1)
    clients = [wire.Client(one.port) for _ in range(16)]
    for client in clients:
        heartbeat(client, 1)
        client.receive(1)
    found = 0
    for upstream in sockets_of(one.workers()[0], broker.port):
        idle, interval, most = (upstream.getsockopt(socket.IPPROTO_TCP, o)
                                for o in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_USER_TIMEOUT))
        assert idle + 2 * interval < most / 1000 <= 30
        found += upstream.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert found == len(clients)


def test_broker_ports_by_ranges_of_ids(gateway, scripted):
    """A broker of no range is left out, and readiness says why; the others are where their ids say."""
    broker = scripted(store, nodes=(1001, 1002, 2001, 7))
    one = gateway(broker.address, {"light.json": document("light", LIGHT)}, start=False)
    first = one.port + 1
    one.config["listeners"]["main"]["broker_ports"] = {"1001-1003": first, "2001": first + 5}
    one.write_config()
    one.start().wait()
    with wire.Client(one.port) as client:
        found = {b.id: b.port for b in client.metadata(None).brokers}
    assert found == {1001: first, 1002: first + 1, 2001: first + 5}
    for port in found.values():
        with wire.Client(port) as client:
            client.send(wire.produce_request(7, 1, {"light": {0: batch(BAD)}}))
            assert wire.produce_answer(7, client.receive(1))[0].error == 87
    status, why = one.http("/readyz")
    assert status == 503 and "broker 7 is in no range of broker_ports; write one for it" in why
    assert f"1001-1003: {first}, 2001-2001: {first + 5}" in one.http("/v1/status")[1]


def test_connections_of_one_address_are_bounded(gateway, scripted):
    """Others are not bounded by it, and who leaves makes room."""
    one = light(gateway, scripted(store), workers=1, limits={"connections_per_address": 3})

    def connect(address):
        client = wire.Client.__new__(wire.Client)
        client.sock = socket.create_connection(("127.0.0.1", one.port), timeout=10, source_address=(address, 0))
        client.correlation = 1
        return client

    def works(client):
        try:
            return bool(client.metadata([]).brokers)
        except (EOFError, ConnectionError):
            return False

    mine = [connect("127.0.0.2") for _ in range(3)]
    assert all(works(c) for c in mine)
    assert not works(connect("127.0.0.2"))
    assert works(connect("127.0.0.3"))
    mine[0].close()
    wait_until(lambda: works(connect("127.0.0.2")), what="room")
    assert one.metric("event_gateway_connections_refused_total", reason="address") >= 1


def test_no_broker_at_all_closes(gateway):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        dead = f"127.0.0.1:{gone.getsockname()[1]}"
    one = gateway(dead, {"light.json": document("light", LIGHT)}, start=False).start().wait_listening()
    with wire.Client(one.port) as client:
        heartbeat(client, 1)
        assert client.is_closed(15)
