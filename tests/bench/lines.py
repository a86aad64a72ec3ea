"""Files named on standard input, YAML or JSON, to lines of JSON. Run by a Python that has PyYAML."""

import json
import re
import sys

import yaml


class Core(yaml.SafeLoader):
    """YAML 1.2's core schema: `on` is a text, so is a date."""


TAGS = {
    "null": ("~ n N\0", r"~|null|Null|NULL|"),
    "bool": ("tTfF", r"true|True|TRUE|false|False|FALSE"),
    "int": ("-+0123456789", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"),
    "float": ("-+.0123456789", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"),
}
Core.yaml_implicit_resolvers = {}
for name, (first, pattern) in TAGS.items():
    Core.add_implicit_resolver(f"tag:yaml.org,2002:{name}", re.compile(f"^(?:{pattern})$"), [*first.replace(" ", ""), *([""] if name == "null" else [])])


def read(path):
    with open(path, encoding="utf-8") as source:
        return json.load(source) if path.endswith((".json", ".ipynb")) else yaml.load(source, Core)


def has_text_keys(value):
    if isinstance(value, dict):
        return all(isinstance(key, str) and has_text_keys(member) for key, member in value.items())
    return not isinstance(value, list) or all(map(has_text_keys, value))


for line in sys.stdin:
    try:
        value = read(line.rstrip("\n"))
        if has_text_keys(value):
            print(json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False))
    except (yaml.YAMLError, ValueError) as error:
        print(f"lines.py: left out {line.strip()}: {str(error).splitlines()[0]}", file=sys.stderr)
