"""The PROXY protocol, taken from proxies before us and given to brokers, and IPv6."""

import contextlib
import ipaddress
import shutil
import socket
import ssl
import struct
import subprocess

import pytest

from certificates import Authority
from gateway import LIGHT, accepts, document, wait_until
from ports import free_ports
from test_session import GOOD, batch, scripted, store           # noqa: F401
from test_tls import judged
import wire

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
CLIENT, SERVER = ("192.0.2.1", 56324), ("198.51.100.2", 9092)
SIX = ("2001:db8::1", 56324), ("2001:db8::2", 9092)
LOCALLY = "127.0.0.0/8"


def v1(client=CLIENT, server=SERVER):
    family = 6 if ":" in client[0] else 4
    return f"PROXY TCP{family} {client[0]} {server[0]} {client[1]} {server[1]}\r\n".encode()


def v2(client=CLIENT, server=SERVER, more=b""):
    ends = b"".join(ipaddress.ip_address(a).packed for a, _ in (client, server)) + struct.pack(">HH", client[1], server[1]) + more
    return SIGNATURE + bytes([0x21, 0x21 if ":" in client[0] else 0x11]) + struct.pack(">H", len(ends)) + ends


HEADERS = {"v1": v1(), "v2": v2(), "v1-six": v1(*SIX), "v2-more": v2(more=b"\x04\0\x20" + bytes(32))}
both = pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)


class Greeted(wire.Client):
    """A client behind a proxy."""

    def __init__(self, port, header, tls=None, name=None):
        super().__init__(port)
        self.sock.sendall(header)
        if tls:
            self.sock = tls.wrap_socket(self.sock, server_hostname=name)


def before_proxies(gateway, broker, trusted=LOCALLY, **config):
    one = gateway(broker.address, {"light.json": document("light", LIGHT)}, start=False, workers=1, **config)
    one.config["listeners"]["main"]["proxy_protocol"] = [trusted]
    one.write_config()
    one.start().wait_listening()
    return one


# ---- from a proxy ----

@both
def test_records_behind_a_header_are_judged(gateway, scripted, header):
    with Greeted(before_proxies(gateway, scripted(store)).port, header) as client:
        judged(client)


@both
def test_a_header_in_pieces_and_a_request_right_behind_it(gateway, scripted, header):
    one = before_proxies(gateway, scripted(store))
    request = wire.frame(wire.produce_request(7, 1, {"light": {0: batch(GOOD)}}))
    with wire.Client(one.port) as client:
        for i, byte in enumerate(header):
            client.sock.sendall(bytes([byte]) + (request if i == len(header) - 1 else b""))
        assert wire.produce_answer(7, client.receive(1))[0].error == 0


def test_limits_and_log_lines_are_of_the_client(gateway, scripted):
    """Not of its proxy, which may have any number of connections; one that leaves makes room."""
    one = before_proxies(gateway, scripted(store), limits={"connections_per_address": 1})

    def works(client):
        try:
            return bool(client.metadata([]).brokers)
        except (EOFError, ConnectionError):
            return False

    first = Greeted(one.port, v1(("192.0.2.1", 1)))
    assert works(first)
    assert not works(Greeted(one.port, v2(("192.0.2.1", 2))))
    assert works(Greeted(one.port, v2(("192.0.2.2", 3))))
    assert one.metric("event_gateway_connections_refused_total", reason="address") == 1
    first.close()
    wait_until(lambda: works(Greeted(one.port, v2(("192.0.2.1", 4)))), what="room")
    Greeted(one.port, v2(("2001:db8::7", 5), SIX[1])).sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
    one.wait_log(r'not-kafka.* address="2001:db8::7"')


def test_what_names_nobody_is_the_proxy_itself(gateway, scripted):
    one = before_proxies(gateway, scripted(store), limits={"connections_per_address": 1})
    for header in (b"PROXY UNKNOWN\r\n", SIGNATURE + b"\x20\0\0\0"):
        with Greeted(one.port, header) as client:
            judged(client)


def test_metadata_tells_the_address_that_the_client_connected_to(gateway, scripted):
    one = gateway(scripted(store).address, {"light.json": document("light", LIGHT)}, start=False)
    one.config["listeners"]["main"].update(proxy_protocol=[LOCALLY])
    del one.config["listeners"]["main"]["advertise"]
    one.write_config()
    one.start().wait_listening()
    for header, host in ((v1(), SERVER[0]), (v2(*SIX), SIX[1][0])):
        with Greeted(one.port, header) as client:
            assert {b.host for b in client.metadata([]).brokers} == {host}


def test_others_have_no_header(gateway, scripted):
    """And one that comes nevertheless is no request."""
    one = before_proxies(gateway, scripted(store), trusted="127.0.0.2")
    with wire.Client(one.port) as client:
        judged(client)
    with Greeted(one.port, v1()) as client:
        assert client.is_closed()
    assert one.metric("event_gateway_closes_total", reason="proxy-header") == 0


@pytest.mark.parametrize("first", [wire.frame(wire.produce_request(7, 1, {"light": {0: batch(GOOD)}})), b"PROXY TCP4 nobody\r\n",
                                   SIGNATURE + b"\x21\x11\xff\xff"], ids=["request", "line", "length"])
def test_a_proxy_without_a_header_is_closed(gateway, scripted, first):
    one = before_proxies(gateway, scripted(store))
    with Greeted(one.port, first) as client:
        assert client.is_closed()
    one.wait_log(r'a proxy is not understood listener="main" address="127.0.0.1" why="')
    assert one.metric("event_gateway_closes_total", reason="proxy-header") == 1


def test_a_proxy_that_looks_whether_somebody_is_there_is_no_news(gateway, scripted):
    one = before_proxies(gateway, scripted(store))
    wire.Client(one.port).close()
    wait_until(lambda: one.metric("event_gateway_closes_total", reason="client") >= 1, what="its end")
    assert "proxy" not in one.log


def test_half_a_header_does_not_wait_for_ever(gateway, scripted):
    one = before_proxies(gateway, scripted(store), limits={"header": "1s"})
    with Greeted(one.port, SIGNATURE[:7]) as client:
        assert client.is_closed()
    assert one.metric("event_gateway_closes_total", reason="header-timeout") == 1


def test_the_header_stands_before_tls(gateway, scripted, tmp_path):
    authority = Authority(tmp_path / "tls")
    cert, key = authority.issue("server", "localhost")
    one = gateway(scripted(store).address, {"light.json": document("light", LIGHT)}, start=False)
    one.config["listeners"]["main"].update(proxy_protocol=[LOCALLY], tls={"cert": str(cert), "key": str(key)})
    one.write_config()
    one.start().wait_listening()
    with Greeted(one.port, v2(), tls=authority.client_context(), name="localhost") as client:
        judged(client)


def test_what_is_no_network_is_told(gateway, scripted):
    one = gateway(scripted(store).address, start=False)
    one.config["listeners"]["main"]["proxy_protocol"] = ["10.0.0.1/8"]
    one.config["clusters"]["main"]["proxy_protocol"] = "v3"
    one.write_config()
    told = one.run("-t")
    assert told.returncode != 0
    assert '"10.0.0.1/8" is no address and no network; write 192.0.2.1, 10.0.0.0/8 or 2001:db8::/32' in told.stderr
    assert '"v3" is no version of the PROXY protocol; write v1 or v2' in told.stderr


# ---- to a broker ----

class Ear:
    """Reads the header that a broker gets, and keeps it."""

    def __init__(self):
        self.heard = []

    def __call__(self, connection):
        first = connection.recv(16, socket.MSG_WAITALL)
        if first.startswith(SIGNATURE):
            rest = connection.recv(struct.unpack(">H", first[14:16])[0], socket.MSG_WAITALL)
        else:
            rest = b""
            while not rest.endswith(b"\r\n"):
                rest += connection.recv(1)
        self.heard.append(first + rest)


def telling(gateway, broker, version, **listener):
    one = gateway(broker.address, {"light.json": document("light", LIGHT)}, start=False, workers=1)
    one.config["clusters"]["main"]["proxy_protocol"] = version
    one.config["listeners"]["main"].update(listener)
    one.write_config()
    one.start().wait_listening()
    return one


@pytest.mark.parametrize("version, header", [("v1", v1), ("v2", v2)])
def test_brokers_are_told_who_the_client_is(gateway, scripted, version, header):
    ear = Ear()
    one = telling(gateway, scripted(store, before=ear), version)
    with wire.Client(one.port) as client:
        judged(client)
        assert ear.heard == [header(client.sock.getsockname(), client.sock.getpeername())]


def test_brokers_are_told_what_a_proxy_said(gateway, scripted):
    ear = Ear()
    one = telling(gateway, scripted(store, before=ear), "v2", proxy_protocol=[LOCALLY])
    with Greeted(one.port, v1(*SIX)) as client:
        judged(client)
    assert ear.heard == [v2(*SIX)]


def test_brokers_are_told_before_tls(gateway, scripted, tmp_path):
    authority = Authority(tmp_path / "tls")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("broker", "127.0.0.1"))
    ear = Ear()
    broker = scripted(store, before=ear, tls=context)
    one = gateway(broker.address, {"light.json": document("light", LIGHT)}, start=False)
    one.config["clusters"]["main"].update(proxy_protocol="v1", tls={"ca": str(authority.path)})
    one.write_config()
    one.start().wait_listening()
    with wire.Client(one.port) as client:
        judged(client)
        assert ear.heard == [v1(client.sock.getsockname(), client.sock.getpeername())]


HAPROXY = """\
defaults
    mode tcp
    timeout connect 5s
    timeout client 1m
    timeout server 1m
listen front
    bind 127.0.0.1:{front}
    server gateway 127.0.0.1:{gateway} {send}
listen back
    bind 127.0.0.1:{back} accept-proxy
    server broker 127.0.0.1:{broker} send-proxy
"""


@contextlib.contextmanager
def haproxy(folder, **how):
    config = folder / "haproxy.cfg"
    config.write_text(HAPROXY.format(**how))
    process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", shutil.which("haproxy") or "/usr/sbin/haproxy", "-db", "-f", str(config)],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


@pytest.mark.parametrize("send, version", [("send-proxy", "v2"), ("send-proxy-v2", "v1"), ("send-proxy-v2 proxy-v2-options crc32c", "v2")])
def test_between_two_haproxies(gateway, scripted, tmp_path, send, version):
    """What the first says of the client is what the second understood from us, and passes on."""
    ear = Ear()
    broker = scripted(store, before=ear)
    front = free_ports(2)
    broker.told_port = front + 1
    one = gateway(f"127.0.0.1:{front + 1}", {"light.json": document("light", LIGHT)}, start=False, workers=1)
    one.config["clusters"]["main"]["proxy_protocol"] = version
    one.config["listeners"]["main"]["proxy_protocol"] = [LOCALLY]
    one.write_config()
    with haproxy(tmp_path, front=front, back=front + 1, gateway=one.port, broker=broker.port, send=send):
        one.start().wait_listening()
        wait_until(lambda: accepts(front), what="HAProxy")
        with wire.Client(front) as client:
            judged(client)
            assert ear.heard[-1] == v1(client.sock.getsockname(), client.sock.getpeername())


# ---- IPv6 ----

def test_both_sides_speak_ipv6(gateway, scripted):
    """Bootstrap, Metadata and a broker's own port."""
    one = gateway(scripted(store, host="::1").address, {"light.json": document("light", LIGHT)}, start=False)
    one.config["listeners"]["main"].update(bind=[f"[::1]:{one.port}"], advertise={"host": "::1"})
    one.write_config()
    one.start()
    one.wait_log("ready: ")
    with wire.Client(one.port, host="::1") as client:
        broker, = client.metadata([]).brokers
        judged(client)
    assert broker.host == "::1"
    with wire.Client(broker.port, host=broker.host) as client:
        judged(client)


def test_every_address_is_both_families(gateway, scripted):
    one = gateway(scripted(store).address, {"light.json": document("light", LIGHT)}, start=False)
    one.config["listeners"]["main"]["bind"] = [f"[::]:{one.port}"]
    del one.config["listeners"]["main"]["advertise"]
    one.write_config()
    one.start().wait()
    for host in ("127.0.0.1", "::1"):
        with wire.Client(one.port, host=host) as client:
            assert {b.host for b in client.metadata([]).brokers} == {host}
