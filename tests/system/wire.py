"""Kafka's wire format, written from its specification for the tests alone, as a judge of the gateway that
shares no line with it: fields, frames, record batches with their CRC32C, a client and a scripted broker.

Requests are written out field by field where they are used; only the versions that tests speak are here.
"""

import gzip
import random
import socket
import struct
import threading
import time
from dataclasses import dataclass, field

PRODUCE, FETCH, LIST_OFFSETS, METADATA = 0, 1, 2, 3
FIND_COORDINATOR, API_VERSIONS, CREATE_TOPICS, INIT_PRODUCER_ID, ELECT_LEADERS, DESCRIBE_CLUSTER = 10, 18, 19, 22, 43, 60

NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)

# --- CRC32C (RFC 3720), table driven -------------------------------------------------------------------------


def _crc_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = (n >> 1) ^ (0x82F63B78 if n & 1 else 0)
        table.append(n)
    return table


_CRC = _crc_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _CRC[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


# --- fields --------------------------------------------------------------------------------------------------


class Writer:
    def __init__(self):
        self.out = bytearray()

    def raw(self, data):
        self.out += data
        return self

    def _pack(self, form, value):
        self.out += struct.pack(form, value)
        return self

    def i8(self, v):
        return self._pack(">b", v)

    def i16(self, v):
        return self._pack(">h", v)

    def i32(self, v):
        return self._pack(">i", v)

    def i64(self, v):
        return self._pack(">q", v)

    def u32(self, v):
        return self._pack(">I", v)

    def uvarint(self, v):
        while v > 0x7F:
            self.out.append((v & 0x7F) | 0x80)
            v >>= 7
        self.out.append(v)
        return self

    def varint(self, v):
        return self.uvarint(v << 1 if v >= 0 else (-v << 1) - 1)

    def string(self, v):
        if v is None:
            return self.i16(-1)
        data = v if isinstance(v, bytes) else v.encode()
        return self.i16(len(data)).raw(data)

    def bytes(self, v):
        return self.i32(-1) if v is None else self.i32(len(v)).raw(v)

    def compact_string(self, v):
        if v is None:
            return self.uvarint(0)
        data = v if isinstance(v, bytes) else v.encode()
        return self.uvarint(len(data) + 1).raw(data)

    def compact_bytes(self, v):
        return self.uvarint(0) if v is None else self.uvarint(len(v) + 1).raw(v)

    def varbytes(self, v):
        return self.varint(-1) if v is None else self.varint(len(v)).raw(v)

    def tags(self):
        return self.uvarint(0)

    def done(self):
        return bytes(self.out)


class Reader:
    def __init__(self, data):
        self.data = bytes(data)
        self.at = 0

    def raw(self, n):
        if n < 0 or self.at + n > len(self.data):
            raise ValueError(f"{n} bytes wanted at {self.at} of {len(self.data)}")
        self.at += n
        return self.data[self.at - n:self.at]

    def left(self):
        return len(self.data) - self.at

    def _unpack(self, form, n):
        return struct.unpack(form, self.raw(n))[0]

    def i8(self):
        return self._unpack(">b", 1)

    def i16(self):
        return self._unpack(">h", 2)

    def i32(self):
        return self._unpack(">i", 4)

    def i64(self):
        return self._unpack(">q", 8)

    def u32(self):
        return self._unpack(">I", 4)

    def uvarint(self):
        value = shift = 0
        while True:
            byte = self.raw(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def varint(self):
        v = self.uvarint()
        return (v >> 1) ^ -(v & 1)

    def string(self):
        n = self.i16()
        return None if n == -1 else self.raw(n).decode()

    def bytes(self):
        n = self.i32()
        return None if n == -1 else self.raw(n)

    def compact_string(self):
        n = self.uvarint()
        return None if n == 0 else self.raw(n - 1).decode()

    def compact_bytes(self):
        n = self.uvarint()
        return None if n == 0 else self.raw(n - 1)

    def varbytes(self):
        n = self.varint()
        return None if n == -1 else self.raw(n)

    def array(self, one):
        return [one(self) for _ in range(self.i32())]

    def compact_array(self, one):
        return [one(self) for _ in range(self.uvarint() - 1)]

    def tags(self):
        """{tag: bytes} of a tagged section."""
        return {self.uvarint(): self.raw(self.uvarint()) for _ in range(self.uvarint())}

    def end(self):
        if self.left():
            raise ValueError(f"{self.left()} bytes after the body: {self.data[self.at:][:32].hex()}")


# --- record batches, magic 2 ---------------------------------------------------------------------------------


@dataclass
class Record:
    value: bytes = b""
    key: bytes = None
    headers: list = field(default_factory=list)
    timestamp: int = 0
    offset: int = 0


def compress(codec, data):
    if codec == GZIP:
        return gzip.compress(data, mtime=0)
    if codec == NONE:
        return data
    raise ValueError(f"the tests' judge has no codec {codec}")


def decompress(codec, data):
    if codec == GZIP:
        return gzip.decompress(data)
    if codec == NONE:
        return data
    raise ValueError(f"the tests' judge has no codec {codec}")


@dataclass
class Batch:
    records: list
    codec: int = NONE
    producer_id: int = -1
    epoch: int = -1
    sequence: int = -1
    attributes: int = 0
    timestamp: int = 1700000000000
    base_offset: int = 0
    leader_epoch: int = -1
    crc: int = None
    count: int = None              # a lie, when set
    last_offset_delta: int = None  # a lie, when set
    body: bytes = None             # what stands for the records, already compressed, when set

    def _body(self):
        out = Writer()
        for delta, r in enumerate(self.records):
            one = Writer().i8(0).varint(r.timestamp).varint(delta).varbytes(r.key).varbytes(r.value)
            one.varint(len(r.headers))
            for name, value in r.headers:
                one.varbytes(name.encode()).varbytes(value)
            out.varbytes(one.done())
        return compress(self.codec, out.done())

    def encode(self):
        count = len(self.records) if self.count is None else self.count
        last = len(self.records) - 1 if self.last_offset_delta is None else self.last_offset_delta
        newest = self.timestamp + max((r.timestamp for r in self.records), default=0)
        covered = Writer().i16(self.attributes | self.codec).i32(last).i64(self.timestamp).i64(newest)
        covered.i64(self.producer_id).i16(self.epoch).i32(self.sequence).i32(count)
        covered.raw(self._body() if self.body is None else self.body)
        crc = crc32c(covered.out) if self.crc is None else self.crc
        rest = Writer().i32(self.leader_epoch).i8(2).u32(crc).raw(covered.out)
        return Writer().i64(self.base_offset).i32(len(rest.out)).raw(rest.out).done()

    @staticmethod
    def decode(data):
        r = Reader(data)
        base, length = r.i64(), r.i32()
        r = Reader(r.raw(length))
        leader_epoch, magic, crc = r.i32(), r.i8(), r.u32()
        if magic != 2:
            raise ValueError(f"magic {magic}")
        if crc != crc32c(r.data[r.at:]):
            raise ValueError("CRC32C does not match")
        attributes, last, first_time, _newest = r.i16(), r.i32(), r.i64(), r.i64()
        producer, epoch, sequence, count = r.i64(), r.i16(), r.i32(), r.i32()
        codec = attributes & 7
        inside = Reader(decompress(codec, r.raw(r.left())))
        records = [Batch._record(Reader(inside.varbytes()), base, first_time) for _ in range(count)]
        inside.end()
        return Batch(records, codec, producer, epoch, sequence, attributes & ~7, first_time, base, leader_epoch, crc,
                     count, last)

    @staticmethod
    def _record(r, base, first_time):
        r.i8()
        time, delta = r.varint(), r.varint()
        key, value = r.varbytes(), r.varbytes()
        headers = [(r.varbytes().decode(), r.varbytes()) for _ in range(r.varint())]
        r.end()
        return Record(value, key, headers, first_time + time, base + delta)


def split_batches(data):
    """Bytes of a log -> the bytes of each batch."""
    batches, at = [], 0
    while len(data) - at >= 12:
        size = 12 + struct.unpack_from(">i", data, at + 8)[0]
        if size <= 12 or at + size > len(data):
            break
        batches.append(data[at:at + size])
        at += size
    return batches


def codec_of(batch):
    """The codec that the attributes of a stored batch name, without a look at its records."""
    return struct.unpack_from(">h", batch, 21)[0] & 7


def as_sent(batch):
    """A stored batch with what a broker overwrites set back: base offset 0, leader epoch -1."""
    return struct.pack(">q", 0) + batch[8:12] + struct.pack(">i", -1) + batch[16:]


# --- frames and the client -----------------------------------------------------------------------------------


def frame(payload):
    return struct.pack(">i", len(payload)) + payload


def read_exactly(sock, n):
    data = bytearray()
    while len(data) < n:
        more = sock.recv(min(n - len(data), 1 << 16))
        if not more:
            raise EOFError(f"closed after {len(data)} of {n} bytes")
        data += more
    return bytes(data)


def read_frame(sock):
    return read_exactly(sock, struct.unpack(">i", read_exactly(sock, 4))[0])


@dataclass
class PartitionAnswer:
    topic: str
    partition: int
    error: int
    base_offset: int
    record_errors: list = field(default_factory=list)   # (batch index, text)
    message: str = None


@dataclass
class Broker:
    id: int
    host: str
    port: int


@dataclass
class Partition:
    error: int
    index: int
    leader: int
    replicas: list
    in_sync: list


@dataclass
class Topic:
    error: int
    name: str
    partitions: list


@dataclass
class Metadata:
    brokers: list
    controller: int
    topics: list


def header(api, version, correlation, client_id="tests", flexible=False):
    out = Writer().i16(api).i16(version).i32(correlation).string(client_id)
    return out.tags() if flexible else out


def produce_request(version, correlation, topics, acks=-1, timeout=30000, transactional_id=None):
    """topics: {name, from version 13 the id: {partition: bytes of the batch or None}} -> the request, header and all, without its length."""
    flexible = version >= 9
    out = header(PRODUCE, version, correlation, flexible=flexible)
    if flexible:
        out.compact_string(transactional_id).i16(acks).i32(timeout).uvarint(len(topics) + 1)
    else:
        out.string(transactional_id).i16(acks).i32(timeout).i32(len(topics))
    for name, partitions in topics.items():
        if flexible:
            (out.raw(name) if version >= 13 else out.compact_string(name)).uvarint(len(partitions) + 1)
            for index, records in partitions.items():
                out.i32(index).compact_bytes(records).tags()
            out.tags()
        else:
            out.string(name).i32(len(partitions))
            for index, records in partitions.items():
                out.i32(index).bytes(records)
    return (out.tags() if flexible else out).done()


def produced_batches(request):
    """A Produce request with its header -> [(topic name, or its id as hex from version 13, partition, bytes)]."""
    r = Reader(request)
    r.i16()
    version = r.i16()
    flexible = version >= 9
    r.i32(), r.string()
    if flexible:
        r.tags()
    r.compact_string() if flexible else r.string()
    r.i16(), r.i32()
    found = []

    def partition(r):
        index = r.i32()
        found.append((index, r.compact_bytes() if flexible else r.bytes()))
        if flexible:
            r.tags()

    def topic(r):
        name = r.raw(16).hex() if version >= 13 else r.compact_string() if flexible else r.string()
        first = len(found)
        (r.compact_array if flexible else r.array)(partition)
        found[first:] = [(name, *rest) for rest in found[first:]]
        if flexible:
            r.tags()

    (r.compact_array if flexible else r.array)(topic)
    if flexible:
        r.tags()
    r.end()
    return found


def client_id(request):
    return Reader(request[8:]).string()


def produce_acks(request):
    r = Reader(request)
    r.i16()
    flexible = r.i16() >= 9
    r.i32(), r.string()
    if flexible:
        r.tags()
    r.compact_string() if flexible else r.string()
    return r.i16()


def _partition_answer(version):
    flexible = version >= 9

    def record_error(r):
        entry = (r.i32(), r.compact_string() if flexible else r.string())
        if flexible:
            r.tags()
        return entry

    def one(r):
        answer = PartitionAnswer(None, r.i32(), r.i16(), r.i64())
        r.i64()
        if version >= 5:
            r.i64()
        if version >= 8:
            answer.record_errors = (r.compact_array if flexible else r.array)(record_error)
            answer.message = r.compact_string() if flexible else r.string()
        if flexible:
            r.tags()
        return answer
    return one


def produce_answer(version, r):
    """The body of a Produce response (the reader is after the header) -> [PartitionAnswer]."""
    flexible = version >= 9
    array = r.compact_array if flexible else r.array
    answers = []

    def topic(r):
        name = r.raw(16) if version >= 13 else r.compact_string() if flexible else r.string()
        for answer in (r.compact_array if flexible else r.array)(_partition_answer(version)):
            answer.topic = name
            answers.append(answer)
        if flexible:
            r.tags()

    array(topic)
    r.i32()
    if flexible:
        r.tags()
    r.end()
    return answers


class Client:
    """A connection that speaks to one address and follows none. Every request is answered before the next,
    unless send and receive are used by themselves."""

    def __init__(self, port, host="127.0.0.1", timeout=30, tls=None, name=None):
        """tls: an ssl.SSLContext; name: whom to ask for."""
        self.sock = socket.create_connection((host, port), timeout=timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.sock = tls.wrap_socket(self.sock, server_hostname=name, suppress_ragged_eofs=False)
        self.correlation = random.randrange(1 << 20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def next_correlation(self):
        self.correlation += 1
        return self.correlation

    def send(self, payload):
        self.sock.sendall(frame(payload))

    def receive(self, correlation, flexible=False):
        r = Reader(read_frame(self.sock))
        got = r.i32()
        if got != correlation:
            raise ValueError(f"correlation id {got}, not {correlation}")
        if flexible:
            r.tags()
        return r

    def is_closed(self, timeout=10):
        """Waits for the peer to close; whatever it still says is thrown away."""
        self.sock.settimeout(timeout)
        try:
            while self.sock.recv(1 << 16):
                pass
        except ConnectionError:
            pass
        except TimeoutError:
            return False
        return True

    def api_versions(self):
        """{key: (lowest, highest)}, by version 0."""
        correlation = self.next_correlation()
        self.send(header(API_VERSIONS, 0, correlation).done())
        r = self.receive(correlation)
        error = r.i16()
        if error:
            raise ValueError(f"ApiVersions: error {error}")
        return {k: (a, b) for k, a, b in r.array(lambda r: (r.i16(), r.i16(), r.i16()))}

    def metadata(self, topics):
        """topics: names, [] for none, None for all. Version 1."""
        correlation = self.next_correlation()
        out = header(METADATA, 1, correlation)
        if topics is None:
            out.i32(-1)
        else:
            out.i32(len(topics))
            for name in topics:
                out.string(name)
        self.send(out.done())
        r = self.receive(correlation)

        def broker(r):
            one = Broker(r.i32(), r.string(), r.i32())
            r.string()
            return one

        def partition(r):
            return Partition(r.i16(), r.i32(), r.i32(), r.array(Reader.i32), r.array(Reader.i32))

        def topic(r):
            error, name = r.i16(), r.string()
            r.i8()
            return Topic(error, name, r.array(partition))

        found = Metadata(r.array(broker), r.i32(), r.array(topic))
        r.end()
        return found

    def end_offset(self, topic, partition):
        """(error, offset after the last record), by ListOffsets version 1: only a leader answers."""
        correlation = self.next_correlation()
        out = header(LIST_OFFSETS, 1, correlation).i32(-1).i32(1).string(topic).i32(1).i32(partition).i64(-1)
        self.send(out.done())
        r = self.receive(correlation)
        (_, ((_, error, _, offset),)), = r.array(lambda r: (r.string(), r.array(lambda r: (r.i32(), r.i16(), r.i64(), r.i64()))))
        return error, offset

    def create_topic(self, name, partitions=1, configs=None, replicas=1):
        correlation = self.next_correlation()
        out = header(CREATE_TOPICS, 2, correlation).i32(1).string(name).i32(partitions).i16(replicas).i32(0)
        configs = configs or {}
        out.i32(len(configs))
        for key, value in configs.items():
            out.string(key.replace("_", ".")).string(str(value))
        self.send(out.i32(30000).i8(0).done())
        r = self.receive(correlation)
        r.i32()
        (_, error, text), = r.array(lambda r: (r.string(), r.i16(), r.string()))
        if error:
            raise ValueError(f"CreateTopics {name}: error {error}: {text}")

    def prefer_leaders(self, topics):
        """Gives partitions back to the first of their replicas, where it is in sync: ElectLeaders version 0. They are named,
        for Kafka 4.3 does not look at all of them after a kill -9 when it is told to take all. topics: {name: partitions}"""
        correlation = self.next_correlation()
        out = header(ELECT_LEADERS, 0, correlation).i32(len(topics))
        for name, partitions in topics.items():
            out.string(name).i32(len(partitions))
            for index in partitions:
                out.i32(index)
        self.send(out.i32(30000).done())
        self.receive(correlation)

    def init_producer_id(self):
        """(producer id, epoch) for an idempotent producer; waits while the broker's coordinator loads."""
        end = time.monotonic() + 30
        while True:
            correlation = self.next_correlation()
            self.send(header(INIT_PRODUCER_ID, 0, correlation).string(None).i32(60000).done())
            r = self.receive(correlation)
            r.i32()
            error, producer, epoch = r.i16(), r.i64(), r.i16()
            if error == 0:
                return producer, epoch
            if error not in (14, 15) or time.monotonic() > end:
                raise ValueError(f"InitProducerId: error {error}")
            time.sleep(0.05)

    def send_produce(self, topics, version=8, acks=-1):
        correlation = self.next_correlation()
        self.send(produce_request(version, correlation, topics, acks))
        return correlation

    def receive_produce(self, correlation, version=8):
        return produce_answer(version, self.receive(correlation, flexible=version >= 9))

    def produce(self, topics, version=8):
        return self.receive_produce(self.send_produce(topics, version), version)

    def produce_one(self, topic, batch, partition=0, version=8):
        """One batch (Batch or bytes) to one partition -> its PartitionAnswer."""
        data = batch if isinstance(batch, (bytes, type(None))) else batch.encode()
        answer, = self.produce({topic: {partition: data}}, version)
        return answer


# --- a scripted broker ---------------------------------------------------------------------------------------


class ScriptedBroker:
    """A broker that answers ApiVersions and Metadata for itself and whatever handler(api, version, reader,
    correlation) returns for the rest: a response body (without correlation id), None for silence, or CLOSE.
    Keeps the frames that it got, in order, in `frames`."""

    CLOSE = object()
    VERSIONS = {PRODUCE: (3, 8), METADATA: (1, 1), API_VERSIONS: (0, 0), INIT_PRODUCER_ID: (0, 0)}

    def __init__(self, topics, handler=None, versions=None, keep=True):
        self.topics = topics                    # {name: partitions}
        self.keep = keep
        self.handler = handler or (lambda *_: None)
        self.versions = versions or self.VERSIONS
        self.frames = []
        self.connections = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        for connection in self.connections:
            connection.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            while self._answer(connection, read_frame(connection)):
                pass
        except (OSError, EOFError):
            pass
        connection.close()

    def _answer(self, connection, request):
        if self.keep:
            self.frames.append(request)
        r = Reader(request)
        api, version, correlation = r.i16(), r.i16(), r.i32()
        r.string()
        if api == API_VERSIONS:
            body = self._api_versions(version)
        elif api == METADATA:
            body = self._metadata()
        else:
            body = self.handler(api, version, r, correlation)
        if body is self.CLOSE:
            return False
        if body is not None:
            connection.sendall(frame(struct.pack(">i", correlation) + body))
        return True

    def _api_versions(self, version):
        known = self.versions if version == 0 else {API_VERSIONS: self.versions[API_VERSIONS]}
        out = Writer().i16(0 if version == 0 else 35).i32(len(known))
        for key, (low, high) in known.items():
            out.i16(key).i16(low).i16(high)
        return out.done()

    def _metadata(self):
        out = Writer().i32(1).i32(1).string("127.0.0.1").i32(self.port).string(None).i32(1).i32(len(self.topics))
        for name, partitions in self.topics.items():
            out.i16(0).string(name).i8(0).i32(partitions)
            for index in range(partitions):
                out.i16(0).i32(index).i32(1).i32(1).i32(1).i32(1).i32(1)
        return out.done()
