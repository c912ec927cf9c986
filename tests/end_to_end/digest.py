#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Digests by mail (STARTTLS, sign-in, refusals), Slack and Teams, against servers in this file. Prints "ok NAME" or "not ok NAME"."""
import base64
import email
import email.policy
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

BUILD = os.environ.get("PLUMBLINE_BUILD", os.path.join(os.getcwd(), "build/release"))
COLLECTOR = os.path.join(BUILD, "bin/plumbline-collector")
ENVIRONMENT = dict(os.environ, PLUMBLINE_RULES=os.environ.get("PLUMBLINE_RULES", os.path.join(os.getcwd(), "rules")),
                   PLUMBLINE_SITE=os.path.join(os.getcwd(), "packaging/demo/site"), NO_COLOR="1")
for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
    ENVIRONMENT.pop(name, None)
PASSWORD = "canary-mail-3f9c1d7e"
HOOK = "canary-hook-8b21aa90"
failures = 0


def report(name, fine, what=""):
    global failures
    print(("ok " if fine else "not ok ") + name, flush=True)
    if not fine:
        failures += 1
        print("    " + str(what).replace("\n", "\n    ")[-3000:], flush=True)


class MailServer:
    """SMTP as far as a client needs it: EHLO, STARTTLS, AUTH PLAIN and LOGIN, MAIL, RCPT, DATA."""

    def __init__(self, certificate=None, tls_first=False, starttls=True, refuse_rcpt=(), after_data="250 taken", silent=False, password=PASSWORD):
        self.certificate, self.tls_first, self.starttls = certificate, tls_first, starttls
        self.refuse_rcpt, self.after_data, self.silent, self.password = refuse_rcpt, after_data, silent, password
        self.messages, self.plain_lines, self.signed_in, self.data_lines = [], [], False, []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def close(self):
        self.socket.close()

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def secure(self, connection):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        return context.wrap_socket(connection, server_side=True)

    def talk(self, connection):
        try:
            if self.silent:
                time.sleep(3600)
            secure = self.tls_first
            if secure:
                connection = self.secure(connection)
            file = connection.makefile("rwb")
            say = lambda text: (file.write(text.encode() + b"\r\n"), file.flush())
            say("220 sink")
            sender, recipients = None, []
            while True:
                line = file.readline()
                if not line:
                    return
                line = line.rstrip(b"\r\n").decode("utf-8", "replace")
                if not secure:
                    self.plain_lines.append(line)
                verb = line.split(" ")[0].upper()
                if verb in ("EHLO", "HELO"):
                    offers = ["sink"] + (["STARTTLS"] if self.starttls and not secure else []) + (["AUTH PLAIN LOGIN"] if secure or not self.starttls else []) + ["8BITMIME"]
                    for at, offer in enumerate(offers):
                        say(("250 " if at == len(offers) - 1 else "250-") + offer)
                elif verb == "STARTTLS":
                    say("220 go on")
                    connection = self.secure(connection)
                    file = connection.makefile("rwb")
                    secure = True
                elif verb == "AUTH":
                    words = line.split(" ")
                    given = words[2] if len(words) > 2 else (say("334 "), file.readline().decode().strip())[1]
                    decoded = base64.b64decode(given).split(b"\0")
                    self.signed_in = decoded[-1].decode() == self.password
                    say("235 welcome" if self.signed_in else "535 5.7.8 no such user and password")
                elif verb == "MAIL":
                    sender, recipients = line, []
                    say("250 ok")
                elif verb == "RCPT":
                    address = re.search("<(.*?)>", line).group(1)
                    if address in self.refuse_rcpt:
                        say("550 5.1.1 nobody here")
                    else:
                        recipients.append(address)
                        say("250 ok")
                elif verb == "DATA":
                    say("354 go on")
                    lines = []
                    while (row := file.readline()) not in (b".\r\n", b""):
                        lines.append(row[1:] if row.startswith(b"..") else row)
                    self.messages.append((sender, recipients, b"".join(lines)))
                    if self.after_data is None:
                        connection.close()
                        return
                    say(self.after_data)
                elif verb == "QUIT":
                    say("221 bye")
                    return
                else:
                    say("250 ok")
        except (OSError, ssl.SSLError):
            pass


class Hook:
    """A webhook that answers what it is told to, one status a request; the last one stays."""

    def __init__(self, answers, certificate=None, body=b"ok", headers=()):
        self.requests, self.answers, self.body, self.headers = [], list(answers), body, headers
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                text = self.rfile.read(int(self.headers["Content-Length"]))
                hook.requests.append((self.path, text, dict(self.headers)))
                status = hook.answers.pop(0) if len(hook.answers) > 1 else hook.answers[0]
                if status is None:
                    self.connection.close()
                    return
                self.send_response(status)
                for name, value in hook.headers:
                    self.send_header(name, value)
                self.end_headers()
                try:
                    self.wfile.write(hook.body)
                except OSError:
                    pass

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def run(*arguments, status=0):
    done = subprocess.run([COLLECTOR, *arguments], env=ENVIRONMENT, capture_output=True, text=True, timeout=180)
    return done.returncode == status, done.stdout + done.stderr


def certificate(folder, name):
    """A certificate of its own authority, for 127.0.0.1 or for somebody else."""
    key = f"{folder}/{name}.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=" + ("IP:127.0.0.1" if name == "right" else "DNS:other.example"), "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.crt"], check=True, capture_output=True)
    pathlib.Path(key).write_text(pathlib.Path(f"{folder}/{name}.key").read_text() + pathlib.Path(f"{folder}/{name}.crt").read_text())
    return key


def secret(path, text):
    path.write_text(text + "\n")
    path.chmod(0o600)


def settings(state, text):
    (state / "digest.yaml").write_text("link: https://plumbline.example.com:7444/\nschedule:\n  weekly: monday 07:00\n" + text)


def mail_settings(state, port, scheme="smtp", user=True, to="[ada@example.com, grace@example.com]", more="", authority="right.crt"):
    settings(state, f"email:\n  server: {scheme}://127.0.0.1:{port}\n" + (f"  authorities: {authority}\n" if authority else "") + ("  user: plumbline\n  password_file: mail-password\n" if user else "") +
             f"  from: plumbline@example.com\n  from_name: Plumbline of Žofín\n  to: {to}\n" + more)


def record(state, channel):
    import sqlite3
    with sqlite3.connect(state / "plumbline.db") as database:
        rows = database.execute("SELECT body FROM records WHERE kind = 'digest' AND id = ?", (channel,)).fetchall()
    return json.loads(rows[0][0]) if rows else None


def by_mail(state, folder, right, wrong):
    server = MailServer(certificate=right)
    mail_settings(state, server.port, more="  attach_pdf: false\n")
    fine, said = run("digest", "test", "--state", str(state))
    report("a test message goes out over STARTTLS, signed in", fine and len(server.messages) == 1 and server.signed_in, said)
    report("nothing but the greeting goes unencrypted", [line.split(" ")[0] for line in server.plain_lines] == ["EHLO", "STARTTLS"], server.plain_lines)
    report("a test is not recorded", record(state, "email") is None)
    fine, said = run("digest", "send", "--to", "email", "--state", str(state))
    report("a digest goes out", fine and len(server.messages) == 2, said)
    if len(server.messages) < 2:
        return
    sender, recipients, raw = server.messages[1]
    report("from and to whom it should", "plumbline@example.com" in sender and recipients == ["ada@example.com", "grace@example.com"], (sender, recipients))
    message = email.message_from_bytes(raw, policy=email.policy.default)
    report("its headers are whole and free of defects", not message.defects and message["From"].addresses[0].display_name == "Plumbline of Žofín" and message["Message-ID"] and message["Date"].datetime is not None
           and "Velmora" in message["Subject"] and message["Auto-Submitted"] == "auto-generated", (message.items(), message.defects))
    kinds = [part.get_content_type() for part in message.walk()]
    report("it is text and HTML of the same", kinds == ["multipart/alternative", "text/plain", "text/html"], kinds)
    text, html = (part.get_content() for part in message.iter_parts())
    fine, shown = run("score", "--json", "--state", str(state))
    score = json.loads(shown)["score"]["value"]
    report("with the score of the fleet in both", f"{score:.1f}" in text and f"{score:.1f}" in html, (score, text))
    report("with three things to do and a link", text.count("\n- ") >= 3 and "https://plumbline.example.com:7444/" in text and 'href="https://plumbline.example.com:7444/"' in html, text)
    hosts = json.loads(run("hosts", "--json", "--state", str(state))[1])
    names = {row["name"] for row in (hosts["hosts"] if isinstance(hosts, dict) else hosts)}
    report("and no host by name", not any(name in text or name in html for name in names))
    report("it is recorded", (record(state, "email") or {}).get("sent_at", 0) > 0)

    mail_settings(state, server.port, more="  attach_pdf: true\n")
    fine, said = run("digest", "send", "--to", "email", "--state", str(state))
    message = email.message_from_bytes(server.messages[-1][2], policy=email.policy.default)
    parts = [part.get_content_type() for part in message.walk()]
    if shutil.which("weasyprint") or shutil.which("chromium"):
        pdf = [part for part in message.walk() if part.get_content_type() == "application/pdf"]
        report("the CEO page is attached where that is asked for", fine and len(pdf) == 1 and pdf[0].get_content().startswith(b"%PDF-") and pdf[0].get_filename() == "plumbline-ceo.pdf", (said, parts))
    server.close()

    server = MailServer(certificate=right, tls_first=True)
    mail_settings(state, server.port, scheme="smtps")
    fine, said = run("digest", "test", "--state", str(state))
    report("smtps works, too", fine and len(server.messages) == 1 and not server.plain_lines, said)

    for name, server, options, words in (
            ("a certificate of another authority is refused", MailServer(certificate=wrong), {}, "certificate is not trusted"),
            ("a certificate for another name is refused", MailServer(certificate=wrong), {"authority": "wrong.crt"}, "certificate is not trusted"),
            ("a server without STARTTLS gets nothing", MailServer(starttls=False), {}, "no STARTTLS"),
            ("a wrong password is told", MailServer(certificate=right, password="another"), {}, "refused the user and password.*password_file"),
            ("a server that takes nobody is told", MailServer(certificate=right, refuse_rcpt=("ada@example.com", "grace@example.com")), {}, "none of the recipients.*nobody here"),
            ("a server that refuses the message is told", MailServer(certificate=right, after_data="554 5.7.1 spam"), {}, "refused the message.*spam")):
        mail_settings(state, server.port, **options)
        fine, said = run("digest", "test", "--state", str(state), status=1)
        report(name, fine and re.search(words, said, re.S) and PASSWORD not in said, said)
        if "STARTTLS" in name or "certificate" in name:
            report("  and nothing was said in the clear", not any(PASSWORD in line or base64.b64encode(f"\0plumbline\0{PASSWORD}".encode()).decode() in line or line.startswith(("MAIL", "AUTH")) for line in server.plain_lines), server.plain_lines)
        server.close()

    server = MailServer(certificate=right, refuse_rcpt=("grace@example.com",))
    mail_settings(state, server.port)
    fine, said = run("digest", "test", "--state", str(state), status=1)
    report("one wrong address keeps the mail from nobody else, and is told", fine and server.messages and server.messages[0][1] == ["ada@example.com"] and "grace@example.com" in said, said)
    server.close()
    server = MailServer(certificate=right, after_data=None)
    mail_settings(state, server.port)
    fine, said = run("digest", "send", "--to", "email", "--state", str(state), status=1)
    report("a server that breaks off after the message gets it once, and that is told", fine and len(server.messages) == 1 and "may have arrived" in said, (said, len(server.messages)))
    nobody = socket.create_server(("127.0.0.1", 0))
    mail_settings(state, nobody.getsockname()[1])
    nobody.close()
    fine, said = run("digest", "send", "--to", "email", "--state", str(state), status=1)
    report("a server that is not there is told", fine and "could not be reached" in said, said)


def by_webhook(state, right, wrong):
    for channel, name in (("slack", "Slack"), ("teams", "Teams")):
        def hook_settings(hook, scheme="http", authority=""):
            secret(state / f"{channel}-webhook", f"{scheme}://127.0.0.1:{hook.port}/services/{HOOK}")
            settings(state, f"{channel}:\n  webhook_file: {channel}-webhook\n" + (f"  authorities: {authority}\n" if authority else ""))

        hook = Hook([200])
        hook_settings(hook)
        fine, said = run("digest", "send", "--to", channel, "--state", str(state))
        report(f"{name} gets a digest", fine and len(hook.requests) == 1 and hook.requests[0][2]["Content-Type"] == "application/json" and HOOK in hook.requests[0][0] and HOOK not in said, said)
        document = json.loads(hook.requests[0][1]) if hook.requests else {}
        if channel == "slack":
            report("as blocks with a fallback text", document.get("text") and 3 < len(document["blocks"]) <= 50, document)
        else:
            card = document["attachments"][0]["content"]
            report("as a card in its envelope", document["type"] == "message" and document["attachments"][0]["contentType"] == "application/vnd.microsoft.card.adaptive" and card["type"] == "AdaptiveCard" and card["version"] == "1.4", document)
        hook = Hook([200], certificate=right)
        hook_settings(hook, "https", "right.crt")
        fine, said = run("digest", "test", "--state", str(state))
        report(f"{name} over TLS", fine and len(hook.requests) == 1, said)
        hook_settings(hook, "https")
        fine, said = run("digest", "test", "--state", str(state), status=1)
        report(f"{name}: an unknown authority is refused", fine and "certificate is not trusted" in said and len(hook.requests) == 1 and HOOK not in said, said)
    hook = Hook([500, 503, 200])
    hook_settings(hook)
    fine, said = run("digest", "test", "--state", str(state))
    report("a server in trouble is asked again until it takes the message", fine and len(hook.requests) == 3, said)
    hook = Hook([404], body=b"no_team " + HOOK.encode())
    hook_settings(hook)
    fine, said = run("digest", "test", "--state", str(state), status=1)
    report("a webhook that is gone is told, once, without its secret", fine and len(hook.requests) == 1 and "404" in said and "make a new webhook" in said and HOOK not in said, said)
    elsewhere = Hook([200])
    hook = Hook([302], headers=[("Location", f"http://127.0.0.1:{elsewhere.port}/")])
    hook_settings(hook)
    fine, said = run("digest", "test", "--state", str(state), status=1)
    report("a redirect is not followed", fine and not elsewhere.requests and "not followed" in said, said)
    hook = Hook([200], body=b"x" * 50_000_000)
    hook_settings(hook)
    fine, said = run("digest", "test", "--state", str(state))
    report("an endless answer is cut, and the message counts as taken", fine, said)
    hook = Hook([None])
    hook_settings(hook)
    fine, said = run("digest", "send", "--state", str(state), status=1)
    report("a webhook that hangs up after the message gets it once", fine and len(hook.requests) == 1 and "may have arrived" in said, (said, len(hook.requests)))
    fine, said = run("digest", "send", "--dry-run", "--state", str(state))
    report("--dry-run shows what would leave and sends nothing", fine and '"blocks"' not in said and "AdaptiveCard" in said and HOOK not in said and len(hook.requests) == 1, said)
    return hook_settings


def by_server(state, hook_settings):
    """The collector itself: its schedule is made due by moving the record's period back; a kill while it sends."""
    hook = Hook([200])
    hook_settings(hook)

    def change(**fields):
        import sqlite3
        body = record(state, "teams")
        body.update(fields)
        with sqlite3.connect(state / "plumbline.db") as database:
            database.execute("UPDATE records SET body = ?, version = version + 1000 WHERE kind = 'digest' AND id = 'teams'", (json.dumps(body),))

    def serve():
        return subprocess.Popen([COLLECTOR, "serve", "--state", str(state), "--agents-port", "0", "--people-port", "0"], env=ENVIRONMENT, stdout=log, stderr=log)

    def await_condition(condition, seconds=60):
        until = time.monotonic() + seconds
        while time.monotonic() < until and not condition():
            time.sleep(0.1)
        return condition()

    with open(state / "log", "wb") as log:
        change(period=0, claimed_at=0, retry_at=None, trouble="")
        server = serve()
        report("a collector that slept through a Monday sends one digest when it wakes", await_condition(lambda: len(hook.requests) == 1) and await_condition(lambda: record(state, "teams")["claimed_at"] == 0 and record(state, "teams")["sent_at"] > 0), log.name)
        server.send_signal(signal.SIGTERM)
        report("and stops when it is asked to", server.wait(30) == 0)
        slow = socket.create_server(("127.0.0.1", 0))  # takes the message and never answers
        slow_port = slow.getsockname()[1]
        secret(state / "teams-webhook", f"http://127.0.0.1:{slow_port}/services/{HOOK}")
        change(period=0)
        server = serve()
        connection, _ = slow.accept()
        report("the claim stands in the store before anything leaves", record(state, "teams")["claimed_at"] > 0)
        server.kill()
        server.wait(30)
        hook = Hook([200])
        hook_settings(hook)
        server = serve()
        await_condition(lambda: (state / "run.json").exists())
        report("killed while it sent, it does not send again after a restart", not await_condition(lambda: len(hook.requests) > 0, 5))
        change(claimed_at=int(time.time()) - 7200)
        report("and says that the digest may not have arrived", await_condition(lambda: "may not have arrived" in record(state, "teams")["trouble"], 60) and not hook.requests, record(state, "teams")["trouble"])
        server.send_signal(signal.SIGTERM)
        report("a second stop", server.wait(30) == 0)
    text = (state / "log").read_text()
    report("no log holds a secret", HOOK not in text and PASSWORD not in text, text)
    fine, said = run("digest", "status", "--json", "--state", str(state))
    report("status tells the trouble and no secret", fine and "may not have arrived" in said and HOOK not in said, said)


def by_hand(state):
    fine, said = run("digest", "show", "--state", str(state))
    report("the next digest is shown", fine and "AI readiness" in said, said)
    for kind in ("html", "slack", "teams"):
        fine, said = run("digest", "show", "--format", kind, "--state", str(state))
        report(f"and as {kind}", fine and (kind == "html") == said.startswith("<!doctype html>"), said)
    for arguments, words, status in ((["digest"], "A subcommand is required", 2), (["digest", "send", "--to", "fax"], "fax", 2), (["digest", "show", "--format", "pdf"], "pdf", 2)):
        fine, said = run(*arguments, status=status)
        report(f"{' '.join(arguments)} is a usage error", fine and words in said, said)
    (state / "digest.yaml").unlink()
    fine, said = run("digest", "send", "--state", str(state), status=1)
    report("without settings it says what to write", fine and "docs/digests.md" in said, said)


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="plumbline-digest.", dir=os.environ.get("PLUMBLINE_SCRATCH", "/tmp")))
    try:
        state = folder / "state"
        fine, said = run("demo", "--into", str(state), "--date", "2026-11-23")
        report("the sample company loads", fine, said)
        right, wrong = certificate(folder, "right"), certificate(folder, "wrong")
        for name in ("right.crt", "wrong.crt"):
            shutil.copy(folder / name, state / name)
        secret(state / "mail-password", PASSWORD)
        by_mail(state, folder, right, wrong)
        hook_settings = by_webhook(state, right, wrong)
        by_server(state, hook_settings)
        by_hand(state)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if failures else 0)


main()
