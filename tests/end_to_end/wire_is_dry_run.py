# SPDX-License-Identifier: Apache-2.0
"""What `scan --format json --dry-run` shows is what leaves the host (goal S23): a server with the collector's own key
catches the body of `send`, and it is compared, key by key and in order, with the dry run before it. Twice: a first scan,
which is whole, and one of which the collector has most sections already."""
import http.server, json, shutil, ssl, subprocess, sys, threading

from lab import AGENT, Lab, enroll, run

# What time changes between two scans of one host, and the hash over it; everything else must be equal.
CHANGES_WITH_TIME = {"taken_at", "took_ms", "cpu_ms", "peak_memory_bytes", "facts", "uptime_seconds", "load_15min", "process_count",
                     "available_bytes", "swap_free_bytes", "free_bytes", "free_inodes", "data_free_bytes", "last_check_days",
                     "last_update_days"}
TRIES = 8  # a host that works changes: a process ends, memory is freed

if shutil.which("zstd") is None:
    print("skipped: zstd is not installed")
    sys.exit(0)

bodies = []


class Catcher(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    acknowledges = True

    def do_POST(self):
        bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        document = subprocess.run(["zstd", "-dcq"], input=bodies[-1], stdout=subprocess.PIPE, check=True).stdout
        answer = json.dumps({"sequence": json.loads(document)["sequence"], "result": "accepted"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def catch(lab):
    """The collector goes; what takes its place has its key and its port."""
    lab.stop()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", lab.agents_port), Catcher)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(lab.state + "/server.pem", lab.state + "/server.key")
    context.load_verify_locations(lab.state + "/ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def different(dry, wire, path=""):
    """Paths at which two documents differ."""
    if type(dry) is not type(wire):
        return [path]
    if isinstance(dry, dict):
        if list(dry) != list(wire):
            return [path + ": keys " + ", ".join(sorted(set(dry) ^ set(wire)) or ["in another order"])]
        return [d for key in dry if key not in CHANGES_WITH_TIME for d in different(dry[key], wire[key], f"{path}.{key}")]
    if isinstance(dry, list) and len(dry) == len(wire):
        return [d for i, (a, b) in enumerate(zip(dry, wire)) for d in different(a, b, f"{path}[{i}]")]
    return [] if dry == wire else [path]


lab = Lab(agents=0)
state = lab.folder + "/agent"
enroll(lab, state)
catch(lab)


def try_once():
    """A dry run and the body of the send after it."""
    dry = run(AGENT, "scan", "--format", "json", "--dry-run", "--state", state)
    sent = run(AGENT, "send", "--state", state)
    if dry.returncode or sent.returncode:
        return None, None, dry.stdout + sent.stdout
    wire = subprocess.run(["zstd", "-dcq"], input=bodies[-1], stdout=subprocess.PIPE, check=True).stdout.decode()
    return dry.stdout, wire, ""


def sections(document):
    return sorted(json.loads(document)["sections"])


first = try_once()
lab.expect("a dry run and a send end well", first[0] is not None, first[2])
if first[0] is None:
    lab.finish()
everything = sections(run(AGENT, "scan", "--format", "json").stdout)
lab.expect("the first dry run holds every section, and so does the first body", sections(first[0]) == sections(first[1]) == everything,
           f"{sections(first[0])} {sections(first[1])}")

# From here on the collector has the sections: both leave out the same ones.
for number in range(TRIES):
    dry, wire, complaint = try_once()
    paths = different(json.loads(dry), json.loads(wire)) if dry else [complaint]
    if not paths:
        break
lab.expect("the dry run equals the body on the wire, but for what time changes", not paths, "; ".join(paths[:10]))
if dry:
    lab.expect("sections that the collector has are left out of both, which name what they are laid over",
               len(sections(wire)) < len(everything) and len(json.loads(wire)["base"]) == 64, str(sections(wire)))
    lab.expect("the dry run took no number: each send has the next one", json.loads(wire)["sequence"] == len(bodies), str(len(bodies)))
lab.finish()
