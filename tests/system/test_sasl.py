"""SASL passes whole: version 1 of the handshake in requests, version 0 with tokens that are none."""

import base64
import json

import pytest

from gateway import LIGHT, document, wait_until
from test_session import BAD, batch, scripted, store      # noqa: F401
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


# ---- whose records ----

def jwt(claims):
    text = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=")
    return b"n,,\1auth=Bearer eyJhbGciOiJub25lIn0." + text + b".c2ln\1\1"


# mechanism, turns, the user that they name
PEOPLE = [
    ("PLAIN", [(b"\0alice\0secret", b"")], "alice"),
    ("PLAIN", [(b"alice\0alice\0with\0nul", b"")], "alice"),
    ("PLAIN", [(b"no separators", b"")], ""),
    ("PLAIN", [(b"\0" + b"x" * 129 + b"\0secret", b"")], ""),
    ("SCRAM-SHA-256", EXCHANGES["SCRAM-SHA-256"], "alice"),
    ("SCRAM-SHA-512", [(b"n,,n=a=3Db=2Cc,r=abc", b"r=abcdef,s=c2FsdA==,i=4096"), (b"c=biws,r=abcdef,p=cHJv", b"v=c2ln")], "a=b,c"),
    ("SCRAM-SHA-512", [(b"n,,n=token-id,r=abc,tokenauth=true", b"r=abcdef,s=c2FsdA==,i=4096"), (b"c=biws,r=abcdef,p=cHJv", b"v=c2ln")], ""),
    ("SCRAM-SHA-256", [(b"n,,n=alice,r=abc", b"r=abcdef,s=c2FsdA==,i=4096"), (b"c=biws,r=abcdef,p=cHJv", b"e=invalid-proof")], ""),
    ("OAUTHBEARER", [(jwt({"iss": "x", "sub": "alice"}), b"")], "alice"),
    ("OAUTHBEARER", [(jwt({"sub": "\u00e9ric~?>"}), b"")], "\u00e9ric~?>"),
    ("OAUTHBEARER", [(jwt({"sub": 7}), b"")], ""),
    ("OAUTHBEARER", [(b"n,,\1auth=Bearer a.###.c\1\1", b"")], ""),
    ("OAUTHBEARER", [(jwt({"sub": "alice"}), b'{"status":"invalid_token"}')], ""),
    ("GSSAPI", [(b"\x60alice", b"\x60\x81")], ""),
]


def said(error, token):
    return wire.Writer().i16(error).string(None).bytes(token).i64(0).done()


def talks(turns, errors=()):
    """on() of a broker that answers tokens in requests by turns; errors: those of the requests, 0 where there are no more."""
    answers, errors = iter([answer for _, answer in turns]), iter(errors)

    def on(exchange):
        if exchange.api == SASL_HANDSHAKE:
            return exchange.answer(wire.Writer().i16(0).i32(0).done())
        if exchange.api == SASL_AUTHENTICATE:
            return exchange.answer(said(next(errors, 0), next(answers)))
        return store(exchange)
    return on


def authenticate(client, correlation, token):
    client.send(wire.header(SASL_AUTHENTICATE, 1, correlation).bytes(token).done())


def user_of_a_refusal(client, one):
    """Who the log says that a bad record was of."""
    start = len(one.log)
    client.send(wire.produce_request(7, 99, {"light": {0: batch(BAD)}}))
    assert wire.produce_answer(7, client.receive(99))[0].error == 87
    return json.loads(one.wait_log(r'.*"msg":"record refused".*', start=start).group())["user"]


def people(gateway, broker):
    return gateway(broker.address, {"light.json": document("light", LIGHT)}, log={"level": "info", "format": "json"})


@pytest.mark.parametrize("mechanism, turns, user", PEOPLE)
def test_the_log_names_the_user_whom_the_broker_accepted(gateway, scripted, mechanism, turns, user):
    one = people(gateway, scripted(talks(turns)))
    with wire.Client(one.port) as client:
        assert user_of_a_refusal(client, one) == ""
        client.send(handshake(1, mechanism))
        client.receive(1)
        for n, (token, answer) in enumerate(turns):
            authenticate(client, 2 + n, token)
            client.receive(2 + n)
        assert user_of_a_refusal(client, one) == user
        assert (one.metric("event_gateway_authentications_total", mechanism=mechanism, outcome="accepted") == 1) == bool(
            user or mechanism != "GSSAPI" and turns[-1][1] in (b"", b"v=c2ln"))


def test_a_user_by_a_handshake_of_version_0(gateway, scripted):
    seen = []
    tokens = speaks(EXCHANGES["SCRAM-SHA-256"], seen)
    one = people(gateway, scripted(lambda exchange: (tokens if exchange.api == SASL_HANDSHAKE else store)(exchange)))
    with wire.Client(one.port) as client:
        client.send(handshake(0, "SCRAM-SHA-256"))
        client.receive(1)
        for token, answer in EXCHANGES["SCRAM-SHA-256"]:
            client.send(token)
            assert wire.read_frame(client.sock) == answer
        assert user_of_a_refusal(client, one) == "alice"


def test_a_refused_user_is_nobody(gateway, scripted):
    one = people(gateway, scripted(talks([(None, b"")], errors=[58])))
    with wire.Client(one.port) as client:
        client.send(handshake(1, "PLAIN"))
        client.receive(1)
        authenticate(client, 2, b"\0alice\0wrong")
        client.receive(2)
        assert user_of_a_refusal(client, one) == ""
        assert one.metric("event_gateway_authentications_total", mechanism="PLAIN", outcome="refused") == 1


def test_overlapping_exchanges_lend_nobody_a_name(gateway, scripted):
    """The yes to the first must not be taken for one to the second."""
    one = people(gateway, scripted(talks([(None, b""), (None, b"")], errors=[0, 58])))
    with wire.Client(one.port) as client:
        client.send(handshake(1, "PLAIN", 1))
        authenticate(client, 2, b"\0alice\0secret")
        client.send(handshake(1, "PLAIN", 3))
        authenticate(client, 4, b"\0mallory\0wrong")
        for correlation in range(1, 5):
            client.receive(correlation)
        assert user_of_a_refusal(client, one) == ""
