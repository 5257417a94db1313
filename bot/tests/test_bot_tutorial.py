"""docs/tutorial/tell-a-deposit does what it says, on a demo of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from outside import ROOT
from tests.machinery import Serving, copy_folder

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "tutorial" / "tell-a-deposit"


def test_a_deposit_is_told_and_stands_in_the_export_each_time_it_runs(made: Path, tmp_path: Path) -> None:
    demo = Serving(copy_folder(made, tmp_path / "var"), command=("serve", "--demo"))
    try:
        demo.ready()
        environment = dict(os.environ) | {"TILLVAULT_DATA_DIR": str(demo.data_dir)}
        runs = [
            subprocess.run(
                [sys.executable, PAGE.with_suffix(".py")],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=240,
            )
            for _ in range(2)
        ]
    finally:
        if demo.process.poll() is None:
            demo.end()
        demo.clean_up()
    shown = re.search(r"```text\n(.*?)```", PAGE.with_suffix(".md").read_text(), re.DOTALL)

    assert shown is not None
    for run in runs:
        assert run.returncode == 0, run.stderr
        assert run.stdout.strip() == shown[1].strip()
