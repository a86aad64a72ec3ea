"""limits.worker_memory: who stalls holds some of it, everybody else goes on."""

import threading

import pytest

from gateway import LIGHT, document, wait_until
from ports import free_ports
from stalling import Deaf, Pushing, SilentBroker
from test_session import GOOD, HEARTBEAT, batch, scripted, stands_still, store      # noqa: F401
from test_topic_ids import LIGHT_ID, V, asked, is_lookup, named, stored
import wire

MIB = 1 << 20


@pytest.fixture
def silent():
    one = SilentBroker()
    yield one
    one.close()


def two_clusters(gateway, broker, silent, **limits):
    """One worker before a broker, and before one that stalls: one.stalled is the port of the latter."""
    one = gateway(broker.address, {"light.json": document("light", LIGHT)}, start=False, workers=1, limits=limits)
    one.stalled = free_ports(3)
    one.config["clusters"]["stalled"] = {"bootstrap": [silent.address]}
    one.config["listeners"]["stalled"] = {"cluster": "stalled", "bind": [f"127.0.0.1:{one.stalled}"], "advertise": {"host": "127.0.0.1"},
                                          "broker_ports": f"{one.stalled + 1}-{one.stalled + 2}"}
    one.write_config()
    return one.start().wait()


def held(one):
    return one.metric("event_gateway_held_bytes")


def is_served(port, times=20):
    """Good clients, one after the other, none of which waits for long."""
    for _ in range(times):
        with wire.Client(port, timeout=20) as client:
            assert client.produce_one("light", batch(GOOD), version=7).error == 0


@pytest.mark.parametrize("topic", ["light", "free"])
def test_a_stalled_broker_starves_nobody_else(gateway, scripted, silent, topic):
    """One request of those that wait may go beyond the limit, and a read of 4 KiB of each."""
    clients, size = 100, 900 << 10
    one = two_clusters(gateway, scripted(store), silent, worker_memory="4MiB")
    with Pushing(one.stalled, clients, topic, size):
        wait_until(lambda: held(one) >= 4 * MIB // 16 * 13, what="memory that is left to who holds little")
        is_served(one.port)
        wait_until(lambda: stands_still(one, "event_gateway_client_received_bytes_total"), what="an end to what is read")
        assert held(one) <= 4 * MIB + MIB + clients * 8192


def test_consumers_that_do_not_read_stay_within_the_limit(gateway, scripted, silent):
    """Also when they are many; another client goes on."""
    def on(exchange):
        if exchange.api == wire.FETCH:
            exchange.answer(bytes(8 * MIB))
        else:
            store(exchange)

    one = two_clusters(gateway, scripted(on), silent, worker_memory="4MiB")
    with Deaf(one.port, 60, "light"):
        wait_until(lambda: one.metric("event_gateway_requests_total", api="Fetch") == 60, what="all requests")
        wait_until(lambda: held(one) >= 2 * MIB, what="memory that is short")
        is_served(one.port)
        assert held(one) <= 4 * MIB


def test_what_waits_behind_a_parked_request_outlives_short_memory(gateway, scripted, silent):
    """It was read when there was plenty, and is taken up when there is little."""
    go_on = threading.Event()

    def on(exchange):
        if is_lookup(exchange):
            go_on.wait(9)
            exchange.answer(named({id: "light" for id in asked(exchange.frame)}))
        else:
            exchange.answer(stored(exchange.frame) if exchange.api == wire.PRODUCE else b"\0\0")

    one = two_clusters(gateway, scripted(on), silent, worker_memory="4MiB")
    with wire.Client(one.port) as client:
        behind = wire.header(HEARTBEAT, 0, 2).string("group").i32(1).string("m" * 1000).done()
        client.sock.sendall(wire.frame(wire.produce_request(V, 1, {LIGHT_ID: {0: batch(GOOD)}})) + 60 * wire.frame(behind))
        wait_until(lambda: one.metric("event_gateway_client_received_bytes_total") > 60 * len(behind), what="all that is sent")
        with Pushing(one.stalled, 10, "free", MIB):
            wait_until(lambda: held(one) >= 2 * MIB, what="memory that is short")
            go_on.set()
            answer, = wire.produce_answer(V, client.receive(1, flexible=True))
            assert answer.error == 0
            for _ in range(60):
                client.receive(2)
