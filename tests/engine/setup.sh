#!/usr/bin/env bash
# setup.sh: Microsoft's debugger engine (dbgeng 10.0.15063), pykd, and a Windows Python 3.9 to run both, under Wine on Debian x86-64.
# Everything comes from the package registries by name; nothing of it is kept in the repository. Run again, it redoes only what is missing.
#   engine/    dbgeng.dll and its companions + probe.exe      from the pykd 0.3.4.15 wheel
#   engine63/  dbgeng.dll, dbghelp.dll 6.3.9600 + probe.exe   from the pykd 0.3.2.0 wheel (this dbghelp still has MiniDumpWriteDump)
#   python/    CPython 3.9 for Windows with pykd              from the panda3d wheel (python39.dll, *.pyd) and Debian 11's libpython3.9 (Lib)
#   prefix/    the Wine prefix; C:\demo holds target.exe, a process with many kinds of handles
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=${DUMPSCOPE_ENGINE_DIR:-$HOME/.cache/dumpscope-engine}
mkdir -p "$root"
root=$(cd "$root" && pwd)
wine=/usr/lib/wine/wine64
say() { printf '%s\n' "$*"; }

exec 9>"$root/setup.lock"
flock 9  # two runs at once: the second waits and then finds everything done
cd "$root"
mkdir -p wheels engine engine63 python/DLLs python/Lib/site-packages work answers

if ! { command -v x86_64-w64-mingw32-gcc && command -v unzip && [ -x "$wine" ]; } >/dev/null; then
  say "installing Wine and the cross compiler"
  if [ "$(id -u)" != 0 ]; then say "not root: install wine64, gcc-mingw-w64-x86-64-win32 and unzip first"; exit 1; fi
  apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends wine64 gcc-mingw-w64-x86-64-win32 unzip >/dev/null
fi

fetch() { # fetch NAME VERSION PYTHON [ABI]: one Windows wheel
  if ! ls "wheels/$1-$2"-*.whl >/dev/null 2>&1; then
    say "fetching $1 $2"
    python3 -m pip download -q --disable-pip-version-check --no-deps --only-binary=:all: --platform win_amd64 --implementation cp --python-version "$3" ${4:+--abi "$4"} -d wheels "$1==$2"
  fi
}
fetch pykd 0.3.4.15 3.9 none
fetch pykd 0.3.2.0 3.6 none
fetch panda3d 1.10.16 3.9

if ! ls wheels/libpython3.9-stdlib_*.deb >/dev/null 2>&1; then
  say "fetching the standard library of Python 3.9"
  # Debian 11, from the mirror that this machine already uses
  mirror=$(apt-get indextargets --format '$(SITE)' | grep -v security | grep debian | sort -u | head -1)
  mkdir -p apt/lists/partial apt/archives/partial
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bullseye main" > apt/bullseye.list
  options=(-o Dir::Etc::SourceList="$root/apt/bullseye.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$root/apt/lists" -o Dir::Cache::archives="$root/apt/archives" -o APT::Get::List-Cleanup=0 -o APT::Sandbox::User=root)
  apt-get "${options[@]}" -q update >/dev/null
  (cd wheels && apt-get "${options[@]}" -q download libpython3.9-stdlib libpython3.9-minimal >/dev/null)
fi

if [ ! -e python/ready ]; then
  say "unpacking"
  unzip -qoj wheels/pykd-0.3.4.15-*.whl 'pykd/*.dll' -d engine
  unzip -qoj wheels/pykd-0.3.2.0-*.whl 'pykd/*.dll' -d engine63
  unzip -qo wheels/pykd-0.3.4.15-*.whl -d python/Lib/site-packages
  unzip -qo wheels/panda3d-*.whl 'deploy_libs/*' -d python
  rm -rf unpacked
  for package in wheels/*.deb; do dpkg-deb -x "$package" unpacked; done
  # some links of the package lead to files of other packages: those are not needed
  cp -rL unpacked/usr/lib/python3.9/. python/Lib/ 2>/dev/null || true
  rm -rf python/Lib/lib-dynload python/Lib/config-3.9* unpacked
  (cd python/deploy_libs && rm -f api-ms-win-crt-*.dll t?l86t.dll tk86t.dll _tkinter.pyd
   mv -f ./*.pyd libffi-7.dll libcrypto-1_1.dll libssl-1_1.dll sqlite3.dll ../DLLs/ && mv -f ./* ..)
  rmdir python/deploy_libs
  touch python/ready
fi

export WINEPREFIX=$root/prefix WINEDEBUG=-all
if [ ! -e prefix/system.reg ]; then
  say "making the Wine prefix"
  WINEDLLOVERRIDES='mscoree,mshtml=' timeout 300 "$wine" wineboot -i >/dev/null 2>&1 || true
  timeout 100 /usr/lib/wine/wineserver -w 2>/dev/null || true
  [ -e prefix/system.reg ] || { say "Wine could not make its prefix"; exit 1; }
fi

build() { # build OUTPUT SOURCE [OPTION...]: compiled only when the source is newer
  if [ ! -e "$1" ] || [ "$here/src/$2" -nt "$1" ]; then
    say "compiling $2"
    x86_64-w64-mingw32-gcc -O1 -w -o "$1.new" "$here/src/$2" "${@:3}"
    mv -f "$1.new" "$1"
  fi
}
mkdir -p prefix/drive_c/demo prefix/drive_c/dumps
build engine/probe.exe probe.c
build engine63/probe.exe probe.c
build prefix/drive_c/demo/target.exe target.c -g
build python/python.exe pyhost.c -municode
build python/mscoree.dll mscoree_stub.c -shared
cp -u python/mscoree.dll python/Lib/site-packages/pykd/
say "the engine is ready in $root"
