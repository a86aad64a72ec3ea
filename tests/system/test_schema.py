"""egctl schema: answers a line each, exit codes, resources, and memory that does not grow."""

import json
import os
import pathlib
import pty
import re
import select
import subprocess
import time

import pytest

from gateway import binary

VALID, INVALID, CANNOT = 0, 1, 2
LIGHT = {"properties": {"lumens": {"type": "integer", "minimum": 0}}, "required": ["lumens"]}


@pytest.fixture
def light(tmp_path):
    path = tmp_path / "light.json"
    path.write_text(json.dumps(LIGHT))
    return path


def schema(*args, stdin=""):
    return subprocess.run([binary("egctl"), "schema", *map(str, args)], input=stdin, capture_output=True, text=True, timeout=60)


def answers(*args, stdin):
    return [json.loads(line) for line in schema("--json", *args, stdin=stdin).stdout.splitlines()]


def test_each_value_has_its_line(light):
    run = schema("--json", light, stdin='{"lumens":1}\n\n{"lumens":true}\r\n{"lumens"')
    good, bad, broken = map(json.loads, run.stdout.splitlines())
    assert run.returncode == INVALID and run.stderr == ""
    assert good == {"line": 1, "valid": True, "errors": []}
    assert bad == {"line": 3, "valid": False, "errors": [{"instance": "/lumens", "keyword": "/properties/lumens/type",
                                                          "message": "expected integer >= 0, found true"}]}
    assert broken["line"] == 4 and "not JSON" in broken["errors"][0]["message"]


def test_text_is_for_people(light):
    run = schema(light, stdin='{"lumens":1}\n{"lumens":-1}\n')
    assert run.stdout == "1: valid\n2: invalid /lumens: expected integer >= 0, found -1\n"


def test_values_come_from_a_file(light, tmp_path):
    values = tmp_path / "values"
    values.write_text('{"lumens":1}\n')
    assert schema(light, values).returncode == VALID
    missing = schema(light, tmp_path / "missing")
    assert missing.returncode == CANNOT and "No such file" in missing.stderr
    assert schema(light, values, values).returncode == CANNOT
    assert schema().returncode == CANNOT


def test_a_schema_that_cannot_be_compiled_is_located(tmp_path):
    path = tmp_path / "s.json"
    path.write_text('{"type": "object",\n "exclusiveMinimum": true}')
    run = schema(path, stdin="1\n")
    assert run.returncode == CANNOT and run.stdout == ""
    assert run.stderr.startswith(f"{path}:2:22: error schema-keyword: exclusiveMinimum is a number since draft-06; ")


def test_the_schema_says_its_dialect(tmp_path):
    path = tmp_path / "s.json"
    for dialect, verdict in {"draft-04": INVALID, "draft-06": VALID, "2020-12": VALID, "asyncapi": VALID}.items():
        path.write_text('{"type": "integer"}')
        assert schema("--dialect", dialect, path, stdin="1.0\n").returncode == verdict, dialect
        path.write_text('{"$schema": "http://json-schema.org/draft-04/schema#", "type": "integer"}')
        assert schema("--dialect", dialect, path, stdin="1.0\n").returncode == INVALID, dialect
    assert schema("--dialect", "draft-05", path).returncode == CANNOT


def test_formats_and_content_are_options(tmp_path):
    path = tmp_path / "s.json"
    path.write_text('{"format": "ipv4"}')
    assert schema(path, stdin='"x"\n').returncode == VALID
    assert schema("--formats", path, stdin='"x"\n').returncode == INVALID
    assert schema("--dialect", "draft-07", path, stdin='"x"\n').returncode == INVALID
    assert schema("--dialect", "draft-07", "--no-formats", path, stdin='"x"\n').returncode == VALID
    path.write_text('{"contentEncoding": "base64", "contentMediaType": "application/json"}')
    assert schema(path, stdin='"{"\n').returncode == VALID
    verdicts = [a["valid"] for a in answers("--content", path, stdin='"e30="\n"e30"\n"ew=="\n')]
    assert verdicts == [True, False, False]


def test_references_reach_what_was_given_only(tmp_path):
    path, other = tmp_path / "s.json", tmp_path / "other.json"
    other.write_text('{"$defs": {"s": {"type": "string"}}}')
    path.write_text('{"$ref": "http://example.com/a=b#/$defs/s"}')
    assert schema(path, stdin='"s"\n').returncode == CANNOT
    given = f"--resource=http://example.com/a=b={other}"
    assert schema(given, path, stdin='"s"\n').returncode == VALID
    assert schema(given, path, stdin="1\n").returncode == INVALID
    path.write_text('{"$ref": "other.json#/$defs/s"}')
    assert schema(path, stdin="1\n").returncode == INVALID


def test_a_spent_budget_is_no_verdict(tmp_path):
    path = tmp_path / "s.json"
    path.write_text("true")
    answer, = answers(path, stdin="[" * 200 + "]" * 200 + "\n")
    assert answer["verdict"] == "undecidable" and answer["reason"] and not answer["valid"]


def test_wide_schemas_compile_in_time(tmp_path):
    """Each would take minutes if anything looked at all pairs, or walked a list for each of its items."""
    path = tmp_path / "s.json"
    for wide in ({"enum": [f"value {i}" for i in range(200_000)]}, {"anyOf": [{"const": i} for i in range(60_000)]},
                 {"$ref": "#a0", "$defs": {f"d{i}": {"$anchor": f"a{i}", "allOf": [{"$ref": f"#a{i + 1}"}]} for i in range(15_000)}
                                  | {"last": {"$anchor": "a15000"}}},
                 {"$ref": "r0", "$defs": {f"d{i}": {"$id": f"r{i}", "$dynamicAnchor": "x", "items": {"$dynamicRef": "#x"},
                                                    "not": {"$ref": f"r{i + 1}"}} for i in range(10_000)} | {"last": {"$id": "r10000"}}}):
        path.write_text(json.dumps(wide))
        run = subprocess.run([binary("egctl"), "schema", path], input="", capture_output=True, text=True, timeout=20)
        assert run.returncode == VALID and run.stderr == "", run.stderr


def peak(light, lines, count):
    """KiB at most, exit code, for `lines` written `count` times. The peak that wait4 tells is no use: it begins with that of
    the process that forked."""
    child = subprocess.Popen([binary("egctl"), "schema", light], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    for _ in range(count):
        child.stdin.write(lines)
    child.stdin.flush()
    status = pathlib.Path(f"/proc/{child.pid}/status").read_text()       # all but a pipe's worth has been read
    child.stdin.close()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]), child.wait(60)


def test_memory_does_not_grow_with_the_file(light):
    lines = b'{"lumens": 12345, "note": "%s"}\n' % (b"x" * 200) * 4000             # about 1 MB
    little, code = peak(light, lines, 2)
    assert code == VALID
    much, code = peak(light, lines, 200)
    assert code == VALID
    assert much < little + 1024, f"{little} KiB for 2 MB, {much} KiB for 200 MB"


def test_memory_does_not_grow_with_a_line(light):
    most, code = peak(light, b" " * 1_000_000, 300)
    assert code == VALID                                                           # a blank line, if a long one
    assert most < 200_000, f"{most} KiB for a line of 300 MB"


def test_answers_come_while_values_do(light):
    """And a bar is drawn on the terminal that is not stdout's."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen([binary("egctl"), "schema", light], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    drawn, number, until = b"", 0, time.monotonic() + 30
    while b"MB/s" not in drawn and time.monotonic() < until:
        number += 1
        child.stdin.write(b'{"lumens":1}\n')
        child.stdin.flush()
        assert child.stdout.readline() == b"%d: valid\n" % number
        if select.select([ours], [], [], 0)[0]:
            drawn += os.read(ours, 4096)
    child.stdin.close()
    assert child.wait(30) == VALID and b"MB/s" in drawn
    os.close(ours)
