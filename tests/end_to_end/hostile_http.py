# SPDX-License-Identifier: Apache-2.0
"""Hostile bytes over both real listeners (goals S7, S8, S9): each gets the answer it deserves, ends at most its own
connection, is never served as a second request, and does not make the collector swell."""
import json, shutil, subprocess

from lab import AGENT, COLLECTOR, Lab, agent_tls, enroll, forget_memory_peak, memory_kib, people_tls, raw, run, statuses, wait_for

MOST_RISE_KIB = 32 * 1024
lab = Lab(agents=0)
state = lab.folder + "/agent"
enroll(lab, state)
done = run(AGENT, "send", "--state", state)
lab.expect("a true scan is taken", done.returncode == 0, done.stdout)
agents, people = agent_tls(lab, state), people_tls(lab)
host_id = json.load(open(state + "/identity.json"))["host_id"]


def request(method, target, *headers, body=b"", host="Host: 127.0.0.1"):
    lines = [f"{method} {target} HTTP/1.1", *([host] if host else []), *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def answers(name, port, context, sent, allowed, most=1):
    """Its first answer is one of these, and nothing that was smuggled behind it is answered."""
    said = raw(context, port, sent)
    codes = statuses(said)
    lab.expect(name, (not codes and 0 in allowed) or (codes and codes[0] in allowed and len(codes) <= most), f"{codes} {said[:300]!r}")
    lab.expect(name + ": the collector still answers", statuses(raw(people, lab.people_port, request("GET", "/healthz", "Connection: close"))) == [200])


# An answer to this would be a smuggled one.
smuggled = request("GET", "/login", "Connection: close")
chunked = b"0\r\n\r\n"
for where, port, context in (("people", lab.people_port, people), ("agents", lab.agents_port, agents)):
    def check(name, sent, allowed, most=1):
        answers(f"{where}: {name}", port, context, sent, allowed, most)
    check("a length and chunks at once", request("POST", "/login", "Content-Length: 5", "Transfer-Encoding: chunked", body=chunked + smuggled), {400})
    check("chunks and a length at once", request("POST", "/login", "Transfer-Encoding: chunked", "Content-Length: 5", body=chunked + smuggled), {400})
    check("two lengths", request("POST", "/login", "Content-Length: 5", "Content-Length: 6", body=b"a=b&c=" + smuggled), {400})
    # RFC 9110, 8.6: may be refused or taken as one; what stands behind five bytes is then a request of its own.
    check("two equal lengths in one line", request("POST", "/login", "Content-Length: 5, 5", body=b"a=b&c" + smuggled), {400, 403, 404}, most=2)
    check("a length with a sign", request("POST", "/login", "Content-Length: +5", body=b"a=b&c" + smuggled), {400})
    check("a length beyond 64 bits", request("POST", "/login", "Content-Length: 18446744073709551621", body=b"a=b&c" + smuggled), {400, 413})
    check("a coding nobody knows", request("POST", "/login", "Transfer-Encoding: xchunked", body=chunked + smuggled), {400, 501})
    check("chunks named twice", request("POST", "/login", "Transfer-Encoding: chunked, chunked", body=chunked + smuggled), {400, 501})
    check("a chunk size with an overflow", request("POST", "/login", "Transfer-Encoding: chunked", body=b"fffffffffffffffff\r\na" + smuggled), {400, 413})
    check("a folded header", request("POST", "/login", "Transfer-Encoding:\r\n chunked", "Content-Length: 5", body=chunked + smuggled), {400})
    check("a blank before the colon", request("POST", "/login", "Transfer-Encoding : chunked", "Content-Length: 5", body=chunked + smuggled), {400})
    check("lines that end in LF alone", b"POST /login HTTP/1.1\nHost: a\nContent-Length: 4\nTransfer-Encoding: chunked\n\n" + chunked + smuggled, {400, 0})
    check("no host", request("GET", "/healthz", "Connection: close", host=None), {400})
    check("two hosts", request("GET", "/healthz", "Host: other", "Connection: close"), {400})
    check("a header of 9 KB", request("GET", "/healthz", "X-Large: " + "a" * 9216, "Connection: close"), {431, 400})
    check("9,000 headers", request("GET", "/healthz", *["a: b"] * 9000, "Connection: close"), {431, 400})
    check("a target of 9 KB", request("GET", "/" + "a" * 9216, "Connection: close"), {400, 414, 431})
    check("a NUL in a header", request("GET", "/healthz", "X-A: a\0b", "Connection: close"), {400})
    check("HTTP/2's preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505, 0})
    check("HTTP/0.9", b"GET /\r\n\r\n", {400, 0})
    check("garbage", bytes(range(256)) * 8, {400, 0})
    check("garbage behind a good request", request("GET", "/healthz") + b"\x00\xffGARBAGE\r\n\r\n" + smuggled, {200}, most=2)
    for escape in ("%", "%2", "%zz", "%00", "%2e%2e/", "..%2f", "%2F", "%5c", "..", "a//b", "%c0%ae", "\x01", "%0d%0aX: y"):
        target = "/hosts/" + escape
        check(f"the target {target!r}", request("GET", target, "Connection: close"), {400, 401, 404, 302, 303, 405})
many = raw(people, lab.people_port, request("GET", "/healthz") * 50 + request("GET", "/login", "Connection: close"))
lab.expect("51 requests at once get 51 answers, in order", statuses(many) == [200] * 51, str(statuses(many)))

# Bodies of an agent that is enrolled and means ill.
scans = ["POST", "/v1/scans", "Content-Type: application/zstd", "Connection: close"]
document = json.loads(subprocess.run([AGENT, "scan", "--format", "json"], stdout=subprocess.PIPE, check=True).stdout)
document.update(host_id=host_id, sequence=2)


def sent_as_agent(name, body, allowed, context=agents):
    answers("a body: " + name, lab.agents_port, context, request(*scans, f"Content-Length: {len(body)}", body=body), allowed)


def stored():
    with lab.store() as store:
        return store.execute("SELECT count(*) FROM scans").fetchone()[0]


if shutil.which("zstd") is None:
    print("skipped: compressed bodies (zstd is not installed)")
    lab.finish()


def zstd(text, *options):
    return subprocess.run(["zstd", "-qc", *options], input=text if isinstance(text, bytes) else text.encode(), stdout=subprocess.PIPE, check=True).stdout


plain = json.dumps(document)
forget_memory_peak(lab.collector.pid)
before, count = memory_kib(lab.collector.pid, "VmRSS"), stored()
bomb = zstd(b" " * (512 << 20), "-19", "--long=23")
for _ in range(8):
    sent_as_agent(f"a bomb, {len(bomb)} bytes that become 512 MiB", bomb, {413})
sent_as_agent("a bomb inside a document", zstd(b'{"a":"' + b"a" * (64 << 20) + b'"}'), {413, 400})
sent_as_agent("two frames", zstd(plain) + zstd(plain), {400})
sent_as_agent("a window of 64 MiB", b"\x28\xb5\x2f\xfd\x00\x80" + b"\x00" * 16, {400, 413})
sent_as_agent("a frame cut short", zstd(plain)[:-9], {400})
sent_as_agent("no zstd at all", plain.encode(), {400})
sent_as_agent("nothing", b"", {400})
answers("a body of 5 MiB is refused before it is read", lab.agents_port, agents, request(*scans, "Content-Length: 5242880"), {413})
answers("5 MiB in chunks", lab.agents_port, agents,
        request(*scans, "Transfer-Encoding: chunked", body=b"100000\r\n" + b"a" * 0x100000 + b"\r\n"
                + (b"100000\r\n" + b"a" * 0x100000 + b"\r\n") * 4 + b"0\r\n\r\n"), {413})
answers("a body of another kind", lab.agents_port, agents, request("POST", "/v1/scans", "Content-Type: application/gzip", "Connection: close",
        f"Content-Length: {len(plain)}", body=plain.encode()), {415})
for name, text in {
    "depth 5,000": "[" * 5000, "a number beyond all": plain[:-1] + ',"x":1e400}',
    "NaN": plain[:-1] + ',"x":NaN}', "a key twice": plain[:-1] + ',"schema":1}', "bad UTF-8": plain.encode()[:-1] + b',"x":"\xff"}',
    "an escaped NUL": plain[:-1] + ',"x":"\\u0000"}', "half a surrogate pair": plain[:-1] + ',"x":"\\ud800"}', "300,000 values": "[" + "1," * 300000 + "1]",
    "a string of 70 KB": plain[:-1] + ',"x":"' + "a" * 70000 + '"}', "text behind the document": plain + "{}", "a list for a document": "[]",
    "an integer where a name belongs": json.dumps({**document, "host_id": 7}), "a negative sequence": json.dumps({**document, "sequence": -1}),
    "a sequence past 64 bits": plain.replace('"sequence": 2', '"sequence": 18446744073709551616'), "sections as a list": json.dumps({**document, "sections": []}),
}.items():
    sent_as_agent("JSON with " + name, zstd(text), {400})
sent_as_agent("of another host", zstd(json.dumps({**document, "host_id": "0" * 32})), {403})
sent_as_agent("of no host", zstd(json.dumps({**document, "host_id": ""})), {400, 403})
sent_as_agent("without a certificate", zstd(plain), {401}, context=people)
lab.expect("none of these was stored", stored() == count, f"{count} before, {stored()} after")
rise = memory_kib(lab.collector.pid) - before
lab.expect(f"the collector never grew by more than {MOST_RISE_KIB // 1024} MiB", rise <= MOST_RISE_KIB, f"{rise} KiB")
sent_as_agent("a true one after all of them", zstd(plain), {200})
again = [statuses(raw(agents, lab.agents_port, request(*scans, f"Content-Length: {len(zstd(plain))}", body=zstd(plain)))) for _ in range(20)]
lab.expect("twenty replays are answered as repeats", again == [[200]] * 20, str(again))
lab.expect("and stored once", stored() == count + 1)
sent_as_agent("an older sequence", zstd(json.dumps({**document, "sequence": 1})), {409})
run(COLLECTOR, "hosts", "deny", host_id, "--state", lab.state)
denied = zstd(json.dumps({**document, "sequence": 3}))
# The connection may be the one that is closed when the collector notices; the next one is answered.
wait_for("the denied host to be told so",
         lambda: statuses(raw(agents, lab.agents_port, request(*scans, f"Content-Length: {len(denied)}", body=denied))) == [403])
lab.expect("the collector was never restarted", lab.collector.poll() is None)
lab.expect("it stops cleanly", lab.stop() == 0)
lab.finish()
