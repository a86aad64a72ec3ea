"""Good clients with a schedule, many in one process of its own, so that what a test does beside them does not slow them.

Each produces a record when it is due, and (consume) fetches it back and looks whether it is the same. How long a record
took counts from when it was due, not from when there was time to send it: a server that stands still for a second is
late with all that were due in it.
"""

import gc
import heapq
import json
import pathlib
import selectors
import socket
import struct
import subprocess
import sys
import tempfile
import time

import wire

FETCH_VERSION, PRODUCE_VERSION = 4, 8


class PacedClient:
    def __init__(self, port, topic, value, consume):
        self.port, self.topic, self.value, self.consume = port, topic, value, consume
        self.batch = wire.Batch([wire.Record(value)]).encode()
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setblocking(False)
        self.got = bytearray()
        self.correlation = 0
        self.due = self.asked = None            # since when the record, its Fetch takes
        self.fetching = False
        self.waits = {"produce": [], "fetch": []}    # (when it was due, how long it took)
        self.errors = []

    def _ask(self, request):
        self.sock.sendall(wire.frame(request))

    def produce(self, due):
        self.correlation += 1
        self.due, self.fetching = due, False
        self._ask(wire.produce_request(PRODUCE_VERSION, self.correlation, {self.topic: {0: self.batch}}))

    def _fetch(self, offset):
        self.correlation += 1
        self.asked, self.fetching, self.offset = time.monotonic(), True, offset
        out = wire.header(wire.FETCH, FETCH_VERSION, self.correlation).i32(-1).i32(5000).i32(1).i32(1 << 20).i8(0)
        self._ask(out.i32(1).string(self.topic).i32(1).i32(0).i64(offset).i32(1 << 16).done())

    def receive(self):
        """True: its turn is over and the next may be due."""
        data = self.sock.recv(1 << 18)
        if not data:
            raise EOFError("closed")
        self.got += data
        if len(self.got) < 4 or len(self.got) < 4 + struct.unpack_from(">i", self.got)[0]:
            return False
        r = wire.Reader(self.got[4:])
        self.got.clear()
        correlation = r.i32()
        if correlation != self.correlation:
            raise ValueError(f"correlation id {correlation}, not {self.correlation}")
        return self._fetched(r) if self.fetching else self._produced(r)

    def _produced(self, r):
        answer, = wire.produce_answer(PRODUCE_VERSION, r)
        self.waits["produce"].append((self.due, time.monotonic() - self.due))
        if answer.error:
            self.errors.append(f"Produce: error {answer.error}")
            return True
        if self.consume:
            self._fetch(answer.base_offset)
        return not self.consume

    def _fetched(self, r):
        self.waits["fetch"].append((self.asked, time.monotonic() - self.asked))
        r.i32(), r.i32(), r.string(), r.i32(), r.i32()
        error = r.i16()
        r.i64(), r.i64(), r.array(lambda r: (r.i64(), r.i64()))
        batches = wire.split_batches(r.bytes())
        if error or not any(wire.Batch.decode(b).records[0].value == self.value for b in batches[:1]):
            self.errors.append(f"Fetch of offset {self.offset}: error {error}, {len(batches)} batches")
        return True


def run(ports, topic, clients, rate, seconds, consume=False, size=200):
    """Clients take turns at the ports. rate: records a second of all of them; 0: the next one when one is done."""
    values = [json.dumps({"lumens": n, "padding": "x" * size}).encode() for n in range(clients)]
    all_of_them = [PacedClient(ports[n % len(ports)], topic, value, consume) for n, value in enumerate(values)]
    selector = selectors.DefaultSelector()
    for client in all_of_them:
        selector.register(client.sock, selectors.EVENT_READ, client)
    period = clients / rate if rate else 0
    began = time.monotonic()
    ends = began + seconds
    due = [(began + n * period / clients, n) for n in range(clients)]
    heapq.heapify(due)
    busy = 0
    while busy or due:
        now = time.monotonic()
        while due and due[0][0] <= now:
            at, n = heapq.heappop(due)
            busy += 1
            all_of_them[n].produce(at)
        for key, _ in selector.select(max(0, due[0][0] - now) if due else 10):
            client = key.data
            try:
                over = client.receive()
            except (OSError, EOFError, ValueError) as error:
                client.errors.append(f"{type(error).__name__}: {error}")
                selector.unregister(client.sock)
                busy -= 1
                continue
            if not over:
                continue
            busy -= 1
            at = client.due + period if rate else time.monotonic()
            if at < ends:
                heapq.heappush(due, (at, all_of_them.index(client)))
        if now > ends + 60:
            raise TimeoutError(f"{busy} answers are missing a minute after the end")
    took = time.monotonic() - began
    waits = {what: [(at - began, wait, c.port) for c in all_of_them for at, wait in c.waits[what]] for what in ("produce", "fetch")}
    return {"seconds": took, "waits": waits, "errors": [e for c in all_of_them for e in c.errors]}


def p99(waits):
    """In milliseconds."""
    return 1000 * sorted(waits)[int(0.99 * len(waits))]


class Outcome:
    def __init__(self, seconds, waits, errors):
        self._waits, self.errors = waits, errors
        self.records = len(waits["produce"])
        self.speed = self.records / seconds

    def waits(self, what="produce", port=None):
        """Seconds."""
        return [wait for _, wait, at in self._waits[what] if port in (None, at)]

    def windows(self, seconds, port, what="produce"):
        """The p99 of each so many seconds."""
        rows = {}
        for when, wait, at in self._waits[what]:
            if at == port:
                rows.setdefault(int(when / seconds), []).append(wait)
        return [p99(rows[n]) for n in sorted(rows)]


class Paced:
    """A run in a process of its own; outcome() waits for its end."""

    def __init__(self, ports, topic, clients, rate, seconds, consume=False):
        how = dict(ports=ports, topic=topic, clients=clients, rate=rate, seconds=seconds, consume=consume)
        self.limit = seconds + 90
        self.out = tempfile.TemporaryFile("w+")     # more than a pipe holds
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", sys.executable, str(pathlib.Path(__file__).resolve()), json.dumps(how)],
                                        stdin=subprocess.DEVNULL, stdout=self.out)

    def is_running(self):
        return self.process.poll() is None

    def outcome(self):
        if self.process.wait(self.limit) != 0:
            raise RuntimeError(f"the paced clients ended with {self.process.returncode}")
        with self.out:
            self.out.seek(0)
            return Outcome(**json.load(self.out))


if __name__ == "__main__":
    gc.disable()
    print(json.dumps(run(**json.loads(sys.argv[1]))))
