"""Thousands of connections of one process, and what they cost the process at the other end."""

import pathlib
import socket
import struct

import wire

TOGETHER = 32        # at a time: a broker queues 50 that it has not accepted yet, and lets others wait a second


def frames():
    """ApiVersions and Metadata of all topics, as a client sends them first."""
    asks = wire.header(wire.API_VERSIONS, 0, 1, "crowd").done()
    wants = wire.header(wire.METADATA, 1, 2, "crowd").i32(-1).done()
    return asks, wants


class Crowd:
    """Each has asked ApiVersions and Metadata, has its answers, and is silent from then on. tls: an ssl.SSLContext; its
    side of a connection is forgotten when the answers are there, the descriptor is kept."""

    def __init__(self, port, count, tls=None, name="localhost"):
        self.port, self.tls, self.name = port, tls, name
        self.descriptors = []
        while len(self.descriptors) < count:
            self._join(min(TOGETHER, count - len(self.descriptors)))

    def _join(self, count):
        some = [socket.create_connection(("127.0.0.1", self.port), timeout=60) for _ in range(count)]
        if self.tls:
            some = [self.tls.wrap_socket(s, server_hostname=self.name) for s in some]
        for request in frames():
            for s in some:
                s.sendall(wire.frame(request))
            for n, s in enumerate(some):
                answer = wire.read_frame(s)
                if struct.unpack_from(">i", answer) != struct.unpack_from(">i", request, 4):
                    raise ValueError(f"connection {len(self.descriptors) + n}: {answer[:32].hex()} answers {request[:32].hex()}")
        self.descriptors += [s.detach() for s in some]

    def closed(self):
        """How many the peer has closed."""
        gone = 0
        for fd in self.descriptors:
            s = socket.socket(fileno=fd)
            s.setblocking(False)
            try:
                gone += s.recv(1, socket.MSG_PEEK) == b""
            except BlockingIOError:
                pass
            except ConnectionError:
                gone += 1
            s.detach()
        return gone

    def leave(self):
        for fd in self.descriptors:
            socket.close(fd)
        self.descriptors = []


def private_memory(pid):
    """Bytes of memory that the process shares with nobody, swapped out or not. Sockets' buffers are the kernel's."""
    rows = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    return sum(int(rows[name].split()[0]) for name in ("Private_Clean", "Private_Dirty", "Swap")) * 1024
