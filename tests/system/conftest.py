"""What the system tests share: one broker of each Kafka version for the whole run, a topic of its own for
each test, and the counts that `./quickstart check` adds up."""

import itertools
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from broker import Broker                                                                                # noqa: E402
from gateway import Gateway                                                                              # noqa: E402
from versions import BUILD, KAFKA                                                                        # noqa: E402


@pytest.fixture(scope="session")
def brokers():
    """{version: Broker}, all started at once."""
    started = {version: Broker(version).start() for version in KAFKA}
    for broker in started.values():
        broker.wait()
    yield started
    for broker in started.values():
        broker.stop()


@pytest.fixture(params=KAFKA)
def each_broker(request, brokers):
    """For the few tests that must hold on every version."""
    return brokers[request.param]


@pytest.fixture
def broker(brokers):
    """For the rest: the newest."""
    return brokers[KAFKA[-1]]


@pytest.fixture
def gateway(broker):
    """gateway(documents={...}, policy={...}, ...) -> a running Gateway before the newest broker; every one of
    them is stopped, and judged, at the end."""
    made = []

    def make(bootstrap=None, documents=None, start=True, **config):
        one = Gateway(bootstrap or broker.address, documents, **config)
        made.append(one)
        return one.start().wait() if start else one

    yield make
    for one in made:
        one.close()


_number = itertools.count()


@pytest.fixture
def name(request):
    """A word that no other test of this run uses."""
    plain = "".join(c if c.isalnum() else "-" for c in request.node.name).strip("-")
    return f"{plain[:60]}-{next(_number)}"


def pytest_terminal_summary(terminalreporter):
    """`passed failed skipped`, for quickstart."""
    stats = terminalreporter.stats
    failed = len(stats.get("failed", [])) + len(stats.get("error", []))
    BUILD.mkdir(parents=True, exist_ok=True)
    counts = f"{len(stats.get('passed', []))} {failed} {len(stats.get('skipped', []))}\n"
    (BUILD / "system.counts").write_text(counts)
