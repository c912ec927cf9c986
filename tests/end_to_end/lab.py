# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests in Python share: a collector with real agents, and a client that writes raw bytes over TLS."""
import json, os, re, socket, ssl, subprocess, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "faults"))
from collector_lab import BUILD, COLLECTOR, PATIENCE_S, Lab, free_port, wait_for  # noqa: E402, F401

AGENT = os.path.abspath(BUILD + "/bin/plumbline-agent")
MOST_ANSWER_BYTES = 1 << 20


def run(*command, stdin="", **how):
    """A command, whatever its end; its output and its complaints as one text."""
    return subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          timeout=PATIENCE_S, **how)


def enroll(lab, state, name="", wrap=()):
    """A real agent of this collector, its identity in a folder of its own."""
    token = lab.run("token", "create", "--state", lab.state).strip()
    done = run(*wrap, AGENT, "enroll", "--collector", f"https://127.0.0.1:{lab.agents_port}", "--token", token, "--state", state,
               *(("--name", name) if name else ()))
    lab.expect("an agent is enrolled", done.returncode == 0, done.stdout)
    return token


def agent_tls(lab, state):
    """TLS as this agent speaks it, certificate and all."""
    identity = json.load(open(state + "/identity.json"))
    both = state + "/both.pem"
    with open(os.open(both, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write("".join(value for value in identity.values() if isinstance(value, str) and "-----BEGIN" in value and value != identity.get("ca")))
    context = ssl.create_default_context(cafile=lab.state + "/ca.pem")
    context.load_cert_chain(both)
    return context


def people_tls(lab):
    return ssl.create_default_context(cafile=lab.state + "/ca.pem")


def raw(context, port, request, more=()):
    """Writes bytes as they are, reads until the server closes or is quiet; gives what it said."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as plain, context.wrap_socket(plain, server_hostname="127.0.0.1") as tls:
        said = b""
        try:
            tls.sendall(request)
            for part in more:
                tls.sendall(part)
        except OSError:
            pass  # refused before all of it was sent
        try:
            while len(said) < MOST_ANSWER_BYTES:
                part = tls.recv(65536)
                if not part:
                    break
                said += part
        except OSError:
            pass
        return said


def statuses(said):
    """The status codes of all answers in what a server said."""
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", said)]


def forget_memory_peak(pid):
    """From here on VmHWM is the most memory used since this call."""
    with open(f"/proc/{pid}/clear_refs", "w") as file:
        file.write("5")


def memory_kib(pid, key="VmHWM"):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith(key + ":"):
            return int(line.split()[1])
    return 0
