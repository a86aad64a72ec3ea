"""A refusal behind a batch of which the broker leaves open whether it is stored: an idempotent producer that were told of it
would send the open batch under a new epoch, and no broker would know it again."""

import time

import pytest

from gateway import wait_until
from test_session import BAD, GOOD, batch, light, scripted, stored      # noqa: F401
import wire

# what brokers say of a batch that they may have: Kafka's DelayedProduce and Partition
OPEN = {"UNKNOWN_TOPIC_OR_PARTITION": 3, "NOT_LEADER_OR_FOLLOWER": 6, "REQUEST_TIMED_OUT": 7, "NOT_ENOUGH_REPLICAS": 19,
        "NOT_ENOUGH_REPLICAS_AFTER_APPEND": 20, "KAFKA_STORAGE_ERROR": 56}
# what they say of one that they have not, or have for good
SETTLED = {"NONE": 0, "CORRUPT_MESSAGE": 2, "MESSAGE_TOO_LARGE": 10, "OUT_OF_ORDER_SEQUENCE_NUMBER": 45,
           "DUPLICATE_SEQUENCE_NUMBER": 46, "INVALID_RECORD": 87}


class Saying:
    """A broker that answers with `error`, until it says otherwise, and not before it is let go."""

    def __init__(self, error=0, going=True):
        self.error, self.going, self.held = error, going, []

    def __call__(self, exchange):
        self.held.append(exchange)
        if self.going:
            self.go_on()

    def go_on(self):
        self.going = True
        while self.held:
            exchange = self.held.pop(0)
            exchange.answer(stored(exchange.frame, self.error))


def produce(client, correlation, **values):
    """values: p0=GOOD, ..."""
    client.send(wire.produce_request(7, correlation, {"light": {int(p[1:]): batch(value, producer_id=7, epoch=0, sequence=correlation)
                                                                for p, value in values.items()}}))


def errors(client, correlation):
    return [a.error for a in wire.produce_answer(7, client.receive(correlation))]


def outcome(client, correlation, **values):
    produce(client, correlation, **values)
    return errors(client, correlation)


@pytest.mark.parametrize("error", OPEN.values(), ids=OPEN)
def test_the_brokers_error_until_it_takes_the_batch(gateway, scripted, error):
    """In flight together, one after the other, and when the batch has come again."""
    saying = Saying(error, going=False)
    broker = scripted(saying)
    one = light(gateway, broker, workers=1)
    with wire.Client(one.port) as client:
        produce(client, 1, p0=GOOD)
        produce(client, 2, p0=BAD)
        wait_until(lambda: saying.held and one.metric("event_gateway_records_total", verdict="invalid") == 1, what="both requests")
        saying.go_on()
        assert [errors(client, 1), errors(client, 2)] == [[error], [error]]
        assert outcome(client, 3, p0=BAD) == [error]
        saying.error = 0
        assert outcome(client, 4, p0=GOOD) == [0]
        assert outcome(client, 5, p0=BAD) == [87]
    assert len(broker.frames) == 2


@pytest.mark.parametrize("error", SETTLED.values(), ids=SETTLED)
def test_a_settled_batch_is_no_reason(gateway, scripted, error):
    with wire.Client(light(gateway, scripted(Saying(error))).port) as client:
        produce(client, 1, p0=GOOD)
        produce(client, 2, p0=BAD)
        assert [errors(client, 1), errors(client, 2)] == [[error], [87]]


def test_an_open_batch_stays_open_behind_a_lost_order(gateway, scripted):
    saying = Saying(6)
    with wire.Client(light(gateway, scripted(saying)).port) as client:
        assert outcome(client, 1, p0=GOOD) == [6]
        saying.error = 45
        assert outcome(client, 2, p0=GOOD) == [45]
        assert outcome(client, 3, p0=BAD) == [6]


def test_other_partitions_are_refused_for_good(gateway, scripted):
    """Also in one request with what is open."""
    saying = Saying(6)
    with wire.Client(light(gateway, scripted(saying)).port) as client:
        assert outcome(client, 1, p0=GOOD) == [6]
        assert outcome(client, 2, p1=BAD) == [87]
        saying.error = 0
        assert outcome(client, 3, p0=BAD, p1=BAD, p2=GOOD) == [6, 87, 0]


def test_a_client_that_went_elsewhere_is_not_kept_waiting(gateway, scripted):
    """Its open batch was settled by another broker: what it sends here when it comes back is refused soon."""
    with wire.Client(light(gateway, scripted(Saying(6))).port) as client:
        assert outcome(client, 1, p0=GOOD) == [6]
        began = time.monotonic()
        wait_until(lambda: outcome(client, 2, p0=BAD) == [87], 10, "a final refusal")
        assert time.monotonic() - began > 3
