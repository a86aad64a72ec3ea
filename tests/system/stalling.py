"""Peers that stop: consumers that do not read, a broker that takes and answers nothing, clients that push at it, and
clients that send a byte of a request now and then. Each is many connections in one thread of the test."""

import contextlib
import selectors
import socket
import threading
import time

import wire

PARTS = 250     # of a pause, each of them the turn of as large a part of the connections
MOST = 20_000   # descriptors


class _Many(threading.Thread):
    """Connections that are kept: one that the peer closes comes back at once."""

    events = selectors.EVENT_READ

    def __init__(self, port, count, pause=0.0):
        super().__init__(daemon=True)
        self.port, self.pause = port, pause
        self.closed = 0                  # by the peer
        self.part = 0                    # of the pause
        self.everything = threading.Event()
        self.over = False
        self.wanted = count
        self.selector = selectors.DefaultSelector()
        self.start()
        if not self.everything.wait(60):
            raise TimeoutError(f"{type(self).__name__}: {len(self.selector.get_map())} of {count} connections within a minute")

    def connect(self):
        one = socket.socket()
        self.tune(one)
        one.settimeout(30)
        one.connect(("127.0.0.1", self.port))
        self.begin(one)
        one.setblocking(False)
        return one

    def tune(self, one):
        """Before it is connected."""

    def begin(self, one):
        """Before it does not block any more."""

    def turn(self, one):
        """Its socket is ready, or the pause is over; raises when it ended."""

    def run(self):
        for _ in range(self.wanted):
            self._add()
        self.everything.set()
        while not self.over:
            ready = [key.fileobj for key, _ in self.selector.select(0.2)] if not self.pause else self._after_a_pause()
            for one in ready:
                try:
                    self.turn(one)
                except (OSError, EOFError):
                    self._replace(one)
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()

    def _after_a_pause(self):
        """Peers know nothing of each other: their turns are spread over the pause."""
        time.sleep(self.pause / PARTS)
        self.part = (self.part + 1) % PARTS
        keys = map(self.selector.get_map().get, range(self.part, MOST, PARTS))
        return [key.fileobj for key in keys if key]

    def _replace(self, one):
        self.closed += 1
        self.selector.unregister(one)
        one.close()
        if not self.over:
            self._add()

    def _add(self):
        """Who is closed before it is heard comes back too."""
        while not self.over:
            with contextlib.suppress(OSError, EOFError):
                self.selector.register(self.connect(), self.events)
                return
            self.closed += 1
            time.sleep(0.05)

    def stop(self):
        self.over = True
        self.join(60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def look(one):
    """Raises when the peer has closed; takes nothing."""
    with contextlib.suppress(BlockingIOError):
        if not one.recv(1, socket.MSG_PEEK):
            raise EOFError


class Deaf(_Many):
    """Consumers that ask for 50 MiB of a topic and read nothing."""

    def __init__(self, port, count, topic):
        self.topic = topic
        super().__init__(port, count, pause=0.5)

    def tune(self, one):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

    def begin(self, one):
        most = 50 << 20
        out = wire.header(wire.FETCH, 4, 1).i32(-1).i32(100).i32(1).i32(most).i8(0)
        one.sendall(wire.frame(out.i32(1).string(self.topic).i32(1).i32(0).i64(0).i32(most).done()))

    def turn(self, one):
        look(one)


class Pushing(_Many):
    """Producers that send as much as is taken and wait for no answer."""

    events = selectors.EVENT_WRITE

    def __init__(self, port, count, topic, size):
        batch = wire.Batch([wire.Record(b'{"lumens": 1, "padding": "%s"}' % (b"x" * size))]).encode()
        self.request = wire.frame(wire.produce_request(8, 1, {topic: {0: batch}}))
        self.sent = {}
        super().__init__(port, count)

    def turn(self, one):
        at = self.sent.get(one.fileno(), 0)
        with contextlib.suppress(BlockingIOError):
            at += one.send(self.request[at:])
        self.sent[one.fileno()] = at % len(self.request)

    def _replace(self, one):
        self.sent.pop(one.fileno(), None)
        super()._replace(one)


class Slow(_Many):
    """A byte of a request's header in each pause. Half of them begin so, half after a first whole request."""

    def __init__(self, port, count, pause):
        self.born = 0
        self.sent = {}
        super().__init__(port, count, pause)

    def begin(self, one):
        self.born += 1
        self.sent[one.fileno()] = 0
        if self.born % 2:
            one.sendall(wire.frame(wire.header(wire.API_VERSIONS, 0, 1).done()))
            wire.read_frame(one)

    def turn(self, one):
        look(one)
        at = self.sent[one.fileno()]
        header = wire.frame(wire.header(wire.METADATA, 1, 2, "slow" * 100).i32(0).done())
        with contextlib.suppress(BlockingIOError):
            one.send(header[at:at + 1])
        self.sent[one.fileno()] = at + 1


class SilentBroker:
    """Accepts every connection, reads nothing and says nothing."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.kept = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                self.kept.append(self.listener.accept()[0])

    def close(self):
        self.listener.close()
        for one in self.kept:
            one.close()
