"""What the scripts in tests/show share: a promise, its figures, and an exit code that tells the truth."""

import sys
import time
import traceback

from broker import Broker
from versions import KAFKA

_started = time.monotonic()


class Broken(Exception):
    """The promise does not hold."""


def hold(condition, what):
    if not condition:
        raise Broken(what)


def figure(what, value):
    print(f"  {what}: {value}", flush=True)


def newest_broker(**how):
    return Broker(KAFKA[-1], **how).start().wait()


def main(show):
    """Runs show(); exit 0 when it holds, 1 when not."""
    print(sys.argv[0].rsplit("/", 1)[-1], flush=True)
    try:
        show()
    except Broken as broken:
        print(f"  BROKEN: {broken}", flush=True)
        sys.exit(1)
    except Exception:
        traceback.print_exc()
        print("  BROKEN: the script did not come to its end", flush=True)
        sys.exit(1)
    print(f"  holds ({time.monotonic() - _started:.0f} s)", flush=True)
