"""A TCP relay that sees whole Kafka frames of clients: it can keep them, hold them back, and count who asks.

It listens on 127.0.0.2 at the same ports as its target on 127.0.0.1, so that a target which advertises
127.0.0.2 has all its clients come through it.
"""

import queue
import socket
import struct
import threading
import time

from show import hold
import wire

HOST = "127.0.0.2"


class Relay:
    """on_frame(request) is called with each whole frame of a client, before it goes on. hold_produce: that many
    Produce frames are kept back, per connection, until all of them are there. heard counts the connections with a frame,
    closed_by_target those that the client did not end. latency: seconds that each answer is late.
    on_answer(request, answer) is called with each answer to a Produce request before it goes on; True cuts the
    connection there, and the answer is lost. most_in_flight: by client id, Produce requests of one connection on their
    way at once; seen with a latency or an on_answer."""

    def __init__(self, ports, on_frame=None, hold_produce=0, host=HOST, latency=0, on_answer=None):
        self.ports = ports
        self.on_frame = on_frame
        self.latency = latency
        self.on_answer = on_answer or (lambda request, answer: False)
        self.sees_answers = latency > 0 or on_answer is not None
        self.most_in_flight = {}
        self.hold_produce = hold_produce
        self.heard = self.closed_by_target = 0
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
                client, _ = listener.accept()
            except OSError:
                return
            try:
                target = socket.create_connection(("127.0.0.1", port))
            except OSError:
                client.close()
                continue
            for s in (client, target):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.sockets += [client, target]
            over = threading.Event()
            asked = {} if self.sees_answers else None
            threading.Thread(target=self._requests, args=(client, target, over, asked), daemon=True).start()
            threading.Thread(target=self._answers, args=(client, target, over, asked), daemon=True).start()

    def _requests(self, client, target, over, asked):
        held, released, first = [], self.hold_produce == 0, True
        try:
            while True:
                request = wire.read_frame(client)
                if first:
                    with self.lock:
                        self.heard += 1
                    first = False
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


class Tripwire(Relay):
    """Stands at an address of the broker that only the gateway may use."""

    def hold(self, gateway):
        """-> in words, how many connections asked for something; each of them is one that the gateway counts. They are
        compared by number: whose a connection is cannot be read from the system when its owner has left already."""
        heard = self.heard
        counted = int(gateway.metric("event_gateway_broker_connections_total"))     # before anything is asked there
        hold(heard > 0, "the gateway did not use the address that the broker advertises")
        hold(heard <= counted, f"{heard} connections asked at the broker's own address, {counted} are the gateway's")
        with wire.Client(self.ports[0], HOST) as stranger:
            stranger.api_versions()
        hold(self.heard > heard, "the tripwire does not see a stranger")
        return f"all {heard} connections to the broker's own address are the gateway's"
