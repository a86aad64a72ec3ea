"""Master and workers: starting, stopping, signals, reload, and who is left when one dies."""

import json
import os
import pathlib
import pwd
import signal
import subprocess

import pytest

import wire
from gateway import LIGHT, document, is_alive, wait_until

GOOD = b'{"lumens": 1}'
BAD = b'{"lumens": true}'


def batch(value):
    return wire.Batch([wire.Record(value)])


@pytest.fixture
def running(broker, gateway, name):
    broker.topic(name)
    one = gateway(documents={"a.json": document(name, LIGHT)})
    one.topic = name
    return one


def client(one):
    return wire.Client(one.broker_port(1))


def shares(one):
    """The sessions of each worker."""
    return [w["sessions"] for w in json.loads(one.http("/v1/status")[1])["workers"]]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_signal_ends_it_with_exit_0(running, number):
    family = running.children()
    running.signal(number)
    assert running.process.wait(15) == 0
    assert [pid for pid in family if is_alive(pid)] == []


def test_quit_answers_what_is_in_flight(running, broker):
    with client(running) as one:
        broker.pause()
        try:
            sent = one.send_produce({running.topic: {0: batch(GOOD).encode()}})
            wait_until(lambda: running.metric("event_gateway_requests_total", api="Produce") >= 1, what="the request")
            running.signal(signal.SIGQUIT)
        finally:
            broker.resume()
        assert one.receive_produce(sent)[0].error == 0
        assert one.is_closed()
    assert running.process.wait(15) == 0


def test_as_many_workers_as_configured(broker, gateway, name):
    assert len(gateway(documents={"a.json": document(name, LIGHT)}, workers=3).workers()) == 3


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop privileges")
def test_workers_of_root_are_unprivileged(running):
    for pid in running.workers():
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        rows = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert 0 not in map(int, rows["Uid"].split()), pwd.getpwuid(int(rows["Uid"].split()[0]))
        assert 0 not in map(int, rows["Gid"].split())
        assert int(rows["CapEff"], 16) == int(rows["CapPrm"], 16) == 0
        assert int(rows["NoNewPrivs"]) == 1


def test_dead_worker_is_replaced_and_the_other_goes_on(running):
    clients = [client(running) for _ in range(16)]
    for one in clients:
        assert one.produce_one(running.topic, batch(GOOD)).error == 0
    victim = running.workers()[0]
    running.signal(signal.SIGKILL, victim)
    wait_until(lambda: len(running.workers()) == 2 and victim not in running.workers(), what="a new worker")
    alive = 0
    for one in clients:
        try:
            alive += one.produce_one(running.topic, batch(GOOD)).error == 0
        except (EOFError, ConnectionError):
            pass
        one.close()
    assert 0 < alive < 16
    running.wait_log(r"(?i)worker")


def test_a_new_worker_gets_its_share(running):
    """Of the next connections, those that the kernel gives to the fuller one too; what they have sent already goes along."""
    clients = [client(running) for _ in range(80)]
    wait_until(lambda: sum(shares(running)) == 80, what="all sessions")
    victim = running.workers()[0]
    running.signal(signal.SIGKILL, victim)
    wait_until(lambda: len(running.workers()) == 2 and victim not in running.workers(), what="a new worker")
    running.wait()
    while sum(shares(running)) < 100:
        clients.append(client(running))
        clients[-1].send(wire.header(wire.API_VERSIONS, 0, 77).done())
        assert clients[-1].receive(77)
    wait_until(lambda: sum(shares(running)) == 100, what="all sessions")
    assert max(shares(running)) <= 1.2 * 50
    assert running.metric("event_gateway_connections_passed_total") > 0
    for one in clients:
        one.close()


def test_no_connection_is_lost_on_its_way_to_a_new_worker(running):
    """More than a channel between processes holds, passed to one that does not take them yet."""
    clients = [client(running) for _ in range(60)]
    wait_until(lambda: sum(shares(running)) == 60, what="all sessions")
    victim, *_ = running.workers()
    running.signal(signal.SIGKILL, victim)
    wait_until(lambda: len(running.workers()) == 2 and victim not in running.workers(), what="a new worker")
    running.wait()
    wait_until(lambda: 0 in shares(running), what="the end of the sessions of the old one")
    still = max(running.workers())
    running.signal(signal.SIGSTOP, still)
    try:
        clients += [client(running) for _ in range(400)]
    finally:
        running.signal(signal.SIGCONT, still)
    for one in clients[60:]:
        one.send(wire.header(wire.API_VERSIONS, 0, 77).done())
        assert one.receive(77)
    for one in clients:
        one.close()


def test_stopped_worker_loses_its_slots_and_is_replaced(running):
    """No accept queue is a black hole, even while a worker stands still."""
    victim = running.workers()[0]
    running.signal(signal.SIGSTOP, victim)
    wait_until(lambda: victim not in running.workers(), 25, "the end of the stopped worker")
    wait_until(lambda: len(running.workers()) == 2, what="a new worker")
    for _ in range(20):
        with client(running) as one:
            assert one.produce_one(running.topic, batch(GOOD)).error == 0


def test_worker_that_is_killed_leaks_no_descriptor_of_the_master(running):
    before = running.descriptors(running.pid)
    for _ in range(3):
        victim = running.workers()[0]
        running.signal(signal.SIGKILL, victim)
        wait_until(lambda: len(running.workers()) == 2 and victim not in running.workers(), what="a new worker")
    wait_until(lambda: running.descriptors(running.pid) == before, 10, f"{before} descriptors")


def test_sessions_leak_no_descriptor(running):
    pids = running.workers()
    before = {pid: running.descriptors(pid) for pid in pids}
    for _ in range(50):
        with client(running) as one:
            assert one.produce_one(running.topic, batch(GOOD)).error == 0
    wait_until(lambda: all(running.descriptors(pid) <= before[pid] + 1 for pid in pids), 15, "the descriptors of before")


def test_orphans_end_when_the_master_dies(running):
    family = running.children()
    running.process.kill()
    running.process.wait()
    running.expected_exit = -signal.SIGKILL
    wait_until(lambda: not any(map(is_alive, family)), 15, "the end of the orphans")


def test_second_instance_exits_3(running, broker, gateway):
    other = gateway(documents={"a.json": document("t", LIGHT)}, start=False)
    other.config["listeners"] = running.config["listeners"]
    other.write_config()
    done = other.run(timeout=20)
    assert done.returncode == 3, done.stderr
    assert str(running.port) in done.stderr + done.stdout


def test_reload_changes_open_connections(running):
    with client(running) as one:
        assert one.produce_one(running.topic, batch(b'{"lumens": 5000}')).error == 0
        running.write("a.json", document(running.topic, {"properties": {"lumens": {"maximum": 1000}}}))
        done = running.reload()
        assert done.returncode == 0, done.stdout + done.stderr
        assert one.produce_one(running.topic, batch(b'{"lumens": 5000}')).error == 87
        assert one.produce_one(running.topic, batch(GOOD)).error == 0


def test_broken_reload_changes_nothing_and_says_where(running):
    running.write("a.json", '{"asyncapi": "3.0.0",\n "info": {"title": "t", "version": "1"},\n "channels": 7}')
    done = running.reload()
    assert done.returncode == 1
    assert "a.json:3:14:" in done.stdout + done.stderr, done.stdout + done.stderr
    with client(running) as one:
        assert one.produce_one(running.topic, batch(BAD)).error == 87
        assert one.produce_one(running.topic, batch(GOOD)).error == 0


def test_hup_reloads(running):
    running.write("a.json", document(running.topic, {"properties": {"lumens": {"maximum": 1000}}}))
    before = running.metric("event_gateway_generation")
    running.signal(signal.SIGHUP)
    wait_until(lambda: running.metric("event_gateway_generation") > before, what="the next generation")
    with client(running) as one:
        assert one.produce_one(running.topic, batch(b'{"lumens": 5000}')).error == 87


def test_a_reload_while_it_starts_leaves_no_worker_behind(broker, gateway, name):
    """A worker that was getting ready with the generation before goes on with the new one."""
    broker.topic(name)
    for _ in range(8):
        one = gateway(documents={"a.json": document(name, LIGHT)}, start=False).start().wait_listening()
        assert one.reload().returncode == 0
        one.wait(10)
        one.wait_log("ready: 2 workers", 10)


def test_many_hups_end_in_the_last_state(running):
    for maximum in range(1, 40):
        running.write("a.json", document(running.topic, {"properties": {"lumens": {"maximum": maximum}}}))
        running.signal(signal.SIGHUP)
    assert running.reload().returncode == 0
    with client(running) as one:
        assert one.produce_one(running.topic, batch(b'{"lumens": 39}')).error == 0
        assert one.produce_one(running.topic, batch(b'{"lumens": 40}')).error == 87


def test_a_reload_asked_for_while_the_loader_of_the_last_one_ends_is_answered(running):
    for _ in range(50):
        running.signal(signal.SIGHUP)
        assert running.reload().returncode == 0


def test_stop_by_word(running):
    done = running.run("-s", "stop")
    assert done.returncode == 0, done.stdout + done.stderr
    assert running.process.wait(15) == 0


def test_documents_on_the_command_line_need_no_configuration(broker, gateway, name):
    broker.topic(name)
    one = gateway(start=False, documents={"a.json": document(name, LIGHT)})
    one.command = lambda *args: [*running_binary(one), "-b", broker.address, "-l", one.address, "-o", f"control={one.control}",
                                 "-o", f"admin.bind=127.0.0.1:{one.admin}", *args, str(one.home / "a.json")]
    one.start().wait()
    with wire.Client(one.port) as client:
        port, = {b.port for b in client.metadata([]).brokers}
    with wire.Client(port) as client:
        assert client.produce_one(name, batch(BAD)).error == 87


def running_binary(one):
    from gateway import binary
    return [binary(build=one.build)]


def test_readiness_is_told_to_systemd(running, broker, gateway, name, tmp_path):
    import socket
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(tmp_path / "notify"))
        notify.settimeout(20)
        one = gateway(documents={"a.json": document(name, LIGHT)}, start=False)
        one.start(env={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        said = b""
        while b"READY=1" not in said:
            said += notify.recv(4096) + b"\n"
        one.wait()
