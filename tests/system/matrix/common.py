"""What the Python programs of the matrix share: the records, the lines, and the way in."""

import json
import sys
import time

COUNT = 40


def value(i):
    return f'{{"lumens": {i}}}'


def records(start=0, count=COUNT):
    """(partition, key, value, headers) by turns for both partitions."""
    return [(i % 2, f"key-{i}", value(i), [("n", str(i).encode())]) for i in range(start, start + count)]


def say(what, **more):
    print(json.dumps({"what": what, **more}), flush=True)


def expect(condition, what):
    if not condition:
        raise SystemExit(f"not so: {what}")


def expect_values(got, wanted, what):
    """got: values in any order; each of `wanted` once."""
    expect(sorted(got) == sorted(wanted), f"{what}: got {sorted(got)}, want {sorted(wanted)}")


def settled(read, wanted, seconds=30):
    """What read() answers once wanted(answer): a broker learns of a change a moment after it was promised."""
    end = time.monotonic() + seconds
    while True:
        answer = read()
        if wanted(answer):
            return answer
        expect(time.monotonic() < end, f"the broker comes to know of it: {answer}")
        time.sleep(0.05)


def text(blob):
    return None if blob is None else blob.decode()


def plain(word, topic, group):
    """Without the names that differ from run to run."""
    return word.replace(topic, "TOPIC").replace(group, "GROUP")


def main(features):
    feature, *where = sys.argv[1:]
    features[feature](*where)
