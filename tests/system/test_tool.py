"""egctl without a gateway: its offline commands, their formats and exit codes."""

import json
import os
import pathlib
import pty
import re
import shutil
import subprocess

import pytest

from gateway import LIGHT, binary, document
from versions import CACHE, ROOT
import wire

GOOD, FINDINGS, CANNOT = 0, 1, 2

# One error and one warning, both where they stand.
WRONG = """asyncapi: 3.0.0
info: {title: t}
channels:
  a:
    address: 'x:y%, z'
"""


def egctl(*args, stdin="", **env):
    return subprocess.run([binary("egctl"), *map(str, args)], input=stdin, capture_output=True, text=True, timeout=60,
                          env={**os.environ, **env})


def on_a_terminal(*args, **env):
    """Exit code and what a terminal gets."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(binary("egctl"), ["egctl", *map(str, args)], {**os.environ, "NO_COLOR": "", **env})
    text = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:
            break
        if not part:
            break
        text += part
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), text.decode().replace("\r\n", "\n")


@pytest.fixture
def wrong(tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text(WRONG)
    return path


@pytest.fixture
def lights(tmp_path):
    path = tmp_path / "lights.json"
    path.write_text(json.dumps(document("lights", LIGHT)))
    return path


# ---- lint ----

def test_lint_of_a_good_document_is_silent(lights):
    run = egctl("lint", lights)
    assert (run.returncode, run.stdout, run.stderr) == (GOOD, "", "")


def test_lint_prints_one_line_a_finding(wrong):
    run = egctl("lint", wrong)
    assert run.returncode == FINDINGS
    error, warning = run.stdout.splitlines()
    assert error.startswith(f"{wrong}:2:7: error missing-field: ")
    assert warning.startswith(f"{wrong}:4:3: warning address-not-kafka: ")


def test_lint_json_has_every_member(wrong):
    found = [json.loads(line) for line in egctl("lint", "--json", wrong).stdout.splitlines()]
    assert [(f["file"], f["line"], f["column"], f["severity"], f["code"]) for f in found] == [
        (str(wrong), 2, 7, "error", "missing-field"), (str(wrong), 4, 3, "warning", "address-not-kafka")]
    assert all(f["message"] for f in found)


def test_lint_github_escapes_what_workflow_commands_would_read(wrong):
    # docs.github.com, workflow commands: % CR LF in the message; : and , too in a property.
    odd = wrong.with_name("o,d:d%.yaml")
    wrong.rename(odd)
    error, warning = egctl("lint", "--format", "github", odd).stdout.splitlines()
    place = str(odd).replace("%", "%25").replace(",", "%2C").replace(":", "%3A")
    assert error.startswith(f"::error file={place},line=2,col=7,title=missing-field::")
    assert warning.startswith(f"::warning file={place},line=4,col=3,title=address-not-kafka::x:y%25, z cannot")


def test_lint_sarif_has_what_its_schema_requires(wrong):
    run = egctl("lint", "--format", "sarif", wrong)
    log = json.loads(run.stdout)
    assert (run.returncode, log["version"]) == (FINDINGS, "2.1.0")
    one, = log["runs"]
    rules = [rule["id"] for rule in one["tool"]["driver"]["rules"]]
    assert one["tool"]["driver"]["name"] and len(rules) == len(set(rules))
    assert one["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    for result, (level, line, column) in zip(one["results"], [("error", 2, 7), ("warning", 4, 3)], strict=True):
        assert result["level"] == level and result["message"]["text"] and rules[result["ruleIndex"]] == result["ruleId"]
        place, = result["locations"]
        assert place["physicalLocation"]["artifactLocation"]["uri"] == wrong.as_uri()
        assert place["physicalLocation"]["region"] == {"startLine": line, "startColumn": column}


@pytest.fixture(scope="session")
def sarif_schema(tmp_path_factory):
    """The official one; its pattern of languages has a lone bracket, which u-mode of ECMA-262 refuses, so that is mended."""
    if not shutil.which("npm"):
        pytest.skip("npm is not here to fetch the schema of SARIF with")
    fetched = subprocess.run([ROOT / "tests" / "bench" / "fetch", "npm", "@microsoft/jest-sarif", "JEST_SARIF"], stdout=subprocess.PIPE, text=True,
                             timeout=300, check=True, env={**os.environ, "EG_CACHE": str(CACHE)})
    text = (pathlib.Path(fetched.stdout.strip()) / "lib" / "schemas" / "sarif-2.1.0-rtm.5.json").read_text()
    assert text.count("-[a-zA-Z]{2}]?$") == 2
    mended = tmp_path_factory.mktemp("sarif") / "schema.json"
    mended.write_text(text.replace("-[a-zA-Z]{2}]?$", "-[a-zA-Z]{2}$"))
    return mended


def test_lint_sarif_is_valid_by_the_official_schema(wrong, lights, sarif_schema):
    logs = [egctl("lint", "--format", "sarif", file).stdout.strip() for file in (wrong, lights)]
    broken = json.dumps({**json.loads(logs[0]), "version": "2.0"})
    judged = egctl("schema", "--json", sarif_schema, stdin="\n".join([*logs, broken]))
    assert [json.loads(line)["valid"] for line in judged.stdout.splitlines()] == [True, True, False], judged.stdout + judged.stderr


def test_lint_sarif_without_findings_has_an_empty_run(lights):
    one, = json.loads(egctl("lint", "--format", "sarif", lights).stdout)["runs"]
    assert one["results"] == [] and one["tool"]["driver"]["rules"] == []


@pytest.mark.parametrize(("threshold", "code"), [("error", GOOD), ("warning", FINDINGS), ("info", FINDINGS)])
def test_lint_fails_from_the_severity_that_is_asked(wrong, threshold, code):
    assert egctl("lint", "--fail-on", threshold, "--ignore", "missing-field", wrong).returncode == code


def test_lint_ignores_codes(wrong):
    run = egctl("lint", "--fail-on=info", "--ignore=missing-field", "--ignore", "address-not-kafka", wrong)
    assert (run.returncode, run.stdout) == (GOOD, "")


def test_validate_is_lint(wrong):
    assert egctl("validate", wrong).stdout == egctl("lint", wrong).stdout != ""


def test_lint_orders_the_findings_of_all_documents_and_tells_each_once(tmp_path):
    for name in ("b.yaml", "a.yaml"):
        (tmp_path / name).write_text("asyncapi: 3.0.0\ninfo: {title: t, version: '1'}\n"
                                     "channels: {c: {messages: {m: {$ref: 'shared.yaml#/m'}}}}\n")
    (tmp_path / "shared.yaml").write_text("m:\n  nmae: one\n  payload: {type: objekt}\n")
    found = [json.loads(line) for line in egctl("lint", "--json", tmp_path / "b.yaml", tmp_path / "a.yaml").stdout.splitlines()]
    places = [(f["file"], f["line"], f["column"]) for f in found]
    assert places == sorted(places)
    assert [code for code in ("unknown-field", "schema-keyword") if [f["code"] for f in found].count(code) != 1] == []


def test_lint_reads_resources_instead_of_uris(tmp_path):
    (tmp_path / "doc.yaml").write_text("asyncapi: 3.0.0\ninfo: {title: t, version: '1'}\nchannels: {c: {address: c, messages: "
                                       "{m: {payload: {$ref: 'https://example.com/s.json#/a'}}}}}\n")
    (tmp_path / "local.json").write_text('{"a": {"type": "object"}}')
    assert egctl("lint", tmp_path / "doc.yaml").returncode == FINDINGS
    assert egctl("lint", "--resource", f"https://example.com/s.json={tmp_path / 'local.json'}", tmp_path / "doc.yaml").returncode == GOOD


def test_lint_of_a_missing_file_cannot_run(tmp_path, wrong):
    run = egctl("lint", tmp_path / "none.yaml", wrong)
    assert run.returncode == CANNOT
    assert "file-unreadable" in run.stdout and "missing-field" in run.stdout


@pytest.mark.parametrize("args", [["lint"], ["lint", "--format", "xml", "x"], ["lint", "--fail-on"], ["lint", "--nope", "x"],
                                  ["test"], ["test", "a", "b", "c"], ["test", "--summary=1", "a"], ["nothing"]])
def test_wrong_usage_says_how(args):
    run = egctl(*args)
    assert (run.returncode, run.stdout) == (CANNOT, "")
    assert "usage: egctl" in run.stderr


def test_a_terminal_gets_the_line_and_a_caret(wrong):
    code, text = on_a_terminal("lint", wrong)
    plain = re.sub(r"\x1b\[\d*m", "", text).splitlines()
    assert code == FINDINGS and "\x1b[31m" in text
    assert plain[1:3] == ["    info: {title: t}", "          ^"]
    assert plain[4:6] == ["      a:", "      ^"]


def test_no_color_is_honoured(wrong):
    assert "\x1b" not in on_a_terminal("lint", wrong, NO_COLOR="1")[1]


# ---- test ----

RECORDS = """{"topic":"lights","value":{"lumens":1}}
{"topic":"lights","value":{"lumens":-1}}

{"topic":"lihgts","value":{"lumens":1}}
"""


def test_test_judges_each_record(lights):
    run = egctl("test", "--json", lights, stdin=RECORDS)
    judged = [json.loads(line) for line in run.stdout.splitlines()]
    assert run.returncode == FINDINGS
    assert [(r["line"], r["topic"], r["message"], r["verdict"]) for r in judged] == [
        (1, "lights", "lightMeasured", "valid"), (2, "lights", "lightMeasured", "invalid"), (4, "lihgts", "", "undeclared")]
    error, = judged[1]["errors"]
    assert (error["part"], error["instance"], error["keyword"]) == ("payload", "/lumens", "/properties/lumens/minimum")


def test_test_of_good_records_exits_with_0(lights):
    assert egctl("test", lights, "-t", "lights", stdin='{"lumens":1}\n{"lumens":2}').returncode == GOOD


def test_test_goes_on_after_a_line_that_is_no_record(lights):
    run = egctl("test", "--json", lights, stdin='{"topic":"lights"\n' + RECORDS)
    assert run.returncode == CANNOT and "line 1:" in run.stderr
    assert [json.loads(line)["line"] for line in run.stdout.splitlines()] == [2, 3, 5]


def test_test_summary_counts_by_channel_and_message(lights):
    lines = egctl("test", "--summary", lights, stdin=RECORDS * 3).stdout.splitlines()
    assert lines[0].split() == ["CHANNEL", "MESSAGE", "valid", "invalid", "undeclared", "ambiguous", "undecidable"]
    assert sorted(line.split() for line in lines[1:]) == [["(undeclared)", "-", "0", "0", "3", "0", "0"],
                                                          ["only", "lightMeasured", "3", "3", "0", "0", "0"]]
    assert len({len(line) for line in lines}) == 1
    counts = [json.loads(line) for line in egctl("test", "--json", "--summary", lights, stdin=RECORDS).stdout.splitlines()]
    assert {"channel": "only", "message": "lightMeasured", "valid": 1, "invalid": 1, "undeclared": 0, "ambiguous": 0,
            "undecidable": 0} in counts


def test_test_reads_what_kcat_prints(broker, name, tmp_path):
    broker.topic(name)
    doc = document(name, LIGHT, bindings={"kafka": {"key": {"type": "string", "pattern": "^light-é$"}}},
                   headers={"type": "object", "required": ["trace"], "properties": {"trace": {"type": ["string", "null"], "maxLength": 2}}})
    path = tmp_path / "doc.json"
    path.write_text(json.dumps(doc))
    light, key, headers = b'{"lumens": 1, "note": "\\"\xc3\xa9"}', "light-é".encode(), [("trace", b"\x01\"")]
    sent = [wire.Record(light, key, headers), wire.Record(light, None, headers), wire.Record(None, key, headers),
            wire.Record(light, key, [("trace", None)]), wire.Record(light, key, [("trace", b"long")]), wire.Record(b"", key, headers)]
    with wire.Client(broker.port) as client:
        assert client.produce_one(name, wire.Batch(sent)).error == 0
    dump = subprocess.run([shutil.which("kcat"), "-b", broker.address, "-C", "-t", name, "-o", "beginning", "-e", "-q", "-J"],
                          capture_output=True, text=True, timeout=60, check=True).stdout
    run = egctl("test", "--json", path, stdin=dump)
    judged = [json.loads(line) for line in run.stdout.splitlines()]
    assert [(r["verdict"], [e["part"] for e in r["errors"]]) for r in judged] == [
        ("valid", []), ("invalid", ["key"]), ("invalid", ["payload"]), ("valid", []), ("invalid", ["headers"]), ("invalid", ["payload"])]


# ---- explain ----

DEMO = ROOT / "etc" / "demo.yaml"


def test_explain_tells_who_sends_and_what_tells_messages_apart():
    run = egctl("explain", DEMO, "event-gateway-demo.commands.north")
    assert (run.returncode, run.stderr) == (GOOD, "")
    assert "the application of this document sends turnOn, dim (operation sendLightCommands)" in run.stdout
    assert 'told apart: payload /command is "dim"' in run.stdout
    assert "policy: invalid reject, ambiguous observe, undecidable reject" in run.stdout
    assert "others send, the application of this document receives" in egctl("explain", DEMO, "event-gateway-demo").stdout


@pytest.mark.parametrize(("topic", "messages", "action"), [
    ("event-gateway-demo", ["lightMeasured"], "reject"), ("event-gateway-demo.switched", ["lightSwitched"], "mark"),
    ("event-gateway-demo.commands.south", ["turnOn", "dim"], "reject"), ("lightCommands", ["turnOn", "dim"], "reject")])
def test_explain_shows_records_that_test_judges_the_same(topic, messages, action):
    run = egctl("explain", "--json", DEMO, topic)
    explained = [json.loads(line) for line in run.stdout.splitlines()]
    assert (run.returncode, [e["message"] for e in explained]) == (GOOD, messages)
    records = "".join(json.dumps(record) + "\n" for e in explained for record in (e["valid"], e["invalid"]))
    judged = [json.loads(line) for line in egctl("test", "--json", DEMO, stdin=records).stdout.splitlines()]
    for e, valid, invalid in zip(explained, judged[::2], judged[1::2], strict=True):
        assert (valid["verdict"], valid["message"]) == ("valid", e["message"])
        assert (invalid["verdict"], invalid["action"], invalid["reason"]) == ("invalid", action, e["reason"])
        assert e["policy"]["invalid"] == action


def test_explain_names_the_nearest_topic():
    run = egctl("explain", DEMO, "event-gateway-dmeo")
    assert run.returncode == FINDINGS and "the nearest is event-gateway-demo\n" in run.stdout
    assert json.loads(egctl("explain", "--json", DEMO, "event-gateway-dmeo").stdout)["nearest"] == "event-gateway-demo"


def test_explain_knows_channels_that_are_no_topics(tmp_path):
    path = tmp_path / "ws.json"
    doc = document("chat/rooms", {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}, version=2)
    path.write_text(json.dumps({**doc, "servers": {"s": {"url": "wss://example.com", "protocol": "wss"}}}))
    explained = json.loads(egctl("explain", "--json", path, "chat/rooms").stdout)
    assert "text" in explained["valid"]["value"] and explained["operations"] == [{"name": "", "action": "receive", "reply": False}]
    assert explained["invalid"]["value"] != explained["valid"]["value"] and "/text" in explained["reason"]


def test_explain_makes_no_example_of_what_it_cannot_judge(tmp_path):
    path = tmp_path / "avro.json"
    doc = document("a", {"schemaFormat": "application/vnd.apache.avro;version=1.9.0", "schema": {"type": "string"}})
    path.write_text(json.dumps(doc))
    run = egctl("explain", path, "a")
    assert run.returncode == GOOD and "no valid record could be made for an example: its schema is in Avro" in run.stdout
    explained = json.loads(egctl("explain", "--json", path, "a").stdout)
    assert (explained["valid"], explained["invalid"]) == (None, None)


def test_explain_of_a_wrong_document_cannot_run(wrong):
    run = egctl("explain", wrong, "a")
    assert run.returncode == CANNOT and "missing-field" in run.stderr
    assert egctl("explain", wrong).returncode == CANNOT


# ---- diff ----

OLD = {"type": "object", "required": ["lumens"], "properties": {"lumens": {"type": "integer", "minimum": 0}, "sentAt": {"type": "string"}}}
STRICTER = {**OLD, "required": ["lumens", "sentAt"]}
LOOSER = {**OLD, "required": []}


@pytest.fixture
def pair(tmp_path):
    """pair(old, new): two documents that differ in the schema of one payload."""
    def make(old, new):
        for name, schema in (("old", old), ("new", new)):
            (tmp_path / f"{name}.json").write_text(json.dumps(document("lights", schema)))
        return tmp_path / "old.json", tmp_path / "new.json"
    return make


@pytest.mark.parametrize(("new", "codes"), [(OLD, (GOOD, GOOD, GOOD)), (STRICTER, (FINDINGS, GOOD, FINDINGS)), (LOOSER, (GOOD, FINDINGS, FINDINGS))])
def test_diff_exits_by_compatibility(pair, new, codes):
    files = pair(OLD, new)
    assert tuple(egctl("diff", "--compatibility", mode, *files).returncode for mode in ("backward", "forward", "full")) == codes
    assert egctl("diff", *files).returncode == codes[0]


def test_diff_says_it_in_the_words_of_the_record(pair):
    old, new = pair(OLD, STRICTER)
    change, record, reason, total = egctl("diff", old, new).stdout.splitlines()
    assert re.fullmatch(rf"breaking   {re.escape(str(new))}:1:\d+: only lightMeasured: "
                        r"records without `sentAt` were accepted, now refused \(breaks producers\)", change)
    assert json.loads(record)["value"] == {"lumens": 1}
    assert "sentAt" in reason and total == "1 change, 1 against backward compatibility"
    assert egctl("diff", old, old).stdout == ""


@pytest.mark.parametrize(("new", "breaks"), [(STRICTER, "producers"), (LOOSER, "consumers")])
def test_diff_has_a_witness_that_both_documents_are_asked_about(pair, new, breaks):
    old, new = pair(OLD, new)
    change = json.loads(egctl("diff", "--json", old, new).stdout)
    assert (change["breaks"], change["proven"], change["code"], change["pointer"][:1]) == ([breaks], True, "required", "/")
    verdicts = [json.loads(egctl("test", "--json", file, stdin=json.dumps(change["witness"])).stdout)["verdict"] for file in (old, new)]
    assert verdicts == (["valid", "invalid"] if breaks == "producers" else ["invalid", "valid"])


def test_diff_of_what_nobody_can_tell_is_breaking(pair):
    old, new = pair({**OLD, "not": {"required": ["x"]}}, {**OLD, "not": {"required": ["x", "y"], "minProperties": 9}})
    run = egctl("diff", "--json", "--compatibility", "full", old, new)
    assert run.returncode == FINDINGS
    assert any(not json.loads(line)["proven"] and json.loads(line)["breaking"] for line in run.stdout.splitlines())


def test_diff_of_a_document_with_errors_cannot_run(wrong, lights):
    assert egctl("diff", lights, wrong).returncode == egctl("diff", wrong, lights).returncode == CANNOT
    assert egctl("diff", lights).returncode == egctl("diff", "--compatibility", "none", lights, lights).returncode == CANNOT
