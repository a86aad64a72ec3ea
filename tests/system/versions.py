"""The pinned versions of tests/versions, and where the downloads of tests/system/fetch are."""

import os
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def _read():
    rows = {}
    for line in (HERE.parent / "versions").read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            rows[name] = value
    return rows


VERSIONS = _read()
KAFKA = [VERSIONS["KAFKA_3"], VERSIONS["KAFKA_4"]]


def _cache():
    if "EG_CACHE" in os.environ:
        return pathlib.Path(os.environ["EG_CACHE"])
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.environ.get("HOME", "/var/tmp"), ".cache")
    return pathlib.Path(home) / "event-gateway"


CACHE = _cache()
BUILD = pathlib.Path(os.environ.get("EG_BUILD", ROOT / "build"))
BUILD_SANITIZED = pathlib.Path(os.environ.get("EG_BUILD_SANITIZED", str(BUILD) + "-sanitized"))


def jars(version):
    return CACHE / f"kafka-{version}"


def venv_python():
    return str(CACHE / "venv" / "bin" / "python")
