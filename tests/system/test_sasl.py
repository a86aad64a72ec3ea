"""SASL passes whole: version 1 of the handshake in requests, version 0 with tokens that are none."""

import pytest

from gateway import wait_until
from test_session import scripted      # noqa: F401
import wire

SASL_HANDSHAKE, SASL_AUTHENTICATE, HEARTBEAT = 17, 36, 12

# What each side says, in turns; None: the broker takes it without a word.
EXCHANGES = {
    "PLAIN": [(b"\0alice\0secret", b"")],
    "SCRAM-SHA-256": [(b"n,,n=alice,r=abc", b"r=abcdef,s=c2FsdA==,i=4096"), (b"c=biws,r=abcdef,p=cHJvb2Y=", b"v=c2lnbmF0dXJl")],
    "OAUTHBEARER": [(b"n,,\1auth=Bearer eyJhbGciOiJub25lIn0.e30.\1\1", b"")],
    "GSSAPI": [(b"\x60\x82\1\2", b"\x60\x81"), (b"", b"\5\4\5\xff"), (b"\5\4\4\xff", None)],
}


def handshake(version, mechanism, correlation=1):
    return wire.header(SASL_HANDSHAKE, version, correlation).string(mechanism).done()


def speaks(turns, seen, error=0):
    """on() of a broker that holds its half of an exchange after the handshake, then answers anything with 0."""
    def on(exchange):
        if exchange.api != SASL_HANDSHAKE:
            return exchange.answer(b"\0\0")
        exchange.answer(wire.Writer().i16(error).i32(1).string("PLAIN").done())
        for _, said in turns if exchange.version == 0 and error == 0 else ():
            seen.append(wire.read_frame(exchange.connection))
            if said is not None:
                exchange.say(said)
    return on


def goes_on(client, one):
    """Requests are requests again: an address is still rewritten, and order is kept."""
    assert [b.port for b in client.metadata([]).brokers] == [one.broker_port(0)]
    client.send(wire.header(HEARTBEAT, 0, 77).string("g").i32(1).string("m").done())
    client.receive(77)


@pytest.mark.parametrize("mechanism", EXCHANGES)
def test_handshake_of_version_0(gateway, scripted, mechanism):
    turns, seen = EXCHANGES[mechanism], []
    one = gateway(scripted(speaks(turns, seen)).address)
    with wire.Client(one.port) as client:
        client.send(handshake(0, mechanism))
        client.receive(1)
        for token, answer in turns:
            client.send(token)
            if answer is not None:
                assert wire.read_frame(client.sock) == answer
        goes_on(client, one)
    assert seen == [token for token, _ in turns]


@pytest.mark.parametrize("cut", [1, 3, 5])
def test_tokens_in_small_pieces(gateway, scripted, cut):
    turns, seen = EXCHANGES["SCRAM-SHA-256"], []
    one = gateway(scripted(speaks(turns, seen)).address)
    with wire.Client(one.port) as client:
        client.send(handshake(0, "SCRAM-SHA-256"))
        client.receive(1)
        for token, answer in turns:
            data = wire.frame(token)
            for at in range(0, len(data), cut):
                client.sock.sendall(data[at:at + cut])
            assert wire.read_frame(client.sock) == answer
        goes_on(client, one)
    assert seen == [token for token, _ in turns]


def test_a_client_that_does_not_wait(gateway, scripted):
    """Handshake, token and request in one piece: each answer finds its way."""
    turns, seen = EXCHANGES["PLAIN"], []
    one = gateway(scripted(speaks(turns, seen)).address)
    with wire.Client(one.port) as client:
        client.sock.sendall(wire.frame(handshake(0, "PLAIN")) + wire.frame(turns[0][0])
                            + wire.frame(wire.header(HEARTBEAT, 0, 2).string("g").i32(1).string("m").done()))
        client.receive(1)
        assert wire.read_frame(client.sock) == b""
        client.receive(2)
        goes_on(client, one)
    assert seen == [turns[0][0]]


def test_a_mechanism_that_the_broker_does_not_have(gateway, scripted):
    """No token follows: the client may try another, or ask."""
    seen = []
    one = gateway(scripted(speaks((), seen, error=33)).address)
    with wire.Client(one.port) as client:
        client.send(handshake(0, "NONE"))
        assert client.receive(1).i16() == 33
        goes_on(client, one)


def test_a_broker_that_refuses_a_token_closes(gateway, scripted):
    broker = scripted(lambda exchange: (exchange.answer(wire.Writer().i16(0).i32(0).done()),
                                        wire.read_frame(exchange.connection), exchange.connection.close()))
    with wire.Client(gateway(broker.address).port) as client:
        client.send(handshake(0, "PLAIN"))
        client.receive(1)
        client.send(b"\0alice\0wrong")
        assert client.is_closed()


@pytest.mark.parametrize("length", [-1, 2**31 - 1, 600 << 10])
def test_tokens_have_a_bound(gateway, scripted, length):
    one = gateway(scripted(speaks((), [])).address)
    with wire.Client(one.port) as client:
        client.send(handshake(0, "PLAIN"))
        client.receive(1)
        client.sock.sendall((length & 0xffffffff).to_bytes(4, "big") + b"x" * 100)
        assert client.is_closed()


def test_handshake_of_version_1_again_and_again(gateway, scripted):
    """Re-authentication (KIP-368) comes at any time, between other requests."""
    broker = scripted(speaks((), []))
    one = gateway(broker.address)
    with wire.Client(one.port) as client:
        for n in range(3):
            client.send(handshake(1, "PLAIN", 10 * n))
            client.receive(10 * n)
            client.send(wire.header(SASL_AUTHENTICATE, 1, 10 * n + 1).bytes(b"\0alice\0secret").done())
            client.receive(10 * n + 1)
            goes_on(client, one)
    wait_until(lambda: len(broker.frames) == 9, what="all requests")
