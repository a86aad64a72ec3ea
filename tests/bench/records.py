#!/usr/bin/env python3
"""Writes the records of the benchmarks, one a line, into a folder: the same bytes on every machine.

    records.py FOLDER [--count N] [--only KIND]

  iot.jsonl     4,000 of 101 bytes: a flat closed object
  order.jsonl   1,000 of 856 bytes: references, a oneOf, enums, closed objects, text that is not all ASCII
  batch.jsonl     200 of 8.7 KB: 50 events, recursion, tuples, open attributes

All are valid for the schema of the same name in schemas/; order-strict.json (patterns, formats) takes the orders,
and batch-2020.json (most of what else 2020-12 has) the batches.
--count makes N of each instead; all differ.
"""

import argparse
import json
import pathlib
import random
import uuid

COUNTS = {"iot": 4000, "order": 1000, "batch": 200}
WORDS = ("alpha bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike november oscar papa quebec "
         "romeo sierra tango uniform victor whiskey xray yankee zulu Müller façade naïve").split()
ASCII_WORDS = WORDS[:20]
KINDS = ["click", "view", "scroll", "buy", "error"]
T0 = 1_700_000_000_000


def words(number):
    return " ".join(random.choice(WORDS) for _ in range(number))


def iot():
    record = {
        "device": f"sens-{random.getrandbits(24):06x}",
        "ts": T0 + random.getrandbits(36),
        "seq": random.getrandbits(20),
        "temp": round(random.uniform(-30, 40), 2),
        "unit": random.choice("CFK"),
        "ok": random.random() < .9,
    }
    if random.random() < .5:
        record["site"] = f"plant-{random.randrange(40)}"
    if random.random() < .2:
        record["note"] = None
    return record


def address():
    place = {
        "street": f"{words(2)} {random.randrange(200)}",
        "city": random.choice(WORDS).title(),
        "zip": f"{random.randrange(99999):05d}",
        "country": random.choice(["DE", "FR", "CH", "US"]),
    }
    if random.random() < .5:
        place["phone"] = f"+49{random.randrange(10**9):09d}"
    return place


def item():
    thing = {
        "sku": f"SKU-{random.randrange(10**6):06d}",
        "title": words(random.randrange(2, 6)),
        "qty": random.randrange(1, 9),
        "price": round(random.uniform(1, 500), 2),
    }
    if random.random() < .5:
        thing["tags"] = [random.choice(WORDS) for _ in range(random.randrange(0, 4))]
    if random.random() < .3:
        thing["gift"] = True
    return thing


def payment():
    return random.choice([
        {"type": "sepa", "iban": f"DE{random.randrange(10**20):020d}"},
        {"type": "card", "last4": f"{random.randrange(9999):04d}", "brand": "visa"},
        {"type": "cash"},
    ])


def created():
    month, day, minute, second = random.randrange(1, 9), random.randrange(0, 9), random.randrange(60), random.randrange(60)
    return f"2025-0{month}-1{day}T12:{minute:02d}:{second:02d}Z"


def order():
    items = [item() for _ in range(random.randrange(2, 5))]
    paid = payment()
    return {
        "id": str(uuid.UUID(int=random.getrandbits(128))),
        "created": created(),
        "version": 1,
        "customer": {
            "id": random.randrange(10**7),
            "email": f"{random.choice(ASCII_WORDS)}.{random.choice(ASCII_WORDS)}@example.com",
            "name": words(2),
            "vip": random.random() < .1,
        },
        "shipping": address(),
        "billing": address(),
        "items": items,
        "total": round(random.uniform(1, 2000), 2),
        "currency": random.choice(["EUR", "USD", "GBP"]),
        "status": random.choice(["new", "paid", "packed", "shipped"]),
        "payment": paid,
        "meta": {"src": "web", "ua": words(4), "note": 'line1\nline "q" ' + words(3)},
    }


def node(depth):
    tree = {"n": random.choice(WORDS)}
    if depth > 0:
        tree["kids"] = [node(depth - 1) for _ in range(2)]
    return tree


def attribute():
    return random.choice(["x", 1, 2.5, True, None, words(2)])


def event():
    happened = {
        "id": random.randrange(10**6),
        "kind": random.choice(KINDS),
        "at": T0 + random.getrandbits(36),
        "url": f"https://shop.example.com/{random.choice(ASCII_WORDS)}/{random.choice(ASCII_WORDS)}?id={random.randrange(10**5)}",
        "ms": round(random.uniform(0, 900), 3),
    }
    if random.random() < .4:
        happened["pos"] = [random.randrange(1900), round(random.uniform(0, 1080), 1)]
    happened["attrs"] = {key: attribute() for key in random.sample(ASCII_WORDS, random.randrange(0, 5))}
    return happened


def batch():
    events = [event() for _ in range(random.randrange(45, 60))]
    return {"batch": random.randrange(10**6), "source": "edge-7", "tree": node(3), "events": events}


def write(path, make, count):
    with open(path, "w", encoding="utf-8") as out:
        for _ in range(count):
            out.write(json.dumps(make(), separators=(",", ":"), ensure_ascii=False) + "\n")


def main():
    parser = argparse.ArgumentParser(description="writes the records of the benchmarks")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--count", type=int, help="records of each kind")
    parser.add_argument("--only", choices=COUNTS, help="one kind")
    given = parser.parse_args()
    random.seed(7)
    given.folder.mkdir(parents=True, exist_ok=True)
    for make in (iot, order, batch):
        if given.only in (None, make.__name__):
            write(given.folder / f"{make.__name__}.jsonl", make, given.count or COUNTS[make.__name__])


if __name__ == "__main__":
    main()
