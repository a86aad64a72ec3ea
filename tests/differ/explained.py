"""Why another validator says something else than ours, and which section makes ours right. A row explains a
disagreement only where its test of the pair holds and, unless it says `alone`, the third validator is on our side
where it answers at all."""

import dataclasses
from fractions import Fraction
from typing import Callable

from generate import Number, normal

AJV, SOURCEMETA = ("ajv",), ("sourcemeta",)
# what every object of JavaScript has
INHERITED = {"isPrototypeOf", "toString", "constructor", "hasOwnProperty", "valueOf", "__proto__"}


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    validators: tuple
    section: str
    applies: Callable
    alone: bool = False          # holds without the third validator's word

    def explains(self, case, name):
        others = [v for n, v in case.verdicts.items() if n not in ("ours", name) and v]
        on_our_side = all(v == case.verdicts["ours"] for v in others)
        return name in self.validators and (self.alone or on_our_side) and self.applies(case)


def exact(number):
    """The value; of an exponent that no double has, one that is as far off."""
    digits, _, exponent = normal(number).partition("e")
    return Fraction(digits) * Fraction(10) ** max(-2000, min(2000, int(exponent or 0)))


def rounds(case):
    """A number whose nearest double is that of another short decimal, or none."""
    def is_rounded(n):
        double = float(n)
        return double in (float("inf"), float("-inf")) or exact(repr(double)) != exact(n)

    return any(is_rounded(n) for n in case.numbers)


def is_whole_double(n):
    return exact(n).denominator == 1 and abs(exact(n)) < 2 ** 53


def units(schema):
    if isinstance(schema, dict) and isinstance(schema.get("multipleOf"), Number):
        yield schema["multipleOf"]
    for child in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from units(child)


def quotient_errs(case):
    """Some number divided by some unit, as doubles, is whole where the quotient is not, or the other way round."""
    def errs(n, unit):
        quotient = float(n) / float(unit)
        return abs(quotient) == float("inf") or quotient.is_integer() != ((exact(n) / exact(unit)).denominator == 1)

    return any(errs(n, unit) for unit in units(case.schema) for n in case.numbers)


def respelled(value):
    """The same value with its numbers in their shortest plain spelling."""
    if isinstance(value, Number):
        v = exact(value)
        if v.denominator == 1 and abs(v) < 10 ** 18:
            return Number(v.numerator)
        digits, _, exponent = normal(value).partition("e")
        negative, digits, places = digits.startswith("-"), digits.lstrip("-"), -int(exponent)
        if not 0 < places < 30:
            return value
        digits = digits.rjust(places + 1, "0")
        return Number(("-" if negative else "") + digits[:-places] + "." + digits[-places:])
    if isinstance(value, list):
        return [respelled(v) for v in value]
    if isinstance(value, dict):
        return {k: respelled(v) for k, v in value.items()}
    return value


def spelling_matters(case):
    """The validator itself says what we say when the same numbers are spelled another way."""
    return not case.wrong and case.ask("sourcemeta", respelled(case.schema), respelled(case.instance)) == case.verdicts["ours"]


def has_array(value):
    return isinstance(value, list) or (isinstance(value, dict) and any(map(has_array, value.values())))


def names_nothing(schema):
    """A list of names with the empty one in it."""
    if isinstance(schema, dict):
        return any(names_nothing(v) for v in schema.values())
    return isinstance(schema, list) and ("" in schema or any(names_nothing(v) for v in schema))


def has_items_for_all(schema):
    """`items: true` with additionalItems beside it."""
    if isinstance(schema, dict):
        return schema.get("items") is True and "additionalItems" in schema or any(map(has_items_for_all, schema.values()))
    return isinstance(schema, list) and any(map(has_items_for_all, schema))


def keys(value):
    if isinstance(value, dict):
        yield from value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from keys(child)


def has_line_end(value):
    if isinstance(value, str):
        return any(c in value for c in "\n\r\u2028\u2029")
    if isinstance(value, dict):
        return any(has_line_end(k) or has_line_end(v) for k, v in value.items())
    return isinstance(value, list) and any(map(has_line_end, value))


def is_unevaluated(case):
    return bool(case.words & {"unevaluatedItems", "unevaluatedProperties"})


ROWS = [
    Row("a key twice", AJV, "RFC 8259 4: readers disagree on which one counts; ours refuses the text",
        lambda c: c.wrong == "duplicate keys", alone=True),
    Row("half of a surrogate pair", AJV, "RFC 8259 8.2, RFC 7493 2.1: no Unicode text; ours refuses it",
        lambda c: c.wrong == "lone surrogate", alone=True),
    Row("numbers are doubles", AJV, "Core 4.2.2 (draft-07): equal is the same mathematical value; RFC 8259 6 sets no bound", rounds, alone=True),
    Row("multiples are found by doubles", AJV, "Validation 6.2.1: valid exactly when the division gives an integer",
        lambda c: "multipleOf" in c.words and not all(is_whole_double(n) for n in c.numbers)),
    Row("a quotient of doubles is whole", SOURCEMETA + AJV, "Validation 6.2.1: valid exactly when the division gives an integer",
        quotient_errs, alone=True),
    Row("contains takes the result of another array", AJV, "Validation 6.4.6, Core 10.3.1.3: at least one item",
        lambda c: "contains" in c.words and not c.wrong and has_array(c.instance)),
    Row("unevaluated* cannot be compiled", AJV, "a fault of that validator: it stops on the schema",
        lambda c: is_unevaluated(c) and c.why.get("ajv", "").startswith("Cannot set properties of undefined"), alone=True),
    Row("the name \"\" is never missing", AJV, "Validation 6.5.3, 6.5.4: every name of the list",
        lambda c: names_nothing(c.schema)),
    Row("what every object inherits was evaluated", AJV, "Core 10.3.2, 11.3: members of the instance only",
        lambda c: not c.wrong and bool(set(keys(c.instance)) & INHERITED) and is_unevaluated(c)),
    Row("annotations of a branch that fails", AJV, "Core 7.7.1.1 (2019-09, 2020-12): a failing schema yields no annotations, a valid one all of them",
        is_unevaluated),
    Row("$dynamicRef and $recursiveRef are partly there", AJV, "Core 8.2.4.2 (2019-09), 8.2.3.2 (2020-12): beside other keywords, by the dynamic scope",
        lambda c: bool(c.words & {"$dynamicRef", "$recursiveRef"})),
    Row("contains evaluates items in 2019-09", AJV + SOURCEMETA, "Core 9.3.1.3 (2019-09): items, additionalItems and unevaluatedItems only",
        lambda c: c.dialect == "2019-09" and {"contains", "unevaluatedItems"} <= c.words, alone=True),
    Row("a number means another by its spelling", SOURCEMETA, "Core 4.2.2, 6.3: 1.0, 1 and 10e-1 are one number", spelling_matters, alone=True),
    Row("a long decimal and a double", SOURCEMETA, "Core 4.2.2: equal is the same mathematical value", rounds, alone=True),
    Row("a dot is a line's end", SOURCEMETA, "Core 6.4 (ECMA-262 22.2.2.7): without the s flag no line terminator",
        lambda c: bool(c.words & {"pattern", "patternProperties"}) and not c.wrong and has_line_end(c.instance)),
    Row("additionalItems beside items: true", SOURCEMETA, "Validation 6.4.2 (draft-07): ignored unless items is a list of schemas",
        lambda c: c.dialect in ("draft-07", "2019-09") and has_items_for_all(c.schema)),
]
