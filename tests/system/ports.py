"""Free TCP ports of 127.0.0.1. A port is handed out once in a process, below the kernel's own range for
connections, so that no connection of a client can take it between the choice and the bind."""

import os
import random
import socket

LOW, HIGH = (int(p) for p in os.environ.get("EG_TEST_PORTS", "20000-31999").split("-"))
_given = set()


def _is_free(port):
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(count):
    """The first of `count` ports in a row that are all free."""
    while True:
        first = random.randrange(LOW, HIGH - count)
        row = range(first, first + count)
        if _given.isdisjoint(row) and all(_is_free(p) for p in row):
            _given.update(row)
            return first


def free_port():
    return free_ports(1)
