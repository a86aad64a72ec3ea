"""Pairs of schema and instance: schemas over all keywords of a dialect, small and with shared names so that their
branches interact; instances derived from the schema, then mutated in their tree, their tokens and their bytes.
The same seed gives the same pairs."""

import random

NAMES = ["a", "b", "c", "foo", "bar", "x-1", "", "0", "a/b~c", "é", "日本", "isPrototypeOf", "long name of a property"]
TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"]
NUMBERS = ["0", "1", "2", "3", "4", "5", "-1", "-2", "10", "1.5", "2.5", "-1.5", "0.1", "0.2", "0.3", "0.01", "4.35", "19.99",
           "1.0", "10e-1", "1e1", "0.1e1", "1E+2", "100", "-0", "0.0", "-0.0", "0e5", "3.0", "2.50",
           "9007199254740992", "9007199254740993", "9007199254740993.0", "-9223372036854775808", "9223372036854775807",
           "9223372036854775808", "18446744073709551616", "123456789012345678901234567890", "1e400", "-1e400", "1e-400", "1e308",
           "0.1000000000000000055511151231257827", "1.0000000000000000000001", "1e19", "1e22", "123456789.123456789"]
SMALL = 17               # the first so many are taken most of the time
UNITS = ["1", "2", "3", "5", "10", "0.5", "1.5", "0.1", "0.01", "2.0", "1e1", "1e-2", "7", "100", "0.3"]
STRINGS = ["", "a", "b", "ab", "abc", "aab", "foo", "bar", "foobar", "x-1", "1", "42", "a b", "é", "日本語", "😀", "😀😀", "e\u0301",
           "\u0000", "a\nb", "\"\\/", "A", "Zz", "null", "\u2028", "\u007f", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]
PATTERNS = ["^a", "b$", "^[a-c]{1,3}$", "^\\d+$", "o+", "^\\S*$", "^x-", "(foo|bar)", "^.$", "^\\p{L}", "^[^/]+$", "^$", "a.?b", "[0-9]",
            "^(a|ab)(c|bc)?$", "\\w", "^é$", "^[\\u0000-\\u007f]*$"]
FORMATS = {
    "date": ["2024-02-29", "2023-02-29", "2024-2-9", "24-02-29", "2024-13-01"],
    "time": ["12:00:00Z", "12:00:00+01:00", "24:00:00Z", "12:00:00", "12:60:00Z"],
    "date-time": ["2024-02-29T12:00:00Z", "2024-02-30T12:00:00Z", "2024-02-29T12:00:00.5-08:00", "2024-02-29", "2024-02-29T25:00:00Z"],
    "ipv4": ["127.0.0.1", "256.0.0.1", "1.2.3", "01.2.3.4"],
    "ipv6": ["::1", "1::2::3", "fe80::1:2", "::ffff:1.2.3.4", "12345::"],
    "email": ["a@example.com", "a", "@example.com", "a.b@example.com"],
    "hostname": ["example.com", "-a", "a_b", "a.b-c.d"],
    "uri": ["http://example.com/a?b#c", "/a", "urn:a:b", "http://a b"],
    "uri-reference": ["/a", "a b", "#c", "\\\\"],
    "json-pointer": ["", "/a~0b", "/a~2", "a"],
    "regex": ["^a", "(a", "[a-"],
}
BASE_FOLDER = "http://example.com/"
BASE = BASE_FOLDER + "root"
DRAFT7, D2019, D2020 = "draft-07", "2019-09", "2020-12"
DIALECTS = {DRAFT7: "http://json-schema.org/draft-07/schema#", D2019: "https://json-schema.org/draft/2019-09/schema",
            D2020: "https://json-schema.org/draft/2020-12/schema"}


class Number(str):
    """A number as it is spelled."""


# ---- text ----

ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def quote(text):
    out = []
    for c in text:
        if c in ESCAPES:
            out.append(ESCAPES[c])
        elif c < " ":
            out.append(f"\\u{ord(c):04x}")
        else:
            out.append(c)
    return '"' + "".join(out) + '"'


def plain(value):
    """JSON text, the shortest."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, list):
        return "[" + ",".join(plain(v) for v in value) + "]"
    return "{" + ",".join(quote(k) + ":" + plain(v) for k, v in value.items()) + "}"


class Speller:
    """The same value in other words: space, escapes, order of members, spellings of numbers."""

    def __init__(self, rng):
        self.rng = rng

    def space(self):
        return self.rng.choice(["", "", "", " ", "\t", "  "])

    def number(self, text):
        negative, text = text.startswith("-"), text.lstrip("-")
        digits, _, exponent = text.lower().partition("e")
        whole, _, fraction = digits.partition(".")
        power = int(exponent or "0")
        for _ in range(self.rng.randrange(4)):
            kind = self.rng.randrange(3)
            if kind == 0:
                fraction += "0"
            elif kind == 1 and len(whole) > 1:
                whole, fraction, power = whole[:-1], whole[-1] + fraction, power + 1
            elif kind == 2 and whole != "0":
                whole, power = whole + (fraction[:1] or "0"), power - 1
                fraction = fraction[1:]
        out = ("-" if negative else "") + whole + ("." + fraction if fraction else "")
        if power or self.rng.random() < 0.1:
            out += self.rng.choice("eE") + ("+" if power >= 0 and self.rng.random() < 0.3 else "") + str(power)
        return out

    def string(self, text):
        out = []
        for c in text:
            if self.rng.random() < 0.2:
                units = c.encode("utf-16-be")
                out.extend(f"\\u{units[i]:02{'x' if self.rng.random() < .5 else 'X'}}{units[i + 1]:02x}" for i in range(0, len(units), 2))
            else:
                out.append(quote(c)[1:-1])
        return '"' + "".join(out) + '"'

    def spell(self, value):
        s = self.space
        if isinstance(value, Number):
            return s() + self.number(value) + s()
        if isinstance(value, str):
            return s() + self.string(value) + s()
        if isinstance(value, list):
            return s() + "[" + s() + ",".join(self.spell(v) for v in value) + "]" + s()
        if isinstance(value, dict):
            members = list(value.items())
            self.rng.shuffle(members)
            return s() + "{" + s() + ",".join(s() + self.string(k) + s() + ":" + self.spell(v) for k, v in members) + "}" + s()
        return s() + plain(value) + s()


# ---- schemas ----

class Schemas:
    def __init__(self, rng, dialect):
        self.rng, self.dialect = rng, dialect
        self.new = dialect != DRAFT7

    def one(self):
        """A schema with its definitions."""
        rng = self.rng
        self.count = rng.randrange(4)
        self.container = "$defs" if self.new else "definitions"
        self.base = BASE if rng.random() < 0.2 else None
        self.names = [self.name(i) for i in range(self.count)]
        definitions = {}
        for i, (name, _) in enumerate(self.names):
            d = self.schema(2, i + 1, False)
            while not isinstance(d, dict) or ("$ref" in d and not self.new):
                d = self.schema(2, i + 1, False)
            definitions[f"d{i}"] = {**name, **d}
        root = self.keywords(3, 0, False, rng.choice([2, 2, 3, 4]))
        if self.base:
            root["$id"] = self.base
            root.update({D2019: {"$recursiveAnchor": True}, D2020: {"$dynamicAnchor": "n"}}.get(self.dialect, {}))
        if definitions:
            root[self.container] = definitions
        return {"$schema": DIALECTS[self.dialect], **root}

    def name(self, i):
        """What names definition i beside its pointer, and a reference by that name."""
        roll = self.rng.random()
        if self.base and roll < 0.4:
            dynamic = {D2019: {"$recursiveAnchor": self.rng.random() < 0.7}, D2020: {"$dynamicAnchor": "n"}}.get(self.dialect, {})
            return {"$id": f"d{i}", **dynamic}, f"{BASE_FOLDER}d{i}"
        if roll < 0.7:
            return ({"$anchor": f"n{i}"} if self.new else {"$id": f"#n{i}"}), f"{self.base or ''}#n{i}"
        return {}, f"{self.base or ''}#/{self.container}/d{i}"

    def number(self):
        return Number(self.rng.choice(NUMBERS[:SMALL] if self.rng.random() < 0.8 else NUMBERS))

    def size(self):
        return Number(self.rng.choice(["0", "1", "1", "2", "2", "3", "4", "2.0", "1e0"]))

    def value(self, depth=2):
        rng = self.rng
        kind = rng.randrange(9 if depth else 6)
        if kind < 2:
            return self.number()
        if kind < 4:
            return rng.choice(STRINGS + NAMES)
        if kind < 6:
            return rng.choice([None, True, False])
        if kind == 6:
            return [self.value(depth - 1) for _ in range(rng.randrange(4))]
        return {rng.choice(NAMES): self.value(depth - 1) for _ in range(rng.randrange(4))}

    def reference(self, guarded, level):
        """In place only to later definitions: else a schema might lead to itself."""
        rng = self.rng
        if guarded and self.base and self.new and rng.random() < 0.4:
            return {"$recursiveRef": "#"} if self.dialect == D2019 else {"$dynamicRef": "#n"}
        if guarded and rng.random() < 0.3:
            return {"$ref": "#"}
        targets = range(0 if guarded else level, self.count)
        return {"$ref": self.names[rng.choice(targets)][1]} if targets else None

    def many(self, depth, level, guarded, low=1, high=3):
        return [self.schema(depth - 1, level, guarded) for _ in range(self.rng.randint(low, high))]

    def members(self, depth, level):
        return {self.rng.choice(NAMES): self.schema(depth - 1, level, True) for _ in range(self.rng.randint(1, 3))}

    def schema(self, depth, level, guarded):
        rng = self.rng
        if rng.random() < 0.08:
            return rng.random() < 0.75
        if rng.random() < 0.15:
            reference = self.reference(guarded, level)
            if reference:
                extra = self.keywords(depth - 1, level, guarded, 1) if rng.random() < 0.3 else {}
                return {**extra, **reference}
        if depth <= 0:
            return self.keywords(0, level, guarded, 2)
        return self.keywords(depth, level, guarded, rng.choice([1, 1, 2, 2, 3, 4]))

    def keywords(self, depth, level, guarded, n):
        out = {}
        rows = [row for row in ROWS if (depth > 0 or not row[3]) and (row[2] is None or self.dialect in row[2])]
        for _, _, _, _, make in self.rng.choices(rows, [row[1] for row in rows], k=n):
            out.update(make(self, depth, level, guarded))
        return out


OLD, NEW, LAST = (DRAFT7,), (D2019, D2020), (D2020,)
TUPLES = (DRAFT7, D2019)


def _types(g):
    if g.rng.random() < 0.7:
        return g.rng.choice(TYPES)
    return g.rng.sample(TYPES, g.rng.randint(1, 3))


def _enum(g):
    values = []
    for _ in range(g.rng.randint(1, 4)):
        values.append(g.value())
    # equal items would be no enum: uniqueness by value is not asked of the text alone
    seen, out = set(), []
    for v in values:
        if canonical(v) not in seen:
            seen.add(canonical(v))
            out.append(v)
    return out


def _names(g):
    return g.rng.sample(NAMES, g.rng.randint(0, 2))


def _tuple(g, d, lv):
    return [g.schema(d - 1, lv, True) for _ in range(g.rng.randint(1, 3))]


# name, weight, dialects, has subschemas, maker
ROWS = [
    ("type", 10, None, False, lambda g, d, lv, gd: {"type": _types(g)}),
    ("enum", 3, None, False, lambda g, d, lv, gd: {"enum": _enum(g)}),
    ("const", 3, None, False, lambda g, d, lv, gd: {"const": g.value()}),
    ("minimum", 2, None, False, lambda g, d, lv, gd: {"minimum": g.number()}),
    ("maximum", 2, None, False, lambda g, d, lv, gd: {"maximum": g.number()}),
    ("exclusiveMinimum", 2, None, False, lambda g, d, lv, gd: {"exclusiveMinimum": g.number()}),
    ("exclusiveMaximum", 2, None, False, lambda g, d, lv, gd: {"exclusiveMaximum": g.number()}),
    ("multipleOf", 2, None, False, lambda g, d, lv, gd: {"multipleOf": Number(g.rng.choice(UNITS))}),
    ("minLength", 2, None, False, lambda g, d, lv, gd: {"minLength": g.size()}),
    ("maxLength", 2, None, False, lambda g, d, lv, gd: {"maxLength": g.size()}),
    ("pattern", 3, None, False, lambda g, d, lv, gd: {"pattern": g.rng.choice(PATTERNS)}),
    ("format", 1, None, False, lambda g, d, lv, gd: {"format": g.rng.choice(list(FORMATS))}),
    ("minItems", 2, None, False, lambda g, d, lv, gd: {"minItems": g.size()}),
    ("maxItems", 2, None, False, lambda g, d, lv, gd: {"maxItems": g.size()}),
    ("uniqueItems", 2, None, False, lambda g, d, lv, gd: {"uniqueItems": g.rng.random() < 0.85}),
    ("minProperties", 2, None, False, lambda g, d, lv, gd: {"minProperties": g.size()}),
    ("maxProperties", 2, None, False, lambda g, d, lv, gd: {"maxProperties": g.size()}),
    ("required", 4, None, False, lambda g, d, lv, gd: {"required": _names(g)}),
    ("properties", 9, None, True, lambda g, d, lv, gd: {"properties": g.members(d, lv)}),
    ("patternProperties", 3, None, True, lambda g, d, lv, gd: {"patternProperties": {
        g.rng.choice(PATTERNS): g.schema(d - 1, lv, True) for _ in range(g.rng.randint(1, 2))}}),
    ("additionalProperties", 4, None, True, lambda g, d, lv, gd: {"additionalProperties": g.schema(d - 1, lv, True) if g.rng.random() < 0.5 else False}),
    ("propertyNames", 2, None, True, lambda g, d, lv, gd: {"propertyNames": g.schema(d - 1, lv, True)}),
    ("dependencies", 3, OLD, True, lambda g, d, lv, gd: {"dependencies": {
        g.rng.choice(NAMES): _names(g) if g.rng.random() < 0.5 else g.schema(d - 1, lv, gd) for _ in range(2)}}),
    ("dependentRequired", 2, NEW, False, lambda g, d, lv, gd: {"dependentRequired": {g.rng.choice(NAMES): _names(g) for _ in range(2)}}),
    ("dependentSchemas", 2, NEW, True, lambda g, d, lv, gd: {"dependentSchemas": {g.rng.choice(NAMES): g.schema(d - 1, lv, gd)}}),
    ("items", 5, None, True, lambda g, d, lv, gd: {"items": g.schema(d - 1, lv, True)}),
    ("items tuple", 3, TUPLES, True, lambda g, d, lv, gd: {"items": _tuple(g, d, lv)}),
    ("additionalItems", 2, TUPLES, True, lambda g, d, lv, gd: {"items": _tuple(g, d, lv), "additionalItems": g.schema(d - 1, lv, True)}),
    ("prefixItems", 4, LAST, True, lambda g, d, lv, gd: {"prefixItems": _tuple(g, d, lv)}),
    ("contains", 3, None, True, lambda g, d, lv, gd: {"contains": g.schema(d - 1, lv, True)}),
    ("minContains", 2, NEW, True, lambda g, d, lv, gd: {"contains": g.schema(d - 1, lv, True), "minContains": g.size()}),
    ("maxContains", 2, NEW, True, lambda g, d, lv, gd: {"contains": g.schema(d - 1, lv, True), "maxContains": g.size()}),
    ("allOf", 3, None, True, lambda g, d, lv, gd: {"allOf": g.many(d, lv, gd)}),
    ("anyOf", 4, None, True, lambda g, d, lv, gd: {"anyOf": g.many(d, lv, gd)}),
    ("oneOf", 4, None, True, lambda g, d, lv, gd: {"oneOf": g.many(d, lv, gd)}),
    ("not", 2, None, True, lambda g, d, lv, gd: {"not": g.schema(d - 1, lv, gd)}),
    ("if", 3, None, True, lambda g, d, lv, gd: {"if": g.schema(d - 1, lv, gd), **{k: g.schema(d - 1, lv, gd) for k in ("then", "else") if g.rng.random() < 0.7}}),
    ("unevaluatedProperties", 5, NEW, True, lambda g, d, lv, gd: {"unevaluatedProperties": g.schema(d - 1, lv, True) if g.rng.random() < 0.4 else False}),
    ("unevaluatedItems", 4, NEW, True, lambda g, d, lv, gd: {"unevaluatedItems": g.schema(d - 1, lv, True) if g.rng.random() < 0.4 else False}),
]


def canonical(value):
    """A key that equal values share: numbers by value, objects without order."""
    if isinstance(value, Number):
        return "n" + normal(value)
    if isinstance(value, str):
        return "s" + quote(value)
    if isinstance(value, list):
        return "[" + ",".join(canonical(v) for v in value) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(sorted(quote(k) + canonical(v) for k, v in value.items())) + "}"
    return plain(value)


def normal(number):
    """digits e exponent, without zeros at either end."""
    negative, text = number.startswith("-"), number.lstrip("-").lower()
    digits, _, exponent = text.partition("e")
    whole, _, fraction = digits.partition(".")
    power = int(exponent or "0") - len(fraction)
    digits = (whole + fraction).lstrip("0")
    stripped = digits.rstrip("0")
    if not stripped:
        return "0"
    return ("-" if negative else "") + stripped + "e" + str(power + len(digits) - len(stripped))


# ---- instances ----

IN_PLACE = ("allOf", "anyOf", "oneOf")


class Instances:
    """Values that a schema asks for, mostly."""

    def __init__(self, rng, schemas, root):
        self.rng, self.g, self.root = rng, schemas, root

    def resolve(self, ref):
        """Names end in the number of their definition."""
        return self.root.get("$defs", self.root.get("definitions", {})).get("d" + ref[-1], self.root)

    def hints(self, schema, into, depth=0):
        """Everything that the schema says about this value, one branch of each choice."""
        if not isinstance(schema, dict) or depth > 4:
            return into
        into.append(schema)
        for word in ("$ref", "$dynamicRef", "$recursiveRef"):
            if word in schema:
                self.hints(self.resolve(schema[word]), into, depth + 1)
        for word in IN_PLACE:
            branches = schema.get(word, [])
            for branch in branches if word == "allOf" else self.rng.sample(branches, min(1, len(branches))):
                self.hints(branch, into, depth + 1)
        if "if" in schema:
            self.hints(schema["if"], into, depth + 1)
            self.hints(schema.get(self.rng.choice(["then", "else"])), into, depth + 1)
        for s in {**schema.get("dependencies", {}), **schema.get("dependentSchemas", {})}.values():
            if self.rng.random() < 0.5:
                self.hints(s, into, depth + 1)
        return into

    def one(self, schema=None, depth=4):
        schema = self.root if schema is None else schema
        rng, hints = self.rng, self.hints(schema, [])
        values = [h["const"] for h in hints if "const" in h] + [v for h in hints for v in h.get("enum", [])]
        if values and rng.random() < 0.7:
            return rng.choice(values)
        kinds = []
        for h in hints:
            kinds += h.get("type", []) if isinstance(h.get("type"), list) else [h["type"]] if "type" in h else []
            kinds += ["object"] * 2 * any(k in h for k in ("properties", "required", "patternProperties", "additionalProperties", "propertyNames",
                                                           "dependencies", "dependentRequired", "unevaluatedProperties", "minProperties"))
            kinds += ["array"] * 2 * any(k in h for k in ("items", "prefixItems", "contains", "uniqueItems", "unevaluatedItems", "minItems"))
            kinds += ["number"] * any(k in h for k in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"))
            kinds += ["string"] * any(k in h for k in ("pattern", "minLength", "maxLength", "format"))
        if not kinds or depth <= 0 or rng.random() < 0.05:
            return self.g.value(1 if depth > 0 else 0)
        return getattr(self, rng.choice(kinds))(hints, depth)

    def null(self, hints, depth):
        return None

    def boolean(self, hints, depth):
        return self.rng.random() < 0.5

    def number(self, hints, depth):
        bounds = [h[k] for h in hints for k in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf") if k in h]
        return self.rng.choice(bounds) if bounds and self.rng.random() < 0.5 else self.g.number()

    integer = number

    def string(self, hints, depth):
        formats = [s for h in hints for s in FORMATS.get(h.get("format"), [])]
        return self.rng.choice(formats if formats and self.rng.random() < 0.8 else STRINGS)

    def array(self, hints, depth):
        tuples = [s for h in hints for s in (h["items"] if isinstance(h.get("items"), list) else h.get("prefixItems", []))]
        rest = [h[k] for h in hints for k in ("items", "additionalItems", "unevaluatedItems", "contains") if isinstance(h.get(k), dict)]
        out = [self.one(s, depth - 1) for s in tuples[:self.rng.randint(0, len(tuples))]]
        for _ in range(self.rng.choice([0, 1, 1, 2, 3])):
            out.append(self.one(self.rng.choice(rest), depth - 1) if rest else self.g.value(1))
        if out and self.rng.random() < 0.2:
            out += [self.rng.choice(out)] * self.rng.choice([1, 1, 8])
        return out

    def object(self, hints, depth):
        known, rest, out = {}, [], {}
        for h in hints:
            known.update(h.get("properties", {}))
            rest += [h[k] for k in ("additionalProperties", "unevaluatedProperties") if isinstance(h.get(k), dict)]
            rest += list(h.get("patternProperties", {}).values())
        for name, schema in known.items():
            if self.rng.random() < 0.75:
                out[name] = self.one(schema, depth - 1)
        for h in hints:
            for name in h.get("required", []):
                if name not in out and self.rng.random() < 0.85:
                    out[name] = self.g.value(1)
        for _ in range(self.rng.choice([0, 0, 1, 2])):
            out[self.rng.choice(NAMES)] = self.one(self.rng.choice(rest), depth - 1) if rest else self.g.value(1)
        return out


# ---- mutations ----

def places(value, path=()):
    yield path
    for key, child in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(child, path + (key,))


def changed(value, path, change):
    if not path:
        return change(value)
    if isinstance(value, dict):
        return {k: changed(v, path[1:], change) if k == path[0] else v for k, v in value.items()}
    return [changed(v, path[1:], change) if i == path[0] else v for i, v in enumerate(value)]


def mutate_tree(rng, g, value):
    path = rng.choice(list(places(value)))

    def change(v):
        if isinstance(v, dict) and v and rng.random() < 0.6:
            v = dict(v)
            if rng.random() < 0.5:
                v.pop(rng.choice(list(v)))
            else:
                v[rng.choice(NAMES)] = g.value(1)
            return v
        if isinstance(v, list) and v and rng.random() < 0.6:
            v = list(v)
            i = rng.randrange(len(v))
            if rng.random() < 0.5:
                v.pop(i)
            else:
                v.insert(i, rng.choice(v) if rng.random() < 0.5 else g.value(1))
            return v
        if isinstance(v, Number) and rng.random() < 0.5:
            return Number(rng.choice(NUMBERS))
        return g.value(1)

    return changed(value, path, change)


def mutate_bytes(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 2])):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(4)
        if kind == 0 and at < len(data):
            data[at] = rng.choice(b'{}[]",:\\0eE.-+ntf\n\t \x00\x1f\x7f\x80\xc3\xff')
        elif kind == 1:
            data[at:at] = rng.choice([b"\\ud800", b"\\u0061", b",", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"0", b"[", b"}", b" ", b"\\", b"1e", b"nul"])
        elif kind == 2:
            del data[at:at + rng.randint(1, 4)]
        elif at < len(data):
            data[at] ^= 1 << rng.randrange(8)
    return bytes(data)


def twice(rng, text):
    """An object's first member again."""
    return text.replace("{", '{"a":1,', 1) if '"a"' in text or rng.random() < 0.3 else text


def instances(rng, g, schema, n):
    """n texts, as bytes."""
    source, speller = Instances(rng, g, schema), Speller(rng)
    out = []
    for _ in range(n):
        value = source.one()
        for _ in range(rng.choice([0, 0, 0, 1, 1, 2])):
            value = mutate_tree(rng, g, value)
        roll = rng.random()
        text = speller.spell(value) if roll < 0.3 else plain(value)
        if 0.3 <= roll < 0.32:
            text = twice(rng, text)
        data = text.encode()
        out.append(mutate_bytes(rng, data) if roll > 0.95 else data)
    return out


def pairs(seed, dialect, per_schema):
    """(schema, its text, the texts of its instances), without end."""
    rng = random.Random(f"{seed} {dialect}")
    while True:
        g = Schemas(rng, dialect)
        schema = g.one()
        yield schema, plain(schema), instances(rng, g, schema, per_schema)
