"""A broker that says what a test tells it to: late, swapped, wrong or no answers, which a real one never gives."""

import contextlib
import socket
import threading

import wire


class Exchange:
    """One request as it came: `frame` without its length."""

    def __init__(self, frame, connection):
        r = wire.Reader(frame)
        self.frame, self.connection = frame, connection
        self.api, self.version, self.correlation = r.i16(), r.i16(), r.i32()

    def answer(self, body, correlation=None):
        """A response with header version 0."""
        self.say(wire.Writer().i32(self.correlation if correlation is None else correlation).raw(body).done())

    def say(self, payload):
        with contextlib.suppress(OSError):
            self.connection.sendall(wire.frame(payload))


class ScriptedBroker:
    """on(exchange) is called for every request but Metadata version 1, in its connection's thread."""

    def __init__(self, on=lambda exchange: None, nodes=(0,), tls=None, host="127.0.0.1", before=None):
        """nodes: all of them here, as Metadata tells it. tls: an ssl.SSLContext. before(connection) reads what comes first."""
        self.on, self.nodes, self.tls, self.host, self.before = on, nodes, tls, host, before
        self.listener = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.port = self.told_port = self.listener.getsockname()[1]
        self.frames = []                # every frame but Metadata's
        self.ended = threading.Event()  # a connection that had sent such a frame has come to its end
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self):
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        asked = False
        with contextlib.suppress(OSError, EOFError):
            if self.before:
                self.before(connection)
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            while True:
                exchange = Exchange(wire.read_frame(connection), connection)
                if (exchange.api, exchange.version) == (wire.METADATA, 1):
                    exchange.answer(self._metadata())
                    continue
                asked = True
                self.frames.append(exchange.frame)
                self.on(exchange)
        if asked:
            self.ended.set()
        connection.close()

    def _metadata(self):
        out = wire.Writer().i32(len(self.nodes))
        for node in self.nodes:
            out.i32(node).string(self.host).i32(self.told_port).string(None)
        out.i32(self.nodes[0]).i32(1).i16(0).string("light").i8(0).i32(len(self.nodes))
        for partition, node in enumerate(self.nodes):
            out.i16(0).i32(partition).i32(node).i32(1).i32(node).i32(1).i32(node)
        return out.done()

    def close(self):
        self.listener.close()
