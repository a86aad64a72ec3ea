"""What an operator reads: the log line of a refused record, and the scrape."""

import json

import pytest

import wire
from gateway import LIGHT, document

GOOD, BAD = b'{"lumens": 1}', b'{"lumens": true}'


@pytest.fixture
def running(broker, gateway, name):
    broker.topic(name)
    one = gateway(documents={"a.json": document(name, LIGHT)})
    one.topic = name
    return one


def produce(one, value):
    with wire.Client(one.broker_port(1)) as client:
        return client.produce_one(one.topic, wire.Batch([wire.Record(value)])).error


def test_unknown_path_is_a_problem(running):
    status, body = running.http("/nothing")
    assert status == 404 and json.loads(body)["status"] == 404


def test_metrics_are_sound_prometheus_text(running):
    produce(running, GOOD)
    status, text = running.http("/metrics")
    assert status == 200
    declared = set()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            declared.add(line.split()[2])
        elif line and not line.startswith("#"):
            assert line.split("{")[0].split(" ")[0] in declared, line
            float(line.rsplit(" ", 1)[1])
    assert len(declared) > 10


def test_refused_record_is_one_line_that_says_all(running):
    produce(running, BAD)
    line = running.wait_log(rf".*{running.topic}.*").group()
    for word in ("lightMeasured", "/lumens", "integer", "client="):
        assert word in line, line


def test_lines_as_json_name_each_key_once(broker, gateway, name):
    broker.topic(name)
    one = gateway(documents={"a.json": document(name, LIGHT)}, log={"format": "json"})
    one.topic = name
    produce(one, BAD)
    line = one.wait_log(rf'\n({{.*"topic":"{name}".*}})\n').group(1)
    pairs = json.loads(line, object_pairs_hook=list)
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), keys
    assert dict(pairs)["msg"] == "record refused" and dict(pairs)["message"] == "lightMeasured"


def test_hostile_names_stay_in_one_line(running):
    """A client id with line breaks and an escape sequence cannot forge a log line."""
    request = wire.produce_request(8, 1, {running.topic: {0: wire.Batch([wire.Record(BAD)]).encode()}})
    evil = b"\nFORGED \x1b[31m"
    forged = request[:8] + len(evil).to_bytes(2, "big") + evil + request[8 + 2 + len("tests"):]
    with wire.Client(running.broker_port(1)) as client:
        client.send(forged)
        client.receive(1)
    running.wait_log(running.topic)
    assert "\nFORGED" not in running.log and "\x1b" not in running.log


def test_log_is_limited_under_a_flood_of_refusals(running):
    with wire.Client(running.broker_port(1)) as client:
        sent = [client.send_produce({running.topic: {0: wire.Batch([wire.Record(BAD)]).encode()}}) for _ in range(3000)]
        assert {client.receive_produce(s)[0].error for s in sent} == {87}
    assert running.metric("event_gateway_records_total", verdict="invalid") == 3000
    assert running.log.count("lightMeasured") < 1000
