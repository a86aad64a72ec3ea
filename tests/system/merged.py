"""Merged messages and operations, ours (tests/differ/merged.c) beside those of the reference parser's tree."""

import json
import subprocess

from versions import BUILD

CIRCLE = "(circle)"
# The parser keeps the traits that it applied; a message of 2.x has a row of its own.
ELSEWHERE = {"message": {"traits"}, "operation": {"traits", "message"}}


def ours(files):
    """{file: {(what, at): object}}"""
    found = {file: {} for file in files}
    for start in range(0, len(files), 50):
        run = subprocess.run([BUILD / "tests/differ/merged", *files[start:start + 50]], capture_output=True, text=True, timeout=600, check=True)
        for line in run.stdout.splitlines():
            row = json.loads(line)
            found[row["file"]][row["what"], tuple(row["at"])] = row["object"]
    return found


def place(tree, at):
    for key in at:
        if isinstance(tree, list):
            tree = tree[int(key)]
        elif isinstance(tree, dict) and key in tree:
            tree = tree[key]
        else:
            return None
    return tree


def places(tree):
    """Every message and operation of a parser's tree: {(what, at)}."""
    found, new = set(), tree["asyncapi"].startswith("3.")
    for at in ((), ("components",)):
        holder = place(tree, at) or {}
        for name, channel in (holder.get("channels") or {}).items():
            here = (*at, "channels", name)
            if new:
                found |= {("message", (*here, "messages", m)) for m in channel.get("messages") or {}}
            for side in () if new else ("publish", "subscribe"):
                if side not in channel:
                    continue
                found.add(("operation", (*here, side)))
                message = channel[side].get("message")
                several = message.get("oneOf") if message else None
                if several is not None:
                    found |= {("message", (*here, side, "message", "oneOf", str(i))) for i in range(len(several))}
                elif message is not None:
                    found.add(("message", (*here, side, "message")))
        found |= {("message", (*at, "messages", m)) for m in holder.get("messages") or {}}
        if new:
            found |= {("operation", (*at, "operations", o)) for o in holder.get("operations") or {}}
    return found


def differences(ours, theirs, at=()):
    """Places at which two values differ. A circle is told where a walk began to go round, so it equals any container."""
    if CIRCLE in (ours, theirs) and isinstance(ours, (dict, list, str)) and isinstance(theirs, (dict, list, str)):
        return []
    if isinstance(ours, dict) and isinstance(theirs, dict):
        keys = [*ours, *(k for k in theirs if k not in ours)]
        return [d for k in keys for d in (differences(ours[k], theirs[k], (*at, k)) if k in ours and k in theirs
                                          else [((*at, k), ours.get(k, "(absent)"), theirs.get(k, "(absent)"))])]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [d for i, (a, b) in enumerate(zip(ours, theirs)) for d in differences(a, b, (*at, str(i)))]
    same = ours == theirs and isinstance(ours, bool) == isinstance(theirs, bool)
    return [] if same else [(at, ours, theirs)]


def without_traits(holder):
    """An operation, reply or channel of 3.x, its messages without the traits that were applied."""
    out = {}
    for key, value in holder.items():
        if key in ("channel", "reply") and isinstance(value, dict):
            value = without_traits(value)
        elif key == "messages" and isinstance(value, dict):
            value = {name: _bare(one) for name, one in value.items()}
        elif key == "messages" and isinstance(value, list):
            value = [_bare(one) for one in value]
        out[key] = value
    return out


def _bare(message):
    return {k: v for k, v in message.items() if k != "traits"} if isinstance(message, dict) else message


def compare(what, mine, other):
    """(fields compared, differences)"""
    skip = ELSEWHERE[what]
    mine, other = ({k: v for k, v in side.items() if k not in skip} for side in (mine, other))
    if what == "operation":
        other = without_traits(other)
    return len(mine.keys() | other.keys()), differences(mine, other)
