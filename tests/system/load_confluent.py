"""The librdkafka half of load.py: the same words and lines as java/Load.java."""

import json
import sys
import threading
import time

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

RECORDS = 20    # of a transaction
ABORTED = 5     # every so many of them, on purpose

over = threading.Event()


def say(**line):
    sys.stdout.write(json.dumps({**line, "at": time.time()}) + "\n")     # one write: reports come from two threads
    sys.stdout.flush()


def settings(bootstrap, rows):
    return {"bootstrap.servers": bootstrap, "log_level": 3, **dict(row.split("=", 1) for row in rows)}


class Load:
    def __init__(self, bootstrap, topic, name, partitions, rate, bad, *rows):
        self.topic, self.name, self.rate, self.bad = topic, name, int(rate), int(bad)
        self.next = [0] * int(partitions)
        self.sent = self.refusable = 0
        self.due = time.monotonic()
        self.settings = settings(bootstrap, rows)
        self.producer = Producer(self.settings)

    def pace(self, records):
        """Waits until so many more records are due; what could not be sent in time is not made up for."""
        now = time.monotonic()
        self.due = max(self.due, now)
        time.sleep(self.due - now)
        self.due += records / self.rate

    def turn(self):
        """Partition and sequence of the next record; one below 0 is a bad one."""
        partition = self.sent % len(self.next)
        self.sent += 1
        if self.bad and self.sent % self.bad == 0:
            self.refusable += 1
            return partition, -self.refusable
        self.next[partition] += 1
        return partition, self.next[partition] - 1

    def send(self, turn, on_delivery=None):
        value = json.dumps({"producer": self.name, "partition": turn[0], "sequence": turn[1]})
        while True:
            try:
                return self.producer.produce(self.topic, value.encode(), partition=turn[0], on_delivery=on_delivery)
            except BufferError:
                self.producer.poll(0.1)

    def idempotent(self):
        def reporter(turn):
            def report(error, message):
                if error is None:
                    say(partition=turn[0], sequence=turn[1], offset=message.offset())
                else:
                    say(partition=turn[0], sequence=turn[1], error=error.name(), message=error.str())
            return report

        def report_forever():
            while not over.is_set():
                self.producer.poll(0.1)

        threading.Thread(target=report_forever, daemon=True).start()
        while not over.is_set():
            self.pace(1)
            turn = self.turn()
            self.send(turn, reporter(turn))
        self.producer.flush()

    def transactional(self):
        self.again(self.producer.init_transactions)
        n = 0
        while not over.is_set():
            n += 1
            self.pace(RECORDS)
            records = []
            try:
                self.producer.begin_transaction()
                for _ in range(RECORDS):
                    records.append(self.turn())
                    self.send(records[-1])
                self.again(self.producer.commit_transaction if n % ABORTED else self.producer.abort_transaction)
                say(records=records, outcome="committed" if n % ABORTED else "aborted")
            except KafkaException as error:
                if error.args[0].fatal():
                    say(records=records, outcome="fatal", why=str(error))
                    self.producer = Producer(self.settings)     # as the library's manual says; it ends what is open
                    self.again(self.producer.init_transactions)
                    continue
                self.again(self.producer.abort_transaction)
                say(records=records, outcome="failed", why=str(error))

    @staticmethod
    def again(step):
        """What can be asked for again is, as the library's manual says."""
        while True:
            try:
                return step()
            except KafkaException as error:
                if not error.args[0].retriable():
                    raise


def dump(bootstrap, topic, partitions, *rows):
    """Every record that the isolation level shows, in the order of the log."""
    consumer = Consumer({"group.id": "dump", "enable.auto.commit": False, "enable.partition.eof": True, **settings(bootstrap, rows)})
    left = int(partitions)
    consumer.assign([TopicPartition(topic, p, 0) for p in range(left)])
    while left > 0:
        for record in consumer.consume(1000, 1):
            if not record.error():
                say(partition=record.partition(), offset=record.offset(), value=json.loads(record.value()))
            elif record.error().code() == KafkaError._PARTITION_EOF:
                left -= 1
    consumer.close()


def wait_for_the_end():
    sys.stdin.read()
    over.set()


if sys.argv[1] == "dump":
    dump(*sys.argv[2:])
else:
    threading.Thread(target=wait_for_the_end, daemon=True).start()
    load = Load(*sys.argv[2:])
    {"idempotent": load.idempotent, "transactional": load.transactional}[sys.argv[1]]()
