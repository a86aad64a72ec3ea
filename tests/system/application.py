"""An application that produces through a client program: it notes the outcome of each send, sends again what came
back with an error and is not bad, and holds the log to what it was told.

Each value names its record and the send that it is of, so that every entry of a log is one send.
"""

import json
import queue
import random
import struct
from collections import deque
from dataclasses import dataclass, field

from show import figure, hold
import wire

TRANSACTIONAL, CONTROL = 1 << 4, 1 << 5
PAD = "x" * 40
WAIT = 90


@dataclass
class Wish:
    """A record that the application wants in the log; a bad one has no key and fits no schema."""
    number: int
    partition: int
    bad: bool


def wishes(count, partitions, share, seed):
    """`count` of them, a `share` bad."""
    chance = random.Random(seed)
    bad = set(chance.sample(range(count), round(count * share)))
    return [Wish(n, chance.randrange(partitions), n in bad) for n in range(count)]


@dataclass
class Application:
    """names(outcome, wish): whether the client says of this record, not only of its batch, that it is bad."""
    client: str
    kind: str
    way: str
    topic: str
    names: object
    window: int = 4000
    sends: list = field(default_factory=list)       # the wish of each send
    told: dict = field(default_factory=dict)        # send -> outcome
    named: set = field(default_factory=set)         # numbers of the records that the client called bad
    committed: set = None                           # sends of committed transactions, where there are any
    aborted: int = 0

    @property
    def name(self):
        return f"{self.client}, {self.kind}, {self.way}"

    def start(self, client, bootstrap, *config):
        self.arrived = queue.SimpleQueue()
        self.producer = client.producer(bootstrap, *config, on_outcome=self.arrived.put)
        return self

    # --- sending ---

    def send(self, wish):
        lumens = "dark" if wish.bad else wish.number
        value = {"lumens": lumens, "number": wish.number, "send": len(self.sends), "pad": PAD}
        self.sends.append(wish)
        self.producer.send(topic=self.topic, partition=wish.partition, key=None if wish.bad else f"{wish.number}", value=json.dumps(value))

    def note(self):
        """Waits for one outcome -> its wish, and whether it has to be sent again. Java's send() may throw and call back
        too, when the transaction fails while it runs: then the first counts, and neither may be a success."""
        while (outcome := self._next())["index"] in self.told:
            hold("error" in outcome and "error" in self.told[outcome["index"]], f"{self.name}: two outcomes: {outcome}")
        wish = self.sends[outcome["index"]]
        self.told[outcome["index"]] = outcome
        if "offset" in outcome:
            return wish, False
        if self.names(outcome, wish):
            self.named.add(wish.number)
            return wish, False
        return wish, True

    def _next(self):
        try:
            return self.arrived.get(timeout=WAIT)
        except queue.Empty:
            hold(False, f"{self.name}: no outcome within {WAIT} s of {len(self.sends) - len(self.told)} sends\n"
                        f"{''.join(self.producer.errors[-20:])}")

    def run(self, wanted):
        """Keeps `window` records on the way until each has its last outcome."""
        waiting, again = deque(wanted), deque()
        on_the_way = 0
        while waiting or again or on_the_way:
            while on_the_way < self.window and (waiting or again):
                self.send((again or waiting).popleft())
                on_the_way += 1
            wish, repeat = self.note()
            on_the_way -= 1
            if repeat:
                again.append(wish)

    def run_transactions(self, wanted, size):
        """Transactions of `size` records; one that fails is aborted, and repeated without those that were named."""
        self.committed = self.committed or set()
        for first in range(0, len(wanted), size):
            part = wanted[first:first + size]
            while part:
                part = self._transaction(part)

    def _transaction(self, part):
        """-> what the next one has to repeat."""
        began = len(self.sends)
        self._step("begin")
        for wish in part:
            self.send(wish)
        done = self.producer.transaction("commit")
        if "error" in done:
            hold("fatal" not in done, f"{self.name}: the producer is finished: {done}")
            self._step("abort")
        failed = sorted((wish for wish, repeat in [self.note() for _ in part] if repeat), key=lambda w: w.number)
        sent = range(began, len(self.sends))
        if "error" not in done:
            hold(all("offset" in self.told[s] for s in sent), f"{self.name}: committed, and yet {failed[:3]} came back")
            self.committed.update(sent)
            return []
        self.aborted += 1
        return [wish for wish in part if wish.number not in self.named]

    def _step(self, step):
        done = self.producer.transaction(step)
        hold("error" not in done, f"{self.name}: {step}: {done}\n{''.join(self.producer.errors[-20:])}")

    # --- judging ---

    def final(self):
        """The sends that are acked, and committed where there are transactions."""
        return [s for s in (self.told if self.committed is None else self.committed) if "offset" in self.told[s]]

    def acked(self, partition):
        """[(offset, send)] by offset."""
        return sorted((self.told[s]["offset"], s) for s in self.final() if self.sends[s].partition == partition)

    def resent(self):
        return len(self.sends) - len({w.number for w in self.sends})


def log_of(broker, topic, partition):
    """([(offset, value as JSON)] that a reader of committed records sees, all values of the log)."""
    seen, everything, open_ = [], [], {}
    for raw in broker.batches(topic, partition):
        batch = wire.Batch.decode(raw)
        if batch.attributes & CONTROL:
            commit = struct.unpack_from(">hh", batch.records[0].key)[1] == 1
            seen += open_.pop(batch.producer_id, []) if commit else []
            open_.pop(batch.producer_id, None)
            continue
        rows = [(r.offset, json.loads(r.value)) for r in batch.records]
        everything += [value for _, value in rows]
        if batch.attributes & TRANSACTIONAL:
            open_.setdefault(batch.producer_id, []).extend(rows)
        else:
            seen += rows
    hold(not any(open_.values()), f"{topic}-{partition}: a transaction is open")
    return sorted(seen, key=lambda row: row[0]), everything
