# The Autobahn test suite as a differential test: each case must go through the proxy exactly as it
# goes without it, whatever the peer makes of it.
#
#   autobahn.py install FOLDER                       FOLDER: where the suite is put
#   autobahn.py run FOLDER MODULES WIRETAPE CASE…    MODULES: where npm `ws` is; CASE: as in `1.*`
#
# The suite is written in Python 2, so it runs on Jython (a Debian package). What Jython can't do is
# patched in the installed copy: Twisted's module proxies, its SAX property, and TLS.

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent

PYTHON_2_WHEELS = [
    "Automat==20.2.0", "Jinja2==2.11.3", "MarkupSafe==1.1.1", "PyHamcrest==1.9.0", "Twisted==20.3.0", "attrs==21.4.0",
    "constantly==15.1.0", "hyperlink==21.0.0", "idna==2.10", "incremental==22.10.0",
    "setuptools==44.1.1", "six==1.16.0", "typing==3.10.0.0", "zope.interface==4.7.2",
]
SOURCES = ["autobahn==0.10.9", "txaio==2.1.0", "autobahntestsuite==25.10.1"]

# What of a case's result must be the same. Times, ports and sizes of single reads may differ.
COMPARED = [
    "behavior", "behaviorClose", "closedByMe", "droppedByMe", "expected", "expectedClose",
    "failedByMe", "localCloseCode", "localCloseReason", "received", "remoteCloseCode",
    "remoteCloseReason", "rxFrameStats", "txFrameStats", "wasClean", "wasCloseHandshakeTimeout",
    "wasNotCleanReason", "wasOpenHandshakeTimeout", "wasServerConnectionDropTimeout",
]


def install(folder):
    site = folder / "site"
    if (folder / "installed").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-compile",
           "--ignore-requires-python", "--target", site]
    python_2 = ["--only-binary=:all:", "--python-version", "27", "--implementation", "cp",
                "--abi", "cp27mu", "--platform", "manylinux1_x86_64"]
    subprocess.run([*pip, *python_2, *PYTHON_2_WHEELS], check=True)
    # These come as sources, which today's Python can pack although it can't run them.
    subprocess.run([*pip, "--no-build-isolation", *SOURCES], check=True)
    patch(site)
    (folder / "installed").touch()


def patch(site):
    (site / "zope" / "__init__.py").touch()
    edit(site / "twisted/__init__.py", lambda text: text[:text.index("from incremental")])
    edit(site / "twisted/python/deprecate.py", lambda text: text +
         "\n\ndef deprecatedModuleAttribute(*arguments):\n    pass\n")
    edit(site / "twisted/web/template.py", lambda text: text.replace(
        "    parser.setProperty(handler.property_lexical_handler, s)", "    pass"))
    suite = site / "autobahntestsuite"
    edit(suite / "wstest.py", lambda text: text.replace("\nimport serializer", "\nserializer = None"))
    edit(suite / "fuzzing.py", lambda text: text.replace(
        "import reactor, ssl", "import reactor").replace(
        "ssl.ClientContextFactory()", "None"))


def edit(path, change):
    before = path.read_text(encoding="utf-8")
    after = change(before)
    assert after != before, f"nothing to patch in {path}"
    path.write_text(after, encoding="utf-8")


class Line:
    """A process whose lines are JSON."""

    def __init__(self, *command):
        self.process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)

    def wait_for(self, name):
        for line in self.process.stdout:
            value = json.loads(line)
            if name in value:
                # Nobody needs the rest, but a pipe that fills up would hold its writer up.
                threading.Thread(target=self.process.stdout.read, daemon=True).start()
                return value[name]
        raise SystemExit(f"{self.process.args[0]} ended without saying {name!r}")

    def end(self):
        self.process.terminate()
        return self.process.wait(timeout=60)


def wstest(folder, mode, spec, outdir):
    """Starts the suite; its reports go below `outdir`."""
    path = Path(outdir) / f"{mode}.json"
    path.write_text(json.dumps({**spec, "exclude-cases": [], "exclude-agent-cases": {}}))
    site, suite = folder / "site", folder / "site/autobahntestsuite"
    start = (f"import sys; sys.path[:0] = [{str(site)!r}, {str(suite)!r}]; "
             f"sys.argv[1:] = ['-m', {mode!r}, '-s', {str(path)!r}, '-u', '0']; "
             "from autobahntestsuite.wstest import run; run()")
    program = Path(outdir) / f"{mode}.py"
    program.write_text(start)
    log = open(Path(outdir) / f"{mode}.log", "w", encoding="utf-8")
    return subprocess.Popen(["jython", str(program)], stdout=log, stderr=log)


def results(outdir, agent):
    found = {}
    for path in Path(outdir).glob(f"{agent}_case_*.json"):
        result = json.loads(path.read_text(encoding="utf-8"))
        found[result["id"]] = {name: result.get(name) for name in COMPARED}
    return found


def fuzz_servers(folder, work, urls, cases):
    """The suite as client, against each server in turn."""
    spec = {"outdir": f"{work}/servers", "cases": cases,
            "servers": [{"agent": agent, "url": url} for agent, url in urls.items()]}
    wstest(folder, "fuzzingclient", spec, work).wait(timeout=7200)
    return {agent: results(f"{work}/servers", agent) for agent in urls}


def fuzz_clients(folder, work, modules, port, urls, cases):
    """The suite as server; `ws` comes as client by each way."""
    spec = {"outdir": f"{work}/clients", "cases": cases, "url": f"ws://127.0.0.1:{port}"}
    suite = wstest(folder, "fuzzingserver", spec, work)
    try:
        for agent, url in urls.items():
            client = ["node", HERE / "autobahn_client.mjs", modules, url, agent]
            subprocess.run([str(part) for part in client], check=True, timeout=7200)
        return {agent: results(f"{work}/clients", agent) for agent in urls}
    finally:
        suite.terminate()
        suite.wait(timeout=60)


def compare(what, found):
    """True if no case differs. On Jython the suite now and then keeps no result of a case that it
    served, with and without a proxy alike: such a case is counted, not compared."""
    direct, through = found["direct"], found["through"]
    both = sorted(direct.keys() & through.keys())
    differing = 0
    for case in both:
        left, right = direct[case], through[case]
        if left != right:
            differing += 1
            shown = {name: [left[name], right[name]] for name in COMPARED if left[name] != right[name]}
            print(f"  {what} {case} differs: {json.dumps(shown)[:600]}")
    verdicts = [f"{result['behavior']}/{result['behaviorClose']}" for result in direct.values()]
    tally = {verdict: verdicts.count(verdict) for verdict in sorted(set(verdicts))}
    print(f"{what}: {len(both)} cases compared, {differing} differ; "
          f"{len(direct)} had a result without the proxy, {len(through)} through it; {tally}")
    missing = len(direct.keys() | through.keys()) - len(both)
    return differing == 0 and len(both) > 10 * missing


def run(folder, modules, wiretape, cases):
    work = tempfile.mkdtemp(prefix="autobahn-")
    record = [wiretape, "record", "--json", "--listen", "127.0.0.1:0", "--dir", f"{work}/recordings"]
    started = time.monotonic()

    server = Line("node", HERE / "ws_server.mjs", modules, '{"threshold":0}')
    port = server.wait_for("port")
    proxy = Line(*record, f"ws://127.0.0.1:{port}")
    urls = {"direct": f"ws://127.0.0.1:{port}", "through": proxy.wait_for("listen")}
    same = compare("suite as client", fuzz_servers(folder, work, urls, cases))
    same &= proxy.end() == 0
    server.end()
    print(f"  {time.monotonic() - started:.0f} s")

    started = time.monotonic()
    port = free_port()
    # The suite refuses a Host that names another port than its own.
    proxy = Line(*record, "--host", "upstream", f"ws://127.0.0.1:{port}")
    urls = {"direct": f"ws://127.0.0.1:{port}", "through": proxy.wait_for("listen")}
    same &= compare("suite as server", fuzz_clients(folder, work, modules, port, urls, cases))
    same &= proxy.end() == 0
    print(f"  {time.monotonic() - started:.0f} s")
    if same:
        shutil.rmtree(work)
    else:
        print(f"reports, logs and recordings: {work}")
    return same


def free_port():
    import socket
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


if __name__ == "__main__":
    if sys.argv[1] == "install":
        install(Path(sys.argv[2]).resolve())
    else:
        folder, modules, wiretape, *cases = sys.argv[2:]
        os.environ.setdefault("JAVA_TOOL_OPTIONS", "-Xss8m")
        sys.exit(0 if run(Path(folder).resolve(), modules, wiretape, cases) else 1)
