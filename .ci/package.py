"""Builds sdist and wheel twice, compares them, checks them, and tries the wheel in an environment of its own.

Run by a Python that has build, setuptools and twine: ``.ci/run`` makes one. What is built lies in ``dist/`` in the end.

``--pythons`` tries the wheel with each supported Python that is found here: ``pythonX.Y`` on PATH, and pyenv's versions.
``--tests`` runs TESTS against the installed wheel, in a tree that has no source of the package.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Dict, Iterator, Optional, Sequence, Tuple

ROOT = Path(__file__).resolve().parents[1]
SUPPORTED = tuple((3, minor) for minor in range(9, 15))
ASKED = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"
TESTS = ("tests/commands", "tests/front/cli", "tests/front/test_fronts.py", "tests/front/test_saving.py", "tests/front/test_spellings.py", "tests/session")
TREE = ("tests", "samples", "scripts", "benchmarks", "docs", "pyproject.toml", "README.md", "CHANGELOG.md")
"""What the tests need besides the package: all but its source."""
NEEDED = ("pytest>=7,<9.2", "pytest-xdist>=3.3", "pyyaml>=6", "jsonschema>=4.18")
FROM = "import dumpscope, pathlib, sys; sys.exit('site-packages' not in pathlib.Path(dumpscope.__file__).parts)"
TRIED = "import dumpscope; import sys; sys.exit(0 if dumpscope.Minidump else 1)"


def run(words: Sequence[str], folder: Path = ROOT, variables: Optional[Dict[str, str]] = None) -> str:
    """Run a program; what it writes is shown if it fails, and returned."""
    done = subprocess.run(list(words), cwd=folder, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", check=False)
    if done.returncode:
        sys.exit(f"{done.stdout}\nfailed with {done.returncode}: {' '.join(words)}")
    return done.stdout


def epoch() -> int:
    """The time that all members get: SOURCE_DATE_EPOCH, else that of the commit."""
    return int(os.environ.get("SOURCE_DATE_EPOCH") or run(["git", "log", "-1", "--format=%ct"]))


def repack(archive: Path, time: int) -> None:
    """Write a ``.tar.gz`` anew so that equal contents give equal bytes: setuptools keeps owners, modes and times of the machine."""
    packed = io.BytesIO()
    with tarfile.open(archive, "r:gz") as old, tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as new:
        for member in sorted(old.getmembers(), key=lambda item: item.name):
            clean = tarfile.TarInfo(member.name)
            clean.type, clean.size, clean.mtime = member.type, member.size, time
            clean.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            new.addfile(clean, old.extractfile(member) if member.isfile() else None)
    with open(archive, "wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=time) as out:
        out.write(packed.getvalue())


def build(out: Path, time: int) -> Dict[str, str]:
    """Build both from a copy of the committed files; returns the SHA-256 of each by name."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        copy(["extension", "pyproject.toml", "README.md", "LICENSE", "docs/dumpscope.1"], tree)
        variables = {**os.environ, "SOURCE_DATE_EPOCH": str(time)}
        run([sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), "."], tree, variables)
    for archive in out.glob("*.tar.gz"):
        repack(archive, time)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(out.iterdir())}


def candidates(version: Tuple[int, int]) -> Iterator[Path]:
    """Where a Python of this version may be: in the folders of PATH, and among the versions of pyenv."""
    name = "python{}.{}".format(*version)
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        found = shutil.which(name, path=folder) if folder else None
        if found:
            yield Path(found)
    root = os.environ.get("PYENV_ROOT", "")
    if not root and shutil.which("pyenv"):
        root = run(["pyenv", "root"]).strip()
    if root:
        yield from sorted((Path(root) / "versions").glob("{}.{}.*/bin/python".format(*version)), reverse=True)


def pythons() -> Dict[Tuple[int, int], Path]:
    """The supported Pythons of this machine that run and can make an environment: the first of each version."""
    found: Dict[Tuple[int, int], Path] = {}
    for version in SUPPORTED:
        for path in candidates(version):
            told = subprocess.run([str(path), "-c", ASKED], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
            if told.returncode == 0 and told.stdout.strip() == "{}.{}".format(*version):
                found[version] = path
                break
    return found


def copy(names: Sequence[str], tree: Path) -> None:
    """Copy files that git knows into another tree."""
    for name in run(["git", "ls-files", "-z", *names]).split("\0"):
        if name and (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)


def test_wheel(wheel: Path, python: Path) -> str:
    """Run TESTS against the wheel, from a tree in which the package's source is not; returns pytest's last line."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        tree = place / "tree"
        copy(TREE, tree)
        (tree / "extension").mkdir()  # empty: some tests start a program there
        run([str(python), "-m", "venv", str(place / "env")], place)
        inside = str(place / "env" / ("Scripts" if os.name == "nt" else "bin") / "python")
        shutil.copy(wheel, place)
        run([inside, "-m", "pip", "install", "-q", f"./{wheel.name}", *NEEDED], place)
        variables = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "DUMPSCOPE_REQUIRE_ENGINE")}
        run([inside, "-c", FROM], tree / "extension", variables)
        told = run([inside, "-m", "pytest", "-q", "-o", "pythonpath=.", "-p", "no:cacheprovider", *TESTS], tree, variables)
        return told.strip().rpartition("\n")[2]


def try_wheel(wheel: Path, python: Path) -> None:
    """Install the wheel into an empty environment of this Python, and use it from a folder that knows nothing of the repository."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        run([str(python), "-m", "venv", str(place / "env")], place)
        scripts = place / "env" / ("Scripts" if os.name == "nt" else "bin")
        shutil.copy(wheel, place)
        shutil.copy(ROOT / "samples" / "article-nohandles.dmp", place)
        run([str(scripts / "python"), "-m", "pip", "install", "-q", f"./{wheel.name}"], place)
        variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        run([str(scripts / "python"), "-c", TRIED], place, variables)
        if not (place / "env" / "share" / "man" / "man1" / "dumpscope.1").is_file():
            sys.exit("the wheel installs no man page")
        for words, wanted in ((["why", "article-nohandles.dmp", "!handle"], "HND002"), (["learn", "1"], "header"), (["--version"], "dumpscope ")):
            told = run([str(scripts / "dumpscope"), *words], place, variables)
            if wanted not in told:
                sys.exit(f"{told}\nthe installed wheel says no {wanted!r} to {words}")


def main() -> None:
    """All of it; ends with exit code 1 and a reason if something is not as it should be."""
    parser = argparse.ArgumentParser(description="Build, compare and check the packages, and try the wheel.")
    parser.add_argument("--pythons", action="store_true", help="try the wheel with every supported Python that is found here")
    parser.add_argument("--tests", action="store_true", help="run a part of the tests against the installed wheel")
    args = parser.parse_args()
    time = epoch()
    out = ROOT / "dist"
    shutil.rmtree(out, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        first, second = build(out, time), build(Path(folder), time)
    if first != second:
        sys.exit(f"two builds differ:\n{first}\n{second}")
    files = sorted(out.iterdir())
    run([sys.executable, "-m", "twine", "check", "--strict", *map(str, files)])
    wheel = next(path for path in files if path.suffix == ".whl")
    chosen = pythons() if args.pythons else {}
    mine = (sys.version_info[0], sys.version_info[1])
    chosen.setdefault(mine, Path(sys.executable))
    for version, python in sorted(chosen.items()):
        try_wheel(wheel, python)
        sys.stdout.write("the wheel works in Python {}.{}: {}\n".format(*version, python))
    if args.tests:
        sys.stdout.write(f"tests against the installed wheel: {test_wheel(wheel, Path(sys.executable))}\n")
    missing = [version for version in SUPPORTED if version not in chosen]
    if args.pythons and missing:
        sys.stdout.write("not tried, as there is none here: Python {}\n".format(", ".join("{}.{}".format(*version) for version in missing)))
    for name, digest in first.items():
        sys.stdout.write(f"{digest}  {name}\n")


if __name__ == "__main__":
    main()
