"""TLS on both sides: versions, names, certificates of both ends, endings, reload."""

import random
import ssl
import threading

import pytest

from certificates import Authority
from gateway import LIGHT, document, wait_until
from test_session import BAD, GOOD, batch, scripted, store      # noqa: F401
import wire

NAME = "localhost"
SYNC_GROUP = 14


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def pair(authority):
    return authority.issue("server", NAME, "127.0.0.1")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("stranger"), "stranger")


def tls(pair=None, ca=None, ca_member="ca"):
    out = {"cert": str(pair[0]), "key": str(pair[1])} if pair else {}
    return {**out, **({ca_member: str(ca)} if ca else {})}


@pytest.fixture
def secured(gateway, scripted):
    """secured(listener=tls members, cluster=tls members) -> (gateway, broker); None: plain text."""
    def make(listener=None, cluster=None, broker=None, bootstrap=None, on=store, wait=True, **config):
        broker = broker or scripted(on)
        one = gateway(bootstrap or f"{NAME}:{broker.port}", {"light.json": document("light", LIGHT)}, start=False, **config)
        for part, members in (("listeners", listener), ("clusters", cluster)):
            if members is not None:
                one.config[part]["main"]["tls"] = members
        one.write_config()
        one.start()
        if listener is None and wait:
            return one.wait(), broker
        one.wait_listening()
        return one, broker
    return make


def judged(client):
    """Bad and good records get what they deserve."""
    for correlation, value, error in ((1, BAD, 87), (2, GOOD, 0)):
        client.send(wire.produce_request(7, correlation, {"light": {0: batch(value)}}))
        assert wire.produce_answer(7, client.receive(correlation))[0].error == error


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_clients_speak_tls(secured, authority, pair, version):
    one, _ = secured(listener=tls(pair))
    context = authority.client_context(minimum_version=version, maximum_version=version)
    with wire.Client(one.port, tls=context, name=NAME) as client:
        judged(client)
        assert client.sock.version() == version.name.replace("_", ".")


def test_older_versions_are_not_spoken(secured, authority, pair):
    one, _ = secured(listener=tls(pair))
    context = authority.client_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        wire.Client(one.port, tls=context, name=NAME)


def test_broker_speaks_tls_and_is_asked_for_by_name(secured, scripted, authority, pair):
    asked = []
    context = authority.server_context(pair)
    context.sni_callback = lambda sock, name, context: asked.append(name)
    one, broker = secured(cluster=tls(ca=authority.path), broker=scripted(store, tls=context))
    with wire.Client(one.port) as client:
        judged(client)
    assert set(asked) == {NAME}


def test_an_address_is_checked_too(secured, scripted, authority, pair):
    broker = scripted(store, tls=authority.server_context(pair))
    one, _ = secured(cluster=tls(ca=authority.path), broker=broker, bootstrap=broker.address)
    with wire.Client(one.port) as client:
        judged(client)


@pytest.mark.parametrize("what", ["name", "address", "authority", "plain"])
def test_a_broker_that_cannot_prove_itself_gets_nothing(secured, scripted, authority, stranger, what):
    """Fails closed, and the log says why."""
    hosts = {"name": ("other.example",), "address": (NAME,), "authority": (NAME,)}
    context = None if what == "plain" else (stranger if what == "authority" else authority).server_context(
        (stranger if what == "authority" else authority).issue(what, *hosts[what]))
    broker = scripted(store, tls=context)
    one, _ = secured(cluster=tls(ca=authority.path), broker=broker, bootstrap=broker.address if what == "address" else None, wait=False)
    with wire.Client(one.port) as client:
        client.send(wire.produce_request(7, 1, {"light": {0: batch(GOOD)}}))
        assert client.is_closed()
    why = {"name": "hostname mismatch", "address": "IP address mismatch", "authority": "unable to get local issuer", "plain": "no answer in time"}[what]
    one.wait_log(rf'a broker could not be reached .*broker="{"127.0.0.1" if what == "address" else NAME}:{broker.port}" why="[^"]*({why})')
    assert broker.frames == []


def test_clients_that_must_show_a_certificate(secured, authority, stranger, pair):
    one, broker = secured(listener=tls(pair, authority.path, "client_ca"))
    with wire.Client(one.port, tls=authority.client_context(authority.issue("client")), name=NAME) as client:
        judged(client)
    known = len(broker.frames)
    for shown in (None, stranger.issue("client")):
        with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
            with wire.Client(one.port, tls=authority.client_context(shown), name=NAME) as client:
                client.send(wire.produce_request(7, 1, {"light": {0: batch(GOOD)}}))
                client.receive(1)
    assert len(broker.frames) == known
    assert one.metric("event_gateway_closes_total", reason="tls") == 2
    one.wait_log("a client's TLS handshake failed .*why=\"peer did not return a certificate\"")


def test_a_broker_that_wants_our_certificate(secured, scripted, authority, pair):
    broker = scripted(store, tls=authority.server_context(pair, ask=True))
    one, _ = secured(cluster=tls(authority.issue("gateway"), authority.path), broker=broker)
    with wire.Client(one.port) as client:
        judged(client)


def test_a_broker_that_refuses_our_certificate(secured, scripted, authority, stranger, pair):
    broker = scripted(store, tls=authority.server_context(pair, ask=True))
    one, _ = secured(cluster=tls(stranger.issue("gateway"), authority.path), broker=broker, wait=False)
    with wire.Client(one.port) as client:
        client.send(wire.produce_request(7, 1, {"light": {0: batch(GOOD)}}))
        assert client.is_closed()
    one.wait_log('a broker.* why="[^"]*(unknown ca|alert)')
    assert broker.frames == []


def test_plain_text_on_a_tls_port(secured, authority, pair):
    one, broker = secured(listener=tls(pair))
    with wire.Client(one.port) as client:
        client.send(wire.produce_request(7, 1, {"light": {0: batch(GOOD)}}))
        assert client.is_closed()
    one.wait_log("a client's TLS handshake failed")
    with wire.Client(one.port, tls=authority.client_context(), name=NAME) as client:
        judged(client)


def test_a_handshake_that_stands_still_is_closed(secured, pair):
    one, _ = secured(listener=tls(pair), limits={"header": "1s"})
    with wire.Client(one.port) as silent, wire.Client(one.port) as half:
        half.sock.sendall(bytes.fromhex("160301020001"))
        assert silent.is_closed() and half.is_closed()
    assert one.metric("event_gateway_closes_total", reason="header-timeout") == 2


def test_handshake_and_requests_byte_by_byte(secured, authority, pair):
    one, _ = secured(listener=tls(pair))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = authority.client_context().wrap_bio(incoming, outgoing, server_hostname=NAME)
    request = wire.frame(wire.produce_request(7, 1, {"light": {0: batch(GOOD)}}))
    with wire.Client(one.port) as client:
        def step(action):
            while True:
                try:
                    result = action()
                except ssl.SSLWantReadError:
                    result = None
                for byte in outgoing.read():
                    client.sock.sendall(bytes([byte]))
                if result is not None:
                    return result
                incoming.write(client.sock.recv(1))

        step(lambda: session.do_handshake() or True)
        assert step(lambda: session.write(request)) == len(request)
        size = int.from_bytes(step(lambda: session.read(4)), "big")
        assert size > 4


def test_advertised_host_is_the_one_asked_for(secured, authority, pair):
    one, _ = secured(listener=tls(pair))
    del one.config["listeners"]["main"]["advertise"]
    one.write_config()
    assert one.reload().returncode == 0
    with wire.Client(one.port, tls=authority.client_context(), name=NAME) as client:
        assert {b.host for b in client.metadata([]).brokers} == {NAME}


@pytest.mark.parametrize("sides", ["client", "broker", "both"])
def test_megabytes_pass_whole_and_in_order(secured, scripted, authority, pair, sides):
    """Frames far beyond records and buffers, several in flight where the client can write and read at once."""
    size, count = 3 << 20, 8

    def on(exchange):
        exchange.say(exchange.frame[4:8] + exchange.frame * 2)

    broker = scripted(on, tls=authority.server_context(pair) if sides != "client" else None)
    one, _ = secured(listener=tls(pair) if sides != "broker" else None, cluster=tls(ca=authority.path) if sides != "client" else None, broker=broker)
    frames = [wire.frame(wire.header(SYNC_GROUP, 0, n).raw(random.randbytes(size + n)).done()) for n in range(count)]
    context = authority.client_context() if sides != "broker" else None
    with wire.Client(one.port, tls=context, name=NAME) as client:
        got = []
        sender = threading.Thread(target=lambda: [client.sock.sendall(f) for f in frames])
        if not context:
            sender.start()
        for frame in frames:
            if context:                             # Python's SSL objects are for one thread
                client.sock.sendall(frame)
            got.append(wire.read_frame(client.sock))
    assert [g[:4] for g in got] == [f[8:12] for f in frames]
    assert [g[4:] for g in got] == [2 * f[4:] for f in frames]


def test_endings_are_said(secured, authority, pair):
    """The client's close_notify is an end as FIN is: what it is owed comes, then ours."""
    late = threading.Event()

    def on(exchange):
        late.wait(10)
        store(exchange)

    one, broker = secured(listener=tls(pair), on=on)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = authority.client_context().wrap_bio(incoming, outgoing, server_hostname=NAME)
    with wire.Client(one.port) as client:
        def feed():
            data = client.sock.recv(1 << 16)
            incoming.write(data) if data else incoming.write_eof()

        while True:
            try:
                session.do_handshake()
                break
            except ssl.SSLWantReadError:
                client.sock.sendall(outgoing.read())
                feed()
        session.write(wire.frame(wire.produce_request(7, 1, {"light": {0: batch(GOOD)}})))
        with pytest.raises(ssl.SSLWantReadError):
            session.unwrap()                        # our close_notify is out, theirs is not in
        client.sock.sendall(outgoing.read())
        late.set()
        answer = b""
        while True:
            try:
                more = session.read(1 << 16)
            except ssl.SSLWantReadError:
                feed()
                continue
            except ssl.SSLZeroReturnError:
                break                               # said, not cut
            if not more:
                break
            answer += more
        assert len(answer) > 20
    assert broker.ended.wait(10)


def test_unacknowledged_requests_before_the_end_arrive(secured, scripted, authority, pair):
    broker = scripted(lambda exchange: None, tls=authority.server_context(pair))
    one, _ = secured(listener=tls(pair), cluster=tls(ca=authority.path), broker=broker)
    with wire.Client(one.port, tls=authority.client_context(), name=NAME) as client:
        for n in range(200):
            client.send(wire.produce_request(7, n, {"light": {0: batch(GOOD)}}, acks=0))
    wait_until(lambda: len(broker.frames) == 200, what="all requests")
    assert broker.ended.wait(10)


def test_a_reload_shows_new_clients_the_new_certificate(secured, authority, pair, tmp_path):
    """Old connections go on; a pair that does not fit changes nothing."""
    names = {}
    for name in ("first", "second"):
        names[name] = authority.issue(name, NAME)
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    tmp_path.chmod(0o755)

    def put(a, b):
        cert.write_bytes(a.read_bytes())
        key.write_bytes(b.read_bytes())

    def shown():
        with wire.Client(one.port, tls=authority.client_context(), name=NAME) as client:
            return dict(x[0] for x in client.sock.getpeercert()["subject"])["commonName"]

    put(*names["first"])
    one, _ = secured(listener=tls((cert, key)))
    with wire.Client(one.port, tls=authority.client_context(), name=NAME) as old:
        judged(old)
        assert shown() == "first"
        put(*names["second"])
        assert shown() == "first"
        assert one.reload().returncode == 0
        assert shown() == "second"
        put(names["first"][0], names["second"][1])
        refused = one.reload()
        assert refused.returncode == 1 and "does not belong" in refused.stdout + refused.stderr
        assert shown() == "second"
        judged(old)


def test_kafka_secure_in_a_document_is_tls(gateway, scripted, authority, pair):
    """Nothing else says TLS; the lone cluster adds whom to trust and takes its broker from the document."""
    broker = scripted(store, tls=authority.server_context(pair))
    doc = {**document("light", LIGHT), "servers": {"a": {"host": f"{NAME}:{broker.port}", "protocol": "kafka-secure"}}}
    one = gateway("x:1", {"light.json": doc}, start=False)
    one.config["clusters"] = {"main": {"tls": tls(ca=authority.path)}}
    one.write_config()
    one.start().wait()
    with wire.Client(one.port) as client:
        judged(client)
    assert "TLS, own authorities" in one.run("-T").stdout
    del one.config["clusters"]
    one.write_config()
    said = one.run("-T").stdout
    assert f"{NAME}:{broker.port}, TLS\n" in said


WRONG = {
    "no key": (lambda p, a: {"cert": str(p[0])}, "tls-pair"),
    "nothing": (lambda p, a: {}, "tls-pair"),
    "no such file": (lambda p, a: {"cert": "/none.pem", "key": str(p[1])}, "tls-file"),
    "no certificate": (lambda p, a: {"cert": str(p[1]), "key": str(p[1])}, "tls-certificate"),
    "no private key": (lambda p, a: {"cert": str(p[0]), "key": str(p[0])}, "tls-key"),
    "another's key": (lambda p, a: {"cert": str(p[0]), "key": str(a.key)}, "tls-pair"),
    "no authorities": (lambda p, a: {"cert": str(p[0]), "key": str(p[1]), "client_ca": str(p[1])}, "tls-certificate"),
    "misspelt": (lambda p, a: {"certt": str(p[0]), "key": str(p[1])}, "config-unknown"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_found_before_anything_starts(gateway, authority, pair, what):
    members, code = WRONG[what]
    one = gateway("127.0.0.1:9", start=False)
    one.config["listeners"]["main"]["tls"] = members(pair, authority)
    one.write_config()
    done = one.run("-t")
    assert done.returncode == 1 and code in done.stdout + done.stderr
    assert f"{one.config_path.name}:" in done.stdout + done.stderr


def test_expired_certificates_are_a_warning(gateway, authority):
    one = gateway("127.0.0.1:9", start=False)
    one.config["listeners"]["main"]["tls"] = tls(authority.issue("old", NAME, days=-1))
    one.write_config()
    done = one.run("-t")
    assert done.returncode == 0 and "warning tls-expired" in done.stdout + done.stderr
