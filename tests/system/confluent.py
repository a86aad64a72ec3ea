"""The librdkafka client of the system tests: the same commands and lines as java/Client.java."""

import json
import sys
import threading

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient


def say(**line):
    sys.stdout.write(json.dumps(line) + "\n")     # one write: reports come from two threads
    sys.stdout.flush()


def settings(bootstrap, rows):
    return {"bootstrap.servers": bootstrap, "log_level": 3, **dict(row.split("=", 1) for row in rows)}


def encoded(value):
    return None if value is None else value.encode()


def text(value):
    return None if value is None else value.decode()


def send(producer, wish, index):
    def report(error, message):
        if error is None:
            say(index=index, partition=message.partition(), offset=message.offset())
        else:
            say(index=index, error=error.name(), message=error.str())

    where = {"partition": wish["partition"]} if "partition" in wish else {}
    headers = [(k, encoded(v)) for k, v in wish.get("headers", {}).items()]
    while True:
        try:
            producer.produce(wish["topic"], encoded(wish.get("value")), encoded(wish.get("key")), headers=headers,
                             on_delivery=report, **where)
            return
        except BufferError:
            producer.poll(0.1)
        except KafkaException as failed:        # a transaction that must be aborted takes no more
            say(index=index, error=failed.args[0].name(), message=failed.args[0].str())
            return


def transaction(producer, step):
    done = {"transaction": step}
    try:
        {"begin": producer.begin_transaction, "commit": producer.commit_transaction, "abort": producer.abort_transaction}[step]()
    except KafkaException as failed:
        error = failed.args[0]
        done.update(error=error.name(), message=error.str())
        if error.fatal():
            done["fatal"] = True
    say(**done)


def report_forever(producer):
    """Delivery reports come out of poll() alone, and the main thread waits for lines."""
    while True:
        producer.poll(0.1)


def produce(bootstrap, *rows):
    producer = Producer(settings(bootstrap, rows))
    threading.Thread(target=report_forever, args=(producer,), daemon=True).start()
    if any(row.startswith("transactional.id=") for row in rows):
        producer.init_transactions()
    index = 0
    for line in sys.stdin:
        wish = json.loads(line)
        if "flush" in wish:
            producer.flush()
            say(flushed=True)
        elif "transaction" in wish:
            transaction(producer, wish["transaction"])
        else:
            send(producer, wish, index)
            index += 1
    producer.flush()


def consume(bootstrap, group, topic, count, *rows):
    consumer = Consumer({"group.id": group, "enable.auto.commit": False, "auto.offset.reset": "earliest",
                         **settings(bootstrap, rows)})
    consumer.subscribe([topic])
    left = int(count)
    while left > 0:
        record = consumer.poll(0.2)
        if record is None:
            continue
        if record.error():
            if record.error().code() != KafkaError._PARTITION_EOF:
                say(error=record.error().name(), message=record.error().str())
            continue
        say(partition=record.partition(), offset=record.offset(), key=text(record.key()), value=text(record.value()),
            headers={k: text(v) for k, v in record.headers() or []})
        left -= 1
    consumer.commit(asynchronous=False)
    consumer.close()


def nodes(bootstrap):
    for node in AdminClient(settings(bootstrap, [])).list_topics(timeout=30).brokers.values():
        say(id=node.id, host=node.host, port=node.port)


def topics(bootstrap):
    for name in AdminClient(settings(bootstrap, [])).list_topics(timeout=30).topics:
        say(topic=name)


{"produce": produce, "consume": consume, "nodes": nodes, "topics": topics}[sys.argv[1]](*sys.argv[2:])
