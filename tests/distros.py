# SPDX-License-Identifier: GPL-2.0-only
"""The rig where its users are: what make demo, the quick suite and the findings come to elsewhere.

    make check-distros [DISTROS='bookworm trixie sid']

Two kinds of rows: this machine's kernels under another Debian's QEMU (no root: tests/fetch-qemu),
and another Debian from nothing, with its own compiler and kernels: a fresh root (debootstrap, so
root), in it a user who is not root and may say sudo, and a clone of what is committed here.  Roots
are kept in $XDG_CACHE_HOME/racerig/distros.  bookworm+kernels: that root, with this machine's builds
of the demo's kernels in its cache; they are used if their key, so source and compiler, is the
same there.  sid is reported and never decides the exit code:
0 as expected, 1 not, 77 when nothing that decides could be run.  DISTROS may name QEMUs, too:
qemu-trixie.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, List, NamedTuple, Optional

TOP = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "racerig" / "distros"
OUT = TOP / "racerig-runs" / "distros"
QEMUS = ("trixie", "trixie-backports", "sid")
DISTROS = ("bookworm", "trixie", "sid")
NO_GATE = "sid"
FINDINGS = ("lost-write",)
#: What `make demo` leaves.
DEMO = ("fault-vs-alloc-stock", "fault-vs-alloc-scratch-plain-store")
#: Tests that take a minute, beside style, layers and unit tests.
TESTS = ("unit", "input", "guest", "clock")
KERNELS = ("stock", "scratch-plain-store")
USER = "user"
HOME = Path("home", USER)


class Row(NamedTuple):
    where: str
    qemu: str
    compiler: str
    what: str
    result: str
    good: Optional[bool]  #: None: not run


def run(log: Path, *words: Any, **kwargs: Any) -> int:
    with open(log, "a") as file:
        print("+", *words, file=file, flush=True)
        return subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=file,
                              stderr=subprocess.STDOUT, **kwargs).returncode


def of_suite(where: str, what: str, out: Path, code: int, log: Path) -> Row:
    """A suite's folder as one row."""
    table = out / "suite.json"
    if not table.exists():
        return Row(where, "-", "-", what, f"exit code {code}, see {log}", False)
    rows = json.loads(table.read_text())["rows"]
    done = [row for row in rows if not row["skipped"]]
    off = [f"{row['scenario']} on {row['kernel']}: {row['verdict']}" for row in done
           if not row["as_expected"]]
    said = [json.loads(path.read_text())["environment"] for path in out.glob("runs/*/*/verdict.json")]
    qemu, compiler = (", ".join(sorted({str(one.get(key, "-")) for one in said})) or "-"
                      for key in ("qemu", "compiler"))
    result = f"{len(done) - len(off)} of {len(done)} as expected, {len(rows) - len(done)} skipped"
    if what != "quick":
        result += ": " + ", ".join(" ".join([row["verdict"], *row["invariants"]]) for row in done)
    return Row(where, qemu, compiler, what, "; ".join([result, *off]), code == 0 and bool(done))


def of_run(where: str, what: str, out: Path, code: int, log: Path) -> Row:
    """A run folder as one row."""
    if not (out / "verdict.json").exists():
        return Row(where, "-", "-", what, f"exit code {code}, see {log}", False)
    verdict = json.loads((out / "verdict.json").read_text())
    found = sorted({violation["invariant"] for violation in verdict["violations"]})
    return Row(where, verdict["environment"]["qemu"], verdict["environment"].get("compiler", "-"), what,
               " ".join([verdict["verdict"], *found, f"({verdict['executed']} schedules)"]), code == 0)


def under_qemu(suite: str) -> List[Row]:
    """This machine's rig and kernels, that suite's QEMU."""
    where = f"this machine, QEMU of {suite}"
    log = OUT / f"qemu-{suite}.log"
    fetched = subprocess.run([TOP / "tests" / "fetch-qemu", suite], capture_output=True, text=True)
    if fetched.returncode:
        why = (fetched.stderr.splitlines() or ["fetch-qemu failed"])[-1]
        return [Row(where, "-", "-", "all", f"not run: {why}", None)]
    rows = []
    for what, words in (("quick", ["--group", "quick"]),
                        *((name, ["--scenario", name, "--kernel", "stock"]) for name in FINDINGS)):
        out = OUT / f"qemu-{suite}" / what
        code = run(log, TOP / "build" / "racerig", "suite", *words, "--jobs", os.cpu_count() or 1,
                   "--out", out, "--qemu", fetched.stdout.strip(), cwd=TOP)
        rows.append(of_suite(where, what, out, code, log))
    return rows


def mirror() -> str:
    """The one that this machine's apt uses."""
    script = '. guest-kernel/apt; die() { echo "$*" >&2; exit 2; }; apt_find; echo "$mirror"'
    return subprocess.run(["sh", "-c", script], cwd=TOP, capture_output=True, text=True,
                          check=True).stdout.strip()


def make_root(suite: str, log: Path) -> Optional[str]:
    """The root of a fresh @suite with a clone of this checkout; or why there is none."""
    root = CACHE / suite
    if not (root / "complete").exists():
        shutil.rmtree(root, ignore_errors=True)
        CACHE.mkdir(parents=True, exist_ok=True)
        if run(log, "debootstrap", "--variant=minbase",
               "--include=ca-certificates,gcc,git,make,python3,sudo", suite, root, mirror()):
            return f"debootstrap failed, see {log}"
        if run(log, "chroot", root, "useradd", "-m", "-s", "/bin/bash", USER):
            return f"useradd failed, see {log}"
        (root / "etc/sudoers.d" / USER).write_text(f"{USER} ALL=(ALL) NOPASSWD: ALL\n")
        (root / "complete").touch()
    # It reaches, and trusts, what this machine does.
    for name in ("etc/resolv.conf", "etc/hosts", "etc/pip.conf", "etc/ssl/certs/ca-certificates.crt"):
        if Path("/", name).exists():
            shutil.copy(Path("/", name), root / name)
    # A clean clone each time; what it built is in its cache.
    clone = root / HOME / "racerig"
    shutil.rmtree(clone, ignore_errors=True)
    if run(log, "git", "clone", "-q", "--no-hardlinks", TOP, clone) or \
            run(log, "chroot", root, "chown", "-R", f"{USER}:", Path("/", HOME, "racerig")):
        return f"no clone, see {log}"
    return None


def share_kernels(root: Path, log: Path) -> None:
    """This machine's builds, copied, and its sources, linked and only read, in the user's cache."""
    cache, theirs = CACHE.parent, root / HOME / ".cache" / "racerig"
    status = subprocess.run([TOP / "guest-kernel" / "build", "--status", *KERNELS], check=True,
                            capture_output=True, text=True).stdout
    for folder in ("builds", "sources"):
        (theirs / folder).mkdir(parents=True, exist_ok=True)
    for line in status.splitlines():
        build = cache / "builds" / line.split()[1]
        source = cache / "sources" / json.loads((build / "kernel.json").read_text())["source"]
        if not (theirs / "builds" / build.name / "kernel.json").exists():
            run(log, "cp", "-r", build, theirs / "builds")
        there = theirs / "sources" / source.name
        if not (there / "complete").exists():
            shutil.rmtree(there, ignore_errors=True)
            there.mkdir()
            run(log, "cp", "-al", source / "linux", there)
            (there / "complete").touch()
    # Not what is linked: those are this machine's files.
    run(log, "chroot", root, "sh", "-c", f"cd /{HOME} && chown {USER}: .cache .cache/racerig "
        f".cache/racerig/* .cache/racerig/sources/* && chown -R {USER}: .cache/racerig/builds")


def inside(root: Path, log: Path, *words: str) -> int:
    """In the root, as the user, with mounts and processes that end with the command."""
    script = ('mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" || exit 2; root=$1; shift; '
              f'exec chroot --userspec={USER}:{USER} "$root" /usr/bin/env -C /{HOME}/racerig '
              'PATH=/usr/local/bin:/usr/bin:/bin "$@"')
    env = {**os.environ, "HOME": f"/{HOME}", "USER": USER, "LOGNAME": USER, "LC_ALL": "C.UTF-8",
           "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    for name in ("XDG_CACHE_HOME", "RACERIG_QEMU", "RACERIG_DATA", "RACERIG_PYTHON", "MAKEFLAGS", "MAKELEVEL"):
        env.pop(name, None)
    return run(log, "unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script, "sh",
               root, *words, env=env)


def tests_inside(where: str, root: Path, log: Path) -> Row:
    """Style, layers, unit tests and the quick ones of pytest, as one row."""
    code = inside(root, log, "make", "check-style", "check-layers", "unit-tests")
    if code:
        return Row(where, "-", "-", "tests", f"make check-style check-layers unit-tests: exit code {code}", False)
    code = inside(root, log, f"/{HOME}/.cache/racerig/venv/bin/python", "-m", "pytest", "-q", "-rs",
                  "analysis/tests", *(f"tests/test_{name}.py" for name in TESTS))
    said = [line for line in log.read_text(errors="replace").splitlines() if line.strip("= ")][-1]
    return Row(where, "-", "-", "tests", said.strip("= "), code == 0)


def in_root(name: str) -> List[Row]:
    """Another Debian from nothing, or with this machine's kernels."""
    suite, _, shared = name.partition("+")
    where = f"{suite}, this machine's kernels" if shared else f"{suite} from nothing"
    log = OUT / f"{name}.log"
    if os.geteuid() != 0:
        return [Row(where, "-", "-", "all", "not run: debootstrap needs root", None)]
    if not shutil.which("debootstrap"):
        return [Row(where, "-", "-", "all", "not run: no debootstrap (package debootstrap)", None)]
    why = make_root(suite, log)
    if why:
        return [Row(where, "-", "-", "root", why, False)]
    root = CACHE / suite
    if shared:
        share_kernels(root, log)
    runs = root / HOME / "racerig" / "racerig-runs"
    code = inside(root, log, "make", "demo")
    rows = [of_run(where, f"demo: {name}", runs / name, code, log) for name in DEMO]
    if code:
        return rows
    code = inside(root, log, "build/racerig", "suite", "--group", "quick", "--jobs", str(os.cpu_count()))
    rows.append(of_suite(where, "quick", runs / "suite", code, log))
    for name in FINDINGS:
        code = inside(root, log, "build/racerig", "explore", name)
        rows.append(of_run(where, name, runs / f"{name}-stock", code, log))
    rows.append(tests_inside(where, root, log))
    return rows


def table(rows: List[Row]) -> str:
    head = ("where", "QEMU", "compiler", "what", "result", "as expected")
    words = {True: "yes", False: "NO", None: "-"}
    cells = [head, *((*row[:5], words[row.good]) for row in rows)]
    return "\n".join(["| " + " | ".join(cells[0]) + " |", "|" + " --- |" * len(head),
                      *("| " + " | ".join(line) + " |" for line in cells[1:])])


def main(names: List[str]) -> int:
    OUT.mkdir(parents=True, exist_ok=True)
    rows: List[Row] = []
    if subprocess.run(["git", "diff", "--quiet", "HEAD"], cwd=TOP).returncode:
        print("distros: what is not committed here is not in the clones", file=sys.stderr)
    for name in names or [*(f"qemu-{suite}" for suite in QEMUS), *DISTROS]:
        suite = name[len("qemu-"):] if name.startswith("qemu-") else ""
        rows += under_qemu(suite) if suite else in_root(name)
    text = table(rows)
    (OUT / "table.md").write_text(text + "\n")
    print(text)
    gates = [row.good for row in rows if NO_GATE not in row.where.split() and row.good is not None]
    return 77 if not gates else 0 if all(gates) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
