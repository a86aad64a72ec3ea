"""Three nodes of Apache Kafka, each a broker and a controller, three replicas of everything, two of which must be in sync."""

import time

from broker import Broker
import wire

NODES = (1, 2, 3)
ROWS = """\
controller.quorum.voters={voters}
default.replication.factor=3
min.insync.replicas=2
offsets.topic.replication.factor=3
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
share.coordinator.state.topic.replication.factor=3
share.coordinator.state.topic.min.isr=2
"""


class Cluster:
    def __init__(self, version):
        self.nodes = [Broker(version, node=n) for n in NODES]
        voters = ",".join(f"{n.NODE}@127.0.0.1:{n.port + 1}" for n in self.nodes)
        for node in self.nodes:
            node.rows = ROWS.format(voters=voters)

    @property
    def addresses(self):
        return [node.address for node in self.nodes]

    def start(self):
        for node in self.nodes:
            node.start()
        return self

    def wait(self):
        for node in self.nodes:
            node.wait()
        return self.wait_whole()

    def topic(self, name, partitions):
        with wire.Client(self.nodes[0].port) as client:
            client.create_topic(name, partitions, replicas=len(self.nodes))
        self._wait(lambda: all(any(t.name == name and len(t.partitions) == partitions for t in m.topics) for m in self._metadata()),
                   "the topic")
        self.wait_whole()
        return name

    def wait_whole(self):
        """Until each node says that all nodes are there, and every replica of every partition in sync with its leader."""
        self._wait(self._is_whole, "a whole cluster")
        return self

    def prefer_leaders(self):
        """Leaders are moved back to where they were at first, and every node knows it. Asked again: a controller that takes
        over, or a replica that falls behind, leaves some where they are."""
        def is_done():
            with wire.Client(self.nodes[0].port) as client:
                client.prefer_leaders({t.name: [p.index for p in t.partitions] for t in client.metadata(None).topics})
            return all(p.leader == p.replicas[0] for m in self._metadata() for t in m.topics for p in t.partitions)
        self._wait(is_done, "preferred leaders")

    def _metadata(self):
        found = []
        for node in self.nodes:
            with wire.Client(node.port, timeout=10) as client:
                found.append(client.metadata(None))
        return found

    def _is_whole(self):
        for m in self._metadata():
            if len(m.brokers) < len(self.nodes):
                return False
            if any(p.error or p.leader < 0 or len(p.in_sync) < len(p.replicas) for t in m.topics for p in t.partitions):
                return False
        return True

    def _wait(self, condition, what, seconds=120):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if condition():
                    return
            except (OSError, EOFError):
                pass
            time.sleep(0.1)
        logs = "\n".join(f"--- node {n.NODE} ---\n{n.log.read_text()[-2000:]}" for n in self.nodes)
        raise RuntimeError(f"{what}: not within {seconds} s\n{self._states()}\n{logs}")

    def _states(self):
        """What each node says of the partitions, for who looks for a reason."""
        rows = []
        for node in self.nodes:
            try:
                with wire.Client(node.port, timeout=10) as client:
                    m = client.metadata(None)
                rows.append(f"node {node.NODE}: brokers {sorted(b.id for b in m.brokers)}, partitions "
                            + "; ".join(f"{t.name}-{p.index} {p.leader} of {p.in_sync} of {p.replicas}" for t in m.topics for p in t.partitions))
            except (OSError, EOFError) as error:
                rows.append(f"node {node.NODE}: {error!r}")
        return "\n".join(rows)

    def stop(self):
        for node in self.nodes:
            node.stop()
