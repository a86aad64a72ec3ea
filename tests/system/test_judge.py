"""The judge itself, held by a real broker: what wire.py writes is stored as it was sent, what a broker
answers is read whole, and what it refuses is refused with the code of the specification."""

import pytest

import wire

CORRUPT_MESSAGE, INVALID_RECORD = 2, 87


def test_crc32c_of_rfc_3720():
    assert wire.crc32c(bytes(32)) == 0x8A9136AA
    assert wire.crc32c(b"123456789") == 0xE3069283


@pytest.mark.parametrize("version", [3, 8, 10])
@pytest.mark.parametrize("codec", [wire.NONE, wire.GZIP])
def test_batch_is_stored_as_sent(each_broker, name, version, codec):
    each_broker.topic(name)
    sent = wire.Batch([wire.Record(b'{"lumens":1}', b"key", [("h", b"v"), ("null", None)]), wire.Record(None, b"k")], codec)
    with wire.Client(each_broker.port) as client:
        answer = client.produce_one(name, sent, version=version)
    assert (answer.error, answer.base_offset) == (0, 0)
    stored, = each_broker.batches(name)
    assert wire.as_sent(stored) == sent.encode()


def test_bad_crc_is_refused_by_the_broker(each_broker, name):
    each_broker.topic(name)
    with wire.Client(each_broker.port) as client:
        assert client.produce_one(name, wire.Batch([wire.Record(b"x")], crc=1)).error == CORRUPT_MESSAGE
    assert each_broker.records(name) == []


def test_record_errors_of_the_broker_are_read(each_broker, name):
    each_broker.topic(name, cleanup_policy="compact")
    with wire.Client(each_broker.port) as client:
        answer = client.produce_one(name, wire.Batch([wire.Record(b"x", b"key"), wire.Record(b"no key")]))
    assert answer.error == INVALID_RECORD
    assert [index for index, _ in answer.record_errors] == [1]


def test_idempotent_batch_is_stored_once(each_broker, name):
    each_broker.topic(name)
    with wire.Client(each_broker.port) as client:
        producer, epoch = client.init_producer_id()
        batch = wire.Batch([wire.Record(b"once")], producer_id=producer, epoch=epoch, sequence=0)
        assert [client.produce_one(name, batch).error for _ in range(2)] == [0, 0]
    assert [r.value for r in each_broker.records(name)] == [b"once"]
