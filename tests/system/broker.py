"""A real Apache Kafka: KRaft, a single node or one of cluster.py, data on a tmpfs where there is one."""

import atexit
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from ports import free_ports
from versions import jars
import wire

PROPERTIES = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={node}@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={data}
num.partitions=1
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=16777216
num.network.threads=2
num.io.threads=4
"""

# Laid over the rest: a listener with TLS and SASL beside the plain one, and one with TLS that wants a certificate of
# everybody. User alice, password "secret"; of OAUTHBEARER, any token that is not signed.
SECURE = """\
listeners=PLAINTEXT://127.0.0.1:{port},SECURE://127.0.0.1:{secure},MUTUAL://127.0.0.1:{mutual},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SECURE://127.0.0.1:{secure},MUTUAL://127.0.0.1:{mutual}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,MUTUAL:SSL
listener.name.mutual.ssl.client.auth=required
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER
listener.name.secure.plain.sasl.jaas.config={plain} required user_alice="secret";
listener.name.secure.scram-sha-256.sasl.jaas.config={scram} required;
listener.name.secure.scram-sha-512.sasl.jaas.config={scram} required;
listener.name.secure.oauthbearer.sasl.jaas.config={oauth} required unsecuredLoginStringClaim_sub="broker";
connections.max.reauth.ms=5000
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={truststore}
ssl.client.auth={client_auth}
"""
MODULES = {"plain": "org.apache.kafka.common.security.plain.PlainLoginModule",
           "scram": "org.apache.kafka.common.security.scram.ScramLoginModule",
           "oauth": "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule"}

# Laid over the rest: a second plain listener, which advertises an address of its own. Not with SECURE.
TWO_FACES = """\
listeners=PLAINTEXT://127.0.0.1:{port},OTHER://127.0.0.1:{secure},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},OTHER://{other}:{secure}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,OTHER:PLAINTEXT
"""

# What the machine itself has to say is no part of a program's output.
JAVA = ["java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-XX:-UsePerfData", "-Xlog:disable",
        "-Xlog:all=warning:stderr"]


def java(version, main, *args, classpath=()):
    path = ":".join([*map(str, classpath), f"{jars(version)}/*"])
    return [*JAVA, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", path, main, *map(str, args)]


def temp_root():
    """Memory, if there is a tmpfs with a GiB to spare, else the usual folder."""
    shm = pathlib.Path("/dev/shm")
    with contextlib.suppress(OSError):
        if os.access(shm, os.W_OK) and shutil.disk_usage(shm).free > 1 << 30:
            return shm
    return pathlib.Path(tempfile.gettempdir())


class Broker:
    NODE = 1

    def __init__(self, version, keystore=None, truststore=None, client_auth="none", other=None,
                 rows="", features=(), node=NODE):
        """keystore, truststore: files in PEM, for a listener with TLS and SASL. other: what a second plain listener
        advertises. rows: more properties. features: NAME=LEVEL, on from the beginning. node: its id."""
        self.version = version
        self.NODE = node
        self.other = other
        self.rows = rows
        self.features = features
        self.secure = dict(keystore=keystore, truststore=truststore, client_auth=client_auth, **MODULES) if keystore else None
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="event-gateway-kafka-", dir=temp_root()))
        self.port = free_ports(4)
        self.secure_port = self.other_port = self.port + 2
        self.mutual_port = self.port + 3
        self.data = self.home / "data"
        self.log = self.home / "broker.log"
        self.process = None
        atexit.register(self.stop)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        """Starts the process, also again after an end(); wait() waits until it answers. Apart, so that several start at once."""
        config = self.home / "server.properties"
        config.write_text(PROPERTIES.format(node=self.NODE, port=self.port, controller=self.port + 1, data=self.data))
        if self.secure:
            rows = SECURE.format(port=self.port, controller=self.port + 1, secure=self.secure_port, mutual=self.mutual_port,
                                 **self.secure)
            config.write_text(config.read_text() + rows)
        if self.other:
            rows = TWO_FACES.format(port=self.port, controller=self.port + 1, secure=self.other_port, other=self.other)
            config.write_text(config.read_text() + rows)
        config.write_text(config.read_text() + self.rows)
        if not self.data.exists():
            self.data.mkdir()
            self._format(config)
        out = self.log.open("ab")
        # whatever ends the tests ends the broker too
        command = ["setpriv", "--pdeathsig", "KILL", *java(self.version, "kafka.Kafka", config)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        return self

    def _extras(self):
        users = [f"SCRAM-SHA-{n}=[name=alice,password=secret]" for n in (256, 512)] if self.secure else []
        return [word for user in users for word in ("--add-scram", user)] + [word for f in self.features for word in ("--feature", f)]

    def _format(self, config):
        done = subprocess.run(java(self.version, "kafka.tools.StorageTool", "format", "-t", "AAAAAAAAAAAAAAAAAAAAAQ",
                                   "-c", config, *self._extras()), capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"StorageTool: {done.stdout}{done.stderr}")

    def wait(self, seconds=120):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"Kafka {self.version} ended:\n{self.log.read_text()[-4000:]}")
            try:
                with wire.Client(self.port, timeout=5) as client:
                    if client.metadata([]).brokers:
                        return self
            except (OSError, EOFError):
                pass
            time.sleep(0.1)
        raise RuntimeError(f"Kafka {self.version} does not answer:\n{self.log.read_text()[-4000:]}")

    def topic(self, name, partitions=1, **configs):
        """Makes a topic and waits until every partition is led."""
        with wire.Client(self.port) as client:
            client.create_topic(name, partitions, configs)
            end = time.monotonic() + 30
            while time.monotonic() < end:
                if all(client.end_offset(name, p) == (0, 0) for p in range(partitions)):
                    return name
                time.sleep(0.02)
        raise RuntimeError(f"topic {name} has no leader")

    def batches(self, topic, partition=0):
        """The batches of a partition as they are stored: bytes of the segment files, split."""
        stored = b""
        for segment in sorted((self.data / f"{topic}-{partition}").glob("*.log")):
            stored += segment.read_bytes()
        return wire.split_batches(stored)

    def records(self, topic, partition=0):
        """The decoded records of a partition, in order of the log."""
        return [r for raw in self.batches(topic, partition) for r in wire.Batch.decode(raw).records]

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def end(self, how=signal.SIGTERM, seconds=120):
        """Ends the process and keeps what it has stored."""
        self.process.send_signal(how)
        self.process.wait(seconds)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)
