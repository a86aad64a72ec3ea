"""One running event-gateway: its configuration, its processes, its log, and what must hold when it ends."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from ports import free_ports
from versions import BUILD
import wire

BROKER_PORTS = 8
NEVER_IN_A_LOG = re.compile(r"AddressSanitizer|LeakSanitizer|UndefinedBehaviorSanitizer|runtime error:|\[alert\]|invariant",
                            re.IGNORECASE)


def binary(name="event-gateway", build=BUILD):
    """The built program, wherever the makefile puts it."""
    for path in (build / name, build / "src" / name, build / "src" / "egctl" / name):
        if path.is_file():
            return str(path)
    raise FileNotFoundError(f"no {name} in {build}: run ./quickstart build")


def document(topic, schema, version=3, message="lightMeasured", **extra):
    """An AsyncAPI document that declares one topic with one message."""
    payload = {"name": message, "payload": schema, **extra}
    if version == 2:
        return {"asyncapi": "2.6.0", "info": {"title": "t", "version": "1"},
                "channels": {topic: {"publish": {"message": payload}}}}
    return {"asyncapi": "3.0.0", "info": {"title": "t", "version": "1"},
            "channels": {"only": {"address": topic, "messages": {message: payload}}},
            "operations": {"send": {"action": "send", "channel": {"$ref": "#/channels/only"}}}}


LIGHT = {"type": "object", "required": ["lumens"],
         "properties": {"lumens": {"type": "integer", "minimum": 0}, "sentAt": {"type": "string", "format": "date-time"}}}


def is_alive(pid):
    """Running, and no zombie."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def accepts(port):
    """Does somebody listen on this port of 127.0.0.1?"""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
        return True
    except OSError:
        return False


def wait_until(condition, seconds=20, what="the state"):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.01)
    raise TimeoutError(f"{what}: not within {seconds} s")


class Gateway:
    """bootstrap: addresses of the brokers. documents: {file name: text, or a value that is written as JSON}.
    The rest of `config` is laid over the default configuration."""

    def __init__(self, bootstrap, documents=None, build=BUILD, **config):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="event-gateway-test-"))
        self.home.chmod(0o755)      # workers drop root and may want to read
        self.build = build
        self.port = free_ports(BROKER_PORTS + 2)
        self.admin = self.port + BROKER_PORTS + 1
        self.log_path = self.home / "log"
        self.process = None
        self.expected_exit = 0
        for name, content in (documents or {}).items():
            self.write(name, content)
        self.config = {
            "workers": 2,
            "documents": sorted(documents or {}),
            "clusters": {"main": {"bootstrap": bootstrap if isinstance(bootstrap, list) else [bootstrap]}},
            "listeners": {"main": {"cluster": "main", "bind": [f"127.0.0.1:{self.port}"], "advertise": {"host": "127.0.0.1"},
                                   "broker_ports": f"{self.port + 1}-{self.port + BROKER_PORTS}"}},
            "admin": {"bind": f"127.0.0.1:{self.admin}"},
            "control": str(self.control),
            **config,
        }
        self.write_config()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def control(self):
        return self.home / "control.sock"

    @property
    def config_path(self):
        return self.home / "event-gateway.yaml"

    def broker_port(self, node):
        return self.port + 1 + node % BROKER_PORTS

    def write(self, name, content):
        """Puts a file in place at once, as an editor or a deployment would."""
        part = self.home / (name + ".part")
        part.write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
        part.rename(self.home / name)

    def write_config(self):
        self.write(self.config_path.name, self.config)

    def command(self, *args):
        return [binary(build=self.build), "-c", str(self.config_path), *args]

    def run(self, *args, timeout=60):
        """The program with other arguments (-t, -s reload), to its end."""
        return subprocess.run(self.command(*args), capture_output=True, text=True, timeout=timeout,
                              stdin=subprocess.DEVNULL, env=self._environment(), cwd=self.home)

    def egctl(self, *args, timeout=60):
        where = {"EVENTGATEWAY_CONTROL": str(self.control), "EVENTGATEWAY_ADMIN": f"127.0.0.1:{self.admin}"}
        return subprocess.run([binary("egctl", self.build), *args], capture_output=True, text=True, timeout=timeout,
                              stdin=subprocess.DEVNULL, env={**self._environment(), **where}, cwd=self.home)

    @staticmethod
    def _environment():
        """Ours, without what the gateway would take for options."""
        ours = {k: v for k, v in os.environ.items() if not k.startswith("EVENTGATEWAY_")}
        return {**ours, "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0", "UBSAN_OPTIONS": "print_stacktrace=1"}

    def start(self, *args, env=None):
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *self.command(*args)], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env={**self._environment(), **(env or {})}, cwd=self.home)
        return self

    def wait(self, seconds=30):
        """Until clients are served: the gateway answers Metadata with what a broker told it."""
        def answers():
            if self.process.poll() is not None:
                raise RuntimeError(f"the gateway ended with {self.process.returncode}:\n{self.log}")
            try:
                with wire.Client(self.port, timeout=5) as client:
                    return client.metadata([]).brokers
            except (OSError, EOFError):
                return None
        try:
            wait_until(answers, seconds, "the gateway's first answer")
            wait_until(self._serves_admin, seconds, "the admin's address")
        except TimeoutError as error:
            raise RuntimeError(f"{error}\n{self.log}") from None
        return self

    def _serves_admin(self):
        """The admin process starts beside the workers, and may be later."""
        return self.config["admin"].get("bind") != f"127.0.0.1:{self.admin}" or accepts(self.admin)

    def wait_listening(self):
        """Until connections are accepted, whether or not a broker is there."""
        wait_until(lambda: accepts(self.port), what="an open port")
        wait_until(self._serves_admin, what="the admin's address")
        return self

    @property
    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def wait_log(self, pattern, seconds=20, start=0):
        """Waits for a line of the log that matches -> the match."""
        return wait_until(lambda: re.search(pattern, self.log[start:]), seconds, f"a log line {pattern!r}\n{self.log[-3000:]}")

    def http(self, path, method="GET"):
        """(status, text) of the admin address."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.admin}{path}", method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name, **labels):
        """The sum of the samples of a metric that carry these labels."""
        total = 0.0
        for line in self.http("/metrics")[1].splitlines():
            if not line.startswith(name) or line[len(name)] not in "{ ":
                continue
            if all(f'{k}="{v}"' in line for k, v in labels.items()):
                total += float(line.rsplit(" ", 1)[1])
        return total

    @property
    def pid(self):
        return self.process.pid

    def children(self):
        """{pid: command line} of the master's children."""
        found = {}
        for pid in pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split():
            try:
                words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
                found[int(pid)] = words + " " + pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
            except (FileNotFoundError, ProcessLookupError):      # it died meanwhile
                pass
        return found

    def workers(self):
        return sorted(pid for pid, command in self.children().items() if "worker" in command)

    def signal(self, number, pid=None):
        os.kill(pid or self.pid, number)

    def descriptors(self, pid):
        return len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))

    def rss(self, pid):
        """Resident memory in bytes."""
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise ValueError(pid)

    def reload(self):
        """HUP's synchronous sister: returns when the outcome is known."""
        return self.run("-s", "reload")

    def stop(self):
        """Ends it with TERM and asserts what must hold at every end."""
        if self.process.poll() is None:
            family = self.children()
            self.signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"TERM did not end the gateway within 15 s:\n{self.log[-3000:]}") from None
            left = [f"{pid} {command}" for pid, command in family.items() if is_alive(pid)]
            assert not left, f"children outlived the master: {left}"
        assert self.process.returncode == self.expected_exit, f"exit {self.process.returncode}:\n{self.log[-3000:]}"
        bad = NEVER_IN_A_LOG.search(self.log)
        assert not bad, f"{bad.group()} in the log:\n{self.log[max(0, bad.start() - 500):bad.start() + 4000]}"

    def kill(self):
        """Ends whatever is left, by id, without judging."""
        if self.process is None:
            return
        if self.process.poll() is None:
            family = list(self.children())
            self.process.kill()
            self.process.wait()
            for pid in family:
                if is_alive(pid):
                    os.kill(pid, signal.SIGKILL)

    def close(self):
        try:
            if self.process is not None:
                self.stop()
        finally:
            self.kill()
            shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.close()
        else:
            print(f"--- the gateway's log ---\n{self.log[-6000:]}")
            self.kill()
            shutil.rmtree(self.home, ignore_errors=True)
