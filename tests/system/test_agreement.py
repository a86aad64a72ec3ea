"""The engine agrees with two other validators: a few pairs of what tests/show/schema-agreement judges by the hundred
thousand."""

import shutil
import subprocess

import pytest

from versions import ROOT


@pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed, the other validators need it")
def test_a_few_generated_pairs():
    run = subprocess.run([ROOT / "tests/show/schema-agreement", "check", "3000"], stdout=subprocess.PIPE, text=True)
    assert run.returncode == 0, run.stdout
