"""What an operator sees: metrics, health, status, and the tool's own words about them."""

import json
import os
import signal
import socket

import pytest

import wire
from gateway import LIGHT, document, wait_until

GOOD, BAD = b'{"lumens": 1}', b'{"lumens": true}'


@pytest.fixture
def lights(broker, gateway, name):
    """A gateway before a topic of measurements, and a function that sends records through it."""
    broker.topic(name)
    one = gateway(documents={"lights.json": document(name, LIGHT)})

    def send(*values):
        with wire.Client(one.broker_port(broker.NODE)) as client:
            return client.produce_one(name, wire.Batch([wire.Record(v) for v in values]))

    one.send = send
    return one


def status(gateway):
    done = gateway.egctl("status", "--json")
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def ready(gateway):
    try:
        return gateway.http("/readyz")[0] == 200
    except OSError:
        return False


def test_ready_once_workers_serve(lights):
    wait_until(lambda: ready(lights), what="readiness")
    assert lights.http("/livez") == (200, "alive\n")
    assert lights.egctl("status").returncode == 0


def test_records_are_counted_by_verdict_and_action(lights, name):
    lights.send(GOOD, GOOD)
    lights.send(BAD)

    def count(**labels):
        return lights.metric("event_gateway_records_total", topic=name, message="lightMeasured", **labels)

    assert count(verdict="valid") == 2
    assert count(verdict="invalid", action="reject") == 1
    assert lights.metric("event_gateway_produce_partitions_refused_total", code="INVALID_RECORD") == 1
    assert sum(n for key, n in status(lights)["records"].items() if key.startswith("invalid/")) == 1


def test_connections_are_counted(lights):
    wait_until(lambda: lights.metric("event_gateway_connections") == 0, what="the end of the connections so far")
    with wire.Client(lights.port) as client:
        client.metadata([])
        assert lights.metric("event_gateway_connections") == 1
    wait_until(lambda: lights.metric("event_gateway_connections") == 0, what="the connection's end")
    assert lights.metric("event_gateway_connections_total") > 0


def test_status_names_listeners_brokers_and_workers(lights, broker):
    lights.send(GOOD)
    told = status(lights)
    assert told["listeners"][0]["bind"] == [lights.address]
    assert [b["id"] for b in told["clusters"][0]["brokers"]] == [broker.NODE]
    assert sorted(w["pid"] for w in told["workers"]) == lights.workers()
    assert {w["generation"] for w in told["workers"]} == {told["generation"]}


def test_not_ready_while_no_broker_answers(gateway):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        one = gateway(bootstrap=f"127.0.0.1:{nobody.getsockname()[1]}", start=False)
        one.start().wait_listening()
        wait_until(lambda: ready(one), what="readiness before the first client")
        try:
            with wire.Client(one.port, timeout=5) as client:
                client.metadata([])
        except (OSError, EOFError):
            pass
        wait_until(lambda: not ready(one), what="the failure to reach a broker")
        code, text = one.http("/readyz")
        assert code == 503 and "cluster main could not be reached" in json.loads(text)["detail"]


def test_reload_is_answered_with_the_truth(lights, name):
    before = status(lights)["generation"]
    good = lights.egctl("reload")
    assert good.returncode == 0, good.stdout + good.stderr
    assert status(lights)["generation"] > before

    lights.write("lights.json", '{"asyncapi": "3.0.0",\n "info": 5}')
    bad = lights.egctl("reload")
    assert bad.returncode == 1
    assert "lights.json:2:" in bad.stdout
    told = status(lights)
    assert told["generation"] == before + 1
    assert told["ready"], told["reasons"]
    assert told["reload"]["outcome"] == "refused"
    assert any("lights.json:2:" in line for line in told["reload"]["findings"])
    assert lights.metric("event_gateway_reloads_total", outcome="refused") == 1
    assert lights.metric("event_gateway_reloads_total", outcome="committed") == 1


def test_counters_survive_their_worker(lights):
    lights.send(GOOD)
    before = lights.metric("event_gateway_records_total")
    workers = lights.workers()
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(lights.workers()) == 2 and not set(lights.workers()) & set(workers), what="new workers")
    assert lights.metric("event_gateway_records_total") == before
    assert lights.metric("event_gateway_worker_deaths_total") == 2
    wait_until(lambda: ready(lights), what="readiness")


def test_admin_comes_back(lights):
    admin = [pid for pid, command in lights.children().items() if "eg-admin" in command]
    assert len(admin) == 1
    os.kill(admin[0], signal.SIGKILL)

    def answers():
        try:
            return lights.http("/livez")[0] == 200
        except OSError:
            return False

    wait_until(answers, what="the next admin")
    assert status(lights)["generation"] == 1


def test_tool_says_when_nobody_is_there(gateway):
    one = gateway(start=False)
    for command in ("status", "reload"):
        done = one.egctl(command)
        assert done.returncode == 2 and done.stderr.startswith(f"egctl {command}: ")
