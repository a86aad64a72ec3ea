"""Judges generated pairs with three validators and settles each disagreement: by a row of explained.py, which names the
section of the specification that makes ours right, or not at all."""

import collections
import itertools
import json
import random

import generate
from explained import ROWS
from generate import Number, plain

CHUNK = 64                # schemas judged at a time
RESPELLED = 10            # instances of a schema that are judged in other words too


class Wrong(Exception):
    """What no JSON text may have, and Python reads all the same."""


def _members(pairs):
    if len({k for k, _ in pairs}) < len(pairs):
        raise Wrong("duplicate keys")
    return dict(pairs)


def _constant(text):
    raise Wrong("no JSON")


def read(data):
    """(value with numbers as spelled, "") or (None, why it is no JSON text, or none that has one meaning)."""
    try:
        value = json.loads(data.decode("utf-8"), parse_int=Number, parse_float=Number, parse_constant=_constant, object_pairs_hook=_members)
        plain(value).encode("utf-8")
    except UnicodeDecodeError:
        return None, "no JSON"
    except UnicodeEncodeError:
        return None, "lone surrogate"
    except Wrong as wrong:
        return None, str(wrong)
    except ValueError:
        return None, "no JSON"
    return value, ""


class Case:
    """One pair, and what each validator says of it."""

    def __init__(self, dialect, schema, instance, verdicts, why, validators):
        self.dialect, self.schema, self.data, self.verdicts = dialect, schema, instance, verdicts
        self.why = why                          # reasons of refusals, by validator
        self.validators = validators
        self.instance, self.wrong = read(instance)

    def ask(self, name, schema, instance):
        """The validator's word on another pair."""
        return self.validators[name].judge(self.dialect, plain(schema), [plain(instance).encode()])[0]

    @property
    def words(self):
        """Every keyword of the schema, wherever it stands."""
        return set(_words(self.schema))

    @property
    def numbers(self):
        return list(_numbers(self.schema)) + ([] if self.wrong else list(_numbers(self.instance)))

    def __str__(self):
        return f"{self.dialect} {plain(self.schema)}\n    {self.data!r}\n    {self.verdicts}"


def _words(schema):
    if isinstance(schema, dict):
        yield from schema
    for child in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _words(child)


def _numbers(value):
    if isinstance(value, Number):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _numbers(child)


def disagreeing(case):
    """Validators that gave another answer than ours."""
    ours = case.verdicts["ours"]
    for name, verdict in case.verdicts.items():
        verdict = "invalid" if verdict == "not json" else verdict
        if name != "ours" and verdict != ours and verdict:
            yield name


def explanation(case, name):
    """The row that explains why this validator says something else; None when there is none."""
    for row in ROWS:
        if row.explains(case, name):
            return row
    return None


class Agreement:
    def __init__(self, validators):
        self.validators = validators
        self.pairs = 0
        self.verdicts = {name: collections.Counter() for name in validators}
        self.explained = collections.Counter()
        self.unexplained = []
        self.respelled = 0
        self.rng = random.Random(1)

    def settle(self, case):
        self.pairs += 1
        if case.wrong and case.verdicts["ours"] != "invalid":
            self.unexplained.append((case, ["rfc 8259"]))
            return
        against = []
        for name in disagreeing(case):
            row = explanation(case, name)
            if row:
                self.explained[row] += 1
            else:
                against.append(name)
        for name, verdict in case.verdicts.items():
            self.verdicts[name][verdict] += 1
        if against:
            self.unexplained.append((case, against))

    def judge(self, dialect, work):
        """[(schema, its text, its instances)]"""
        ours, ajv = self.validators["ours"], self.validators["ajv"]
        answers = []
        for _, text, instances in work:
            a = ours.judge(dialect, text, instances)
            b = ajv.judge(dialect, text, instances)
            answers.append((a, b, {"ours": ours.why, "ajv": ajv.why}))
        good = [[i for i in instances if not read(i)[1] and b"\n" not in i] for _, _, instances in work]
        third = self.validators["sourcemeta"].judge_all(dialect, [(text, g) for (_, text, _), g in zip(work, good)])
        for (schema, _, instances), (a, b, why), g, c in zip(work, answers, good, third):
            by_instance = dict(zip(g, c))
            self.respell(dialect, schema, instances, a)
            for i, x, y in zip(instances, a, b):
                self.settle(Case(dialect, schema, i, {"ours": x, "ajv": y, "sourcemeta": by_instance.get(i, "")}, why, self.validators))

    def respell(self, dialect, schema, instances, verdicts):
        """White space, escapes, the order of members, spellings of numbers, a definition more: no verdict changes."""
        speller = generate.Speller(self.rng)
        container = "definitions" if dialect == generate.DRAFT7 else "$defs"
        more = {**schema, container: {**schema.get(container, {}), "unused": {"type": "string", "minLength": Number("3")}}}
        chosen = [(read(i)[0], i, v) for i, v in zip(instances, verdicts) if not read(i)[1]][:RESPELLED]
        texts = [speller.spell(value).encode() for value, _, _ in chosen]
        again = self.validators["ours"].judge(dialect, speller.spell(more), texts)
        self.respelled += len(texts)
        for text, (_, _, verdict), now in zip(texts, chosen, again):
            if now != verdict:
                case = Case(dialect, schema, text, {"ours": now, "ours before": verdict}, {}, self.validators)
                self.unexplained.append((case, ["ours before"]))

    def run(self, seed, dialect, schemas, per_schema, stop=lambda: False):
        source = generate.pairs(seed, dialect, per_schema)
        while schemas > 0 and not stop():
            n = min(CHUNK, schemas)
            self.judge(dialect, list(itertools.islice(source, n)))
            schemas -= n


# ---- the smallest pair with the same verdicts ----

def smaller(value):
    """Values with one thing less."""
    if isinstance(value, dict):
        for key in value:
            yield {k: v for k, v in value.items() if k != key}
        for key, child in value.items():
            for less in smaller(child):
                yield {**value, key: less}
    elif isinstance(value, list):
        for i in range(len(value)):
            yield value[:i] + value[i + 1:]
        for i, child in enumerate(value):
            for less in smaller(child):
                yield value[:i] + [less] + value[i + 1:]


def smaller_schema(schema):
    yield from smaller(schema)
    for word in ("properties", "patternProperties", "items", "contains", "not", "additionalProperties", "allOf", "anyOf", "oneOf", "then", "else", "if"):
        child = schema.get(word)
        for s in child.values() if word.endswith("roperties") and isinstance(child, dict) and word[0] == "p" else child if isinstance(child, list) else [child]:
            if isinstance(s, dict):
                yield {**{k: v for k, v in schema.items() if k[0] == "$" or k == "definitions"}, **s}


def minimise(validators, case, tries=300):
    if "ours before" in case.verdicts:
        return case

    def verdicts(schema, data):
        out = {}
        text = plain(schema)
        for name, v in validators.items():
            if name == "sourcemeta" and read(data)[1]:
                out[name] = ""
            else:
                out[name] = v.judge(case.dialect, text, [data])[0]
        return out

    def holds(schema, data):
        nonlocal tries
        tries -= 1
        return tries > 0 and verdicts(schema, data) == case.verdicts

    schema, value, data = case.schema, case.instance, case.data
    progress = True
    while progress and tries > 0:
        progress = False
        for less in smaller_schema(schema):
            if holds(less, data):
                schema, progress = less, True
                break
        for less in smaller(value) if not case.wrong else ():
            if holds(schema, plain(less).encode()):
                value, data, progress = less, plain(less).encode(), True
                break
    return Case(case.dialect, schema, data, case.verdicts, case.why, validators)
