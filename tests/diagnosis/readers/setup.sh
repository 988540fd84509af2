#!/usr/bin/env bash
# setup.sh: readers of minidumps that are not ours, to judge `why --readers` by, from the package registries by name. Run again: only what is missing.
#   python/   PyPI's minidump and udmp-parser, and LLDB (lldb-for-pwndbg), for Python 3.10 or later
#   breakpad/ minidump_stackwalk and minidump_dump of the npm package minidump (Linux, x86-64)
set -euo pipefail
root=${DUMPSCOPE_READERS_DIR:-$HOME/.cache/dumpscope-readers}
python=${PYTHON:-python3}
mkdir -p "$root"
cd "$root"
exec 9>setup.lock
flock 9
if [ ! -e python/ready ]; then
  "$python" -m venv python
  python/bin/python -m pip install -q --disable-pip-version-check minidump==0.0.24 udmp-parser==0.7.0 lldb-for-pwndbg==23.1.0.post2
  touch python/ready
fi
if [ ! -e breakpad/ready ]; then
  command -v npm >/dev/null || { echo "npm is not installed: Breakpad's readers are not there"; exit 0; }
  rm -rf package ./*.tgz
  npm pack --silent minidump@0.26.0 >/dev/null
  mkdir -p breakpad
  tar xzf minidump-0.26.0.tgz -C breakpad --strip-components=3 package/bin/linux-x64
  chmod +x breakpad/minidump_*
  touch breakpad/ready
fi
echo "the readers are ready in $root"
