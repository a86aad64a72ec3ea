"""A TCP relay that sees whole Kafka frames of clients: it can keep them, hold them back, and say who connected.

It listens on 127.0.0.2 at the same ports as its target on 127.0.0.1, so that a target which advertises
127.0.0.2 has all its clients come through it.
"""

import contextlib
import os
import pathlib
import queue
import socket
import struct
import threading
import time

import wire

HOST = "127.0.0.2"
LIKELY = 8          # callers that are looked at first


def owner_of(port, remote_port, likely=()):
    """The process that holds the local end `port` of a connection to `remote_port`, `likely` ones looked at first;
    else a word that says why not."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):       # Java's sockets are IPv6 ones
        for line in pathlib.Path(table).read_text().splitlines()[1:]:
            words = line.split()
            if int(words[1].split(":")[1], 16) == port and int(words[2].split(":")[1], 16) == remote_port:
                return _process_with(f"socket:[{words[9]}]", likely) or f"gone in state {words[3]}"
    return "gone"


def _process_with(link, likely):
    """Children of ours are likely too, so the newest processes come first."""
    for pid in likely:
        if link in _links(f"/proc/{pid}"):
            return pid
    for process in sorted(pathlib.Path("/proc").glob("[0-9]*"), key=lambda p: -int(p.name)):
        if link in _links(process):
            return int(process.name)
    return None


def _links(process):
    """What its descriptors are; those that close meanwhile are left out, and only they."""
    found = set()
    try:
        for fd in os.scandir(f"{process}/fd"):
            with contextlib.suppress(OSError):
                found.add(os.readlink(fd.path))
    except OSError:      # it ended
        pass
    return found


class Relay:
    """on_frame(request) is called with each whole frame of a client, before it goes on. hold_produce: that many
    Produce frames are kept back, per connection, until all of them are there. who: note the process at the other
    end of each connection in `callers`; one that left before it was seen is noted when it has asked for something.
    closed_by_target counts the connections that the client did not end. latency: seconds that each answer is late.
    on_answer(request, answer) is called with each answer to a Produce request before it goes on; True cuts the
    connection there, and the answer is lost. most_in_flight: by client id, Produce requests of one connection on their
    way at once; seen with a latency or an on_answer."""

    def __init__(self, ports, on_frame=None, hold_produce=0, host=HOST, who=False, latency=0, on_answer=None):
        self.on_frame = on_frame
        self.latency = latency
        self.on_answer = on_answer or (lambda request, answer: False)
        self.sees_answers = latency > 0 or on_answer is not None
        self.most_in_flight = {}
        self.hold_produce = hold_produce
        self.who = who
        self.callers = []
        self.opened = self.closed_by_target = 0
        self.listeners = []
        self.sockets = []
        self.lock = threading.Lock()
        for port in ports:
            listener = socket.create_server((host, port), backlog=256)
            self.listeners.append(listener)
            threading.Thread(target=self._accept, args=(listener, port), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for s in [*self.listeners, *self.sockets]:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()

    def _accept(self, listener, port):
        while True:
            try:
                client, peer = listener.accept()
            except OSError:
                return
            caller = owner_of(peer[1], port, set(self.callers[-LIKELY:])) if self.who else None
            if isinstance(caller, int):
                self.callers.append(caller)
                caller = None
            try:
                target = socket.create_connection(("127.0.0.1", port))
            except OSError:
                client.close()
                continue
            for s in (client, target):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.opened += 1
                self.sockets += [client, target]
            over = threading.Event()
            asked = {} if self.sees_answers else None
            threading.Thread(target=self._requests, args=(client, target, over, caller, asked), daemon=True).start()
            threading.Thread(target=self._answers, args=(client, target, over, asked), daemon=True).start()

    def _requests(self, client, target, over, unseen, asked):
        held, released = [], self.hold_produce == 0
        try:
            while True:
                request = wire.read_frame(client)
                if unseen:
                    self.callers.append(unseen)
                    unseen = None
                if self.on_frame:
                    self.on_frame(request)
                if asked is not None:
                    self._note(request, asked)
                if not released and struct.unpack_from(">h", request)[0] == wire.PRODUCE:
                    held.append(wire.frame(request))
                    if len(held) < self.hold_produce:
                        continue
                    released = True
                    target.sendall(b"".join(held))
                else:
                    target.sendall(wire.frame(request))
        except (OSError, EOFError):
            pass
        over.set()
        self._half_close(target)

    def _note(self, request, asked):
        """asked: the Produce requests of this connection that are not answered, by correlation id."""
        if struct.unpack_from(">h", request)[0] == wire.PRODUCE and wire.produce_acks(request) != 0:
            asked[request[4:8]] = request
            client = wire.client_id(request)
            self.most_in_flight[client] = max(self.most_in_flight.get(client, 0), len(asked))

    def _answers(self, client, target, over, asked):
        try:
            if asked is None:
                while data := target.recv(1 << 16):
                    client.sendall(data)
            else:
                self._whole_answers(client, target, asked)
        except (OSError, EOFError):
            pass
        if not over.is_set():
            with self.lock:
                self.closed_by_target += 1
        self._half_close(client)

    def _whole_answers(self, client, target, asked):
        late = queue.SimpleQueue()
        deliver = threading.Thread(target=self._deliver, args=(client, target, late, asked), daemon=True)
        deliver.start()
        try:
            while True:
                answer = wire.read_frame(target)
                late.put((time.monotonic() + self.latency, answer))
        finally:
            late.put(None)
            deliver.join()

    def _deliver(self, client, target, late, asked):
        while entry := late.get():
            due, answer = entry
            time.sleep(max(0, due - time.monotonic()))
            request = asked.pop(answer[:4], None)
            try:
                if request and self.on_answer(request, answer):
                    for s in (client, target):
                        s.shutdown(socket.SHUT_RDWR)
                    return
                client.sendall(wire.frame(answer))
            except OSError:
                return

    @staticmethod
    def _half_close(s):
        try:
            s.shutdown(socket.SHUT_WR)
        except OSError:
            pass
