"""The package's own tests under Windows Python 3.9, folder by folder; what needs a terminal or this bench is left aside."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.counting import PATIENCE
from tests.engine.bench import Bench, windows_path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "pytest==8.4.2",
    "pluggy",
    "iniconfig",
    "packaging",
    "exceptiongroup",
    "tomli",
    "colorama",
    "typing_extensions",
    "pygments",
    "prompt_toolkit",
    "wcwidth",
)
ASIDE = {"engine"}  # these need Wine themselves; tests/front/repl needs a terminal
LONG = ("test_bombs", "test_mutations", "test_old_user_dumps", "test_archives")
"""Tests of work for each byte: they do not depend on the system, and counting makes them long under Wine."""
FOLDERS = sorted(path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name not in ASIDE and any(path.glob("test_*.py")))


@pytest.fixture(scope="session")
def packages(bench: Bench) -> Path:
    """Pure Python packages for the Windows interpreter, beside its own so that a debugger session does not see them."""
    folder = bench.root / "suite-packages"
    if (folder / "ready").exists():
        return folder
    wheels = bench.root / "suite-wheels"
    download = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "-d", str(wheels)]
    download += ["--platform", "win_amd64", "--implementation", "py", "--abi", "none", "--python-version", "3.9", *PACKAGES]
    subprocess.run(download, check=True, capture_output=True)
    shutil.rmtree(folder, ignore_errors=True)
    for wheel in wheels.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
    (folder / "ready").touch()
    return folder


@pytest.mark.parametrize("name", FOLDERS)
def test_the_suite_passes_on_windows(bench: Bench, packages: Path, name: str, tmp_path: Path) -> None:
    environment = {
        "PYTHONPATH": ";".join([windows_path(packages), windows_path(ROOT / "extension")]),
        "TEMP": windows_path(tmp_path),
        "TMP": windows_path(tmp_path),
        "PYTHONUTF8": "1",
    }
    words = [
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--tb=short",
        "-o",
        "addopts=--import-mode=importlib",
        "--ignore=tests/front/repl",
        *(f"--ignore=tests/fuzz/{name}.py" for name in LONG),
        f"tests/{name}",
    ]
    done = bench.windows_python(*words, env=environment, cwd=ROOT, timeout=4 * PATIENCE)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    found = re.search(r"(\d+) passed", done.stdout)
    assert found, done.stdout[-500:]
    assert int(found.group(1)) > 0
