"""The configuration and documents: every finding at once, with its place, exit codes, and nothing started."""

import re
import socket

import pytest

from gateway import LIGHT, Gateway, document

PLACE = re.compile(r"^(?P<file>[^:\n]+):(?P<line>\d+):(?P<column>\d+): error [a-z0-9-]+: .+$", re.MULTILINE)


def check(tmp_gateway, *args):
    done = tmp_gateway.run(*(args or ["-t"]))
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def idle():
    """idle(documents, **config) -> a Gateway that is written down and not started."""
    made = []

    def make(documents=None, **config):
        made.append(Gateway("127.0.0.1:9", documents, **config))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_good_configuration_exits_0(idle):
    code, said = check(idle({"a.json": document("t", LIGHT)}))
    assert code == 0, said


def test_every_finding_at_once(idle):
    gateway = idle({"a.yaml": "asyncapi: 3.0.0\ninfo: {title: t, version: '1'}\nchannels:\n  c:\n    address: t\n    messages:\n"
                              "      m:\n        payload:\n          type: objekt\n          minimum: low\n"})
    gateway.write("event-gateway.yaml", "documents: [a.yaml]\nworkers: many\npolicy: { invalid: refuse }\nlisten: here\n")
    code, said = check(gateway)
    assert code == 1
    places = {(m["file"].rsplit("/", 1)[-1], int(m["line"])) for m in PLACE.finditer(said)}
    assert {("event-gateway.yaml", 2), ("event-gateway.yaml", 3), ("event-gateway.yaml", 4), ("a.yaml", 9),
            ("a.yaml", 10)} <= places, said


def test_bad_document_starts_nothing(idle):
    gateway = idle({"a.yaml": "asyncapi: 3.0.0\ninfo: {title: t, version: '1'}\nchannels: 5\n"})
    code, said = check(gateway, "-o", "log.level=info")
    assert code == 1
    assert re.search(r"a\.yaml:3:\d+:", said), said
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", gateway.port))


def test_missing_configuration_is_named(idle):
    gateway = idle()
    gateway.config_path.unlink()
    code, said = check(gateway)
    assert code == 1 and "event-gateway.yaml" in said


@pytest.mark.parametrize("option", ["store: /tmp/x", "policy: { invalid: divert }"])
def test_what_is_not_built_is_an_error(idle, option):
    gateway = idle()
    gateway.write("event-gateway.yaml", f"clusters: {{ main: {{ bootstrap: ['127.0.0.1:9'] }} }}\n{option}\n")
    code, said = check(gateway)
    assert code == 1
    assert re.search(r"event-gateway\.yaml:2:\d+:.*not built", said), said


def test_unknown_keyword_in_a_schema_is_never_ignored(idle):
    code, said = check(idle({"a.json": document("t", {"type": "object", "unevaluatedProperties": False, "$dynamicRef": "#x"})}))
    assert code == 1 or "unevaluatedProperties" in said, said


def test_usage_error_exits_2(idle):
    assert check(idle(), "-Z")[0] == 2


def test_version_and_help(idle):
    assert check(idle(), "-V")[0] == 0
    code, said = check(idle(), "-h")
    assert code == 0 and "-t" in said


def test_effective_configuration_is_printed(idle):
    code, said = check(idle({"a.json": document("t-of-the-document", LIGHT)}), "-T")
    assert code == 0
    assert "t-of-the-document" in said and "reject" in said


def test_override_beats_the_file(idle):
    code, said = check(idle({"a.json": document("t", LIGHT)}), "-T", "-o", "policy.invalid=mark")
    assert code == 0 and re.search(r"invalid:\s*mark", said), said


def test_reference_to_another_file(idle):
    folder = idle({"a.json": document("t", {"$ref": "./b.yaml#/light"})})
    (folder.home / "b.yaml").write_text("light:\n  type: object\n")
    code, said = check(folder)
    assert code == 0, said


def test_reference_out_of_the_folder_is_refused(idle):
    code, said = check(idle({"a.json": document("t", {"$ref": "../../../../../../etc/passwd"})}))
    assert code == 1 and re.search(r"a\.json:\d+:\d+:", said), said
    assert "root:" not in said


def test_two_servers_without_a_choice_are_listed(idle):
    one = document("t", LIGHT)
    one["servers"] = {"a": {"host": "a.example.com:9092", "protocol": "kafka"}, "b": {"host": "b.example.com:9092", "protocol": "kafka"}}
    gateway = idle({"a.json": one})
    del gateway.config["clusters"], gateway.config["listeners"]
    gateway.write_config()
    code, said = check(gateway)
    assert code == 1
    assert "a.example.com:9092" in said and "b.example.com:9092" in said, said
