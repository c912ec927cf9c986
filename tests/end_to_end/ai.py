# SPDX-License-Identifier: Apache-2.0
"""What the agent says of AI in use is what stands here: who runs what, who reaches it, whether it asks, which models and packages."""
import json, os, shutil, subprocess, sys, tempfile, zipfile

import stores_lab as lab
from lab import AGENT, COLLECTOR, wait_for
from stores_lab import run, say, write

OWN = "10.24.0.6"
ROOM = "/mnt"
ADA = 61234
HERE = os.path.dirname(os.path.abspath(__file__))
SECRETS = {name: f"Canary-{name}-{os.urandom(6).hex()}" for name in ("vllm", "jupyter", "mcp", "header", "hub")}


# ---- the room

def prepare_room():
    run("ip", "link", "set", "lo", "up")
    run("ip", "address", "add", OWN + "/24", "dev", "lo")
    for place in (ROOM, "/run", "/opt", "/srv", "/home"):
        run("mount", "-t", "tmpfs", "-o", "mode=755", "ai", place)
    accounts = {"passwd": f"root:x:0:0:root:{ROOM}/root:/bin/bash\nada:x:{ADA}:{ADA}:Ada:/home/ada:/bin/bash\nnobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n",
                "group": f"root:x:0:\nada:x:{ADA}:\nnogroup:x:65534:\n"}
    for name, lines in accounts.items():
        run("mount", "--bind", write(f"{ROOM}/{name}", lines), "/etc/" + name)
    os.makedirs("/home/ada")
    os.chown("/home/ada", ADA, ADA)


def program(path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    shutil.copy(HERE + "/ai_server.py", path)
    os.chmod(path, 0o755)
    return path


def start(name, *command, env=None, user=True, cwd="/home/ada"):
    as_user = ["setpriv", "--reuid", str(ADA), "--regid", str(ADA), "--clear-groups"] if user else []
    with open(f"{ROOM}/{name}.log", "w") as log:
        subprocess.Popen([*as_user, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=cwd,
                         env={"PATH": os.environ["PATH"], "HOME": "/home/ada" if user else ROOM + "/root", **(env or {})})


def package(environment, name, version):
    write(f"{environment}/lib/python3.11/site-packages/{name}-{version}.dist-info/METADATA", f"Name: {name}\nVersion: {version}\n")


# ---- what runs

def start_ollama():
    """"ollama serve" is a program of its own: an interpreter of that name that runs a script called "serve"."""
    shutil.copy(os.path.realpath("/usr/bin/python3"), os.path.join(os.path.dirname(program("/opt/ollama/serve")), "ollama"))
    start("ollama", "/opt/ollama/ollama", "serve", env={"OLLAMA_HOST": "0.0.0.0:11434", "PYTHONHOME": "/usr"}, user=False, cwd="/opt/ollama")


def start_servers():
    environment = "/srv/chat/venv"
    os.makedirs(environment + "/bin")
    os.symlink(sys.executable, environment + "/bin/python3")
    package(environment, "vllm", "0.11.0")
    package(environment, "torch", "2.5.1")
    package(environment, "litellm", "1.82.8")
    write(environment + "/lib/python3.11/site-packages/litellm_init.pth", f"import os, subprocess; subprocess.Popen(['true', '{SECRETS['hub']}'])\n")
    start_ollama()
    start("vllm", environment + "/bin/python3", program(environment + "/bin/vllm"), "serve", "/srv/models/qwen", "--host", OWN, "--port", "8000", "--trust-remote-code",
          "--api-key", SECRETS["vllm"], env={"HF_TOKEN": "hf_" + SECRETS["hub"]})
    start("mlflow", "/usr/bin/python3", program("/opt/mlflow/bin/mlflow"), "server", "--host", "127.0.0.1", "--port", "5000")
    start("ray", "/usr/bin/python3", "-u", program("/opt/ray/ray/dashboard/dashboard.py"), "--host=0.0.0.0", "--port=8265")
    start("torchrun", environment + "/bin/python3", program(environment + "/bin/torchrun"), "--nproc_per_node=2", "train.py")


def start_jupyter():
    """Two of Debian's: one as it comes, one whose owner emptied the token."""
    for name, port, more in (("asks", 8888, []), ("open", 8889, ["--ServerApp.token=", "--ServerApp.password="])):
        start("jupyter-" + name, "jupyter-server", "--no-browser", f"--ip={'127.0.0.1' if name == 'asks' else OWN}", f"--port={port}", *more,
              env={"JUPYTER_CONFIG_DIR": f"/home/ada/config-{name}", "JUPYTER_DATA_DIR": f"/home/ada/data-{name}", "JUPYTER_RUNTIME_DIR": f"/home/ada/run-{name}"})
    wait_for("both Jupyters", lambda: lab.listens(8888) and lab.listens(8889, OWN))


# ---- what lies there

def binary(path, data, size=0):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
        file.truncate(max(size, len(data)))
    return path


def write_models():
    header = json.dumps({"weight": {"dtype": "F16", "shape": [1], "data_offsets": [0, 2]}}).encode()
    binary("/srv/models/qwen/model.safetensors", len(header).to_bytes(8, "little") + header + b"\0\0", 4096)
    binary("/srv/models/chat.gguf", b"GGUF" + (3).to_bytes(4, "little") + bytes(16), 8192)
    binary("/srv/models/detector.onnx", bytes.fromhex("0808120770796f7263680a0a3a00"), 64)
    binary("/srv/models/notes.onnx", b'{"this is": "no model"}')
    with zipfile.ZipFile("/srv/models/old.pt", "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}q\x00.")
    binary("/srv/models/plain.pkl", b"\x80\x04}q\x00.", 64)
    os.makedirs("/srv/models/shared")
    binary("/srv/models/shared/lora.safetensors", len(header).to_bytes(8, "little") + header + b"\0\0", 4096)
    os.chmod("/srv/models/shared/lora.safetensors", 0o666)


def write_settings():
    write("/home/ada/.cursor/mcp.json", json.dumps({"mcpServers": {"git": {"command": "uvx", "args": ["mcp-server-git"]},
          "crm": {"url": "https://crm.example.com/mcp", "headers": {"Authorization": "Bearer sk-" + SECRETS["header"]}},
          "local": {"url": "http://127.0.0.1:3000/mcp"}}}), "ada", 0o644)
    write("/home/ada/.openclaw/openclaw.json", json.dumps({"gateway": {"bind": "lan", "auth": {"mode": "token", "token": SECRETS["mcp"]}}}), "ada", 0o600)


# ---- what the agent says

def scan(*options):
    return subprocess.run([AGENT, "scan", "--json", *options], capture_output=True, check=True).stdout


def service(ai, kind, port=None):
    found = [one for one in ai["services"] if one["kind"] == kind and one.get("port") == port]
    if len(found) != 1:
        say(False, f"{kind} on port {port} is found once", ai["services"])
    return found[0] if found else {}


def expect(ai, kind, port, **facts):
    one = service(ai, kind, port)
    for name, value in facts.items():
        say(one.get(name) == value, f"{kind} on port {port}: {name} is {value!r}", one)


def check_services(ai):
    expect(ai, "ollama", 11434, exposure="any", auth="none", version="0.12.3", version_source="answer", user="root", root=True, category="model_server")
    expect(ai, "vllm", 8000, exposure="private", auth="required", version="0.11.0", user="ada", root=False, trust_remote_code=True)
    expect(ai, "mlflow", 5000, exposure="loopback", auth="none", version="3.12.0", version_source="answer")
    expect(ai, "ray", 8265, exposure="any", auth="none", version="2.40.0", version_source="answer")
    version = run("jupyter-server", "--version")
    expect(ai, "jupyter", 8888, exposure="loopback", auth="required", version=version, version_source="answer", user="ada", category="notebook")
    expect(ai, "jupyter", 8889, exposure="private", auth="none", version=version, user="ada")
    expect(ai, "torchrun", None, category="training", user="ada", exposure="none", version="2.5.1")
    say(len(ai["services"]) == 7, "nothing else is taken for AI", ai["services"])


def check_disk(ai):
    say(ai["model_formats"] == {"gguf": "1", "onnx": "1", "pickle": "2", "safetensors": "2"}, "models are told by their bytes", ai["model_formats"])
    say(ai["pickle_models"] == 2 and ai["models_world_writable"] == 1, "pickles and what anybody can change", ai)
    say("qwen" in [one["name"] for one in ai["models"]], "the model that a server names is listed", ai["models"])
    packages = {one["name"]: one["version"] for one in ai["frameworks"] if one["environment"] == "/srv/chat/venv"}
    say(packages == {"vllm": "0.11.0", "torch": "2.5.1", "litellm": "1.82.8"}, "packages of an environment, none imported", packages)
    say(ai["start_code"] == ["litellm_init.pth in /srv/chat/venv/lib/python3.11/site-packages: subprocess"], "code that starts with Python", ai["start_code"])
    say((ai["mcp_configs"], ai["mcp_servers"], ai["mcp_remote_servers"], ai["mcp_plaintext_tokens"], ai["mcp_readable_by_others"], ai["agent_gateway_open"]) == (2, 3, 1, 2, 1, 1),
        "agents' settings are counted", {name: value for name, value in ai.items() if "mcp" in name or "gateway" in name})


def check_secrets(document, recorded):
    for name, secret in SECRETS.items():
        say(secret.encode() not in document, f"the secret of {name} is not in the scan")
        kept = [path for path, data in recorded.items() if secret.encode() in data]
        say(not kept, f"the secret of {name} is not in a recording", kept)


def recording():
    folder = tempfile.mkdtemp(dir=ROOM)
    subprocess.run([AGENT, "scan", "--record", folder + "/host"], capture_output=True, check=True)
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            if os.path.isfile(f"{place}/{name}"):
                with open(f"{place}/{name}", "rb") as file:
                    found[f"{place}/{name}"] = file.read()
    again = subprocess.run([AGENT, "scan", "--json", "--root", folder + "/host"], capture_output=True, check=True).stdout
    return found, json.loads(again)["sections"]["ai"]["data"]


def check_findings(document):
    path = binary(ROOM + "/scan.json", document)
    state, packs = ROOM + "/state", ["--packs", os.path.abspath("rules")]
    run(COLLECTOR, "init", "--state", state)
    run(COLLECTOR, "import", path, "--state", state, *packs)
    report = json.loads(run(COLLECTOR, "report", "--format", "json", "-o", "-", "--state", state, *packs))
    by_kind = {(one["kind"], one["port"]): one for one in report["report"]["ai_in_use"]["services"]}
    wanted = {("ollama", 11434): {"ai.endpoint-exposed", "ai.ollama-floor"}, ("vllm", 8000): {"ai.vllm-floor", "ai.no-foreign-code"},
              ("ray", 8265): {"ai.orchestration-exposed", "ai.ray-floor"}, ("jupyter", 8889): {"ai.notebook-exposed", "ai.notebook-token"}, ("jupyter", 8888): set(), ("mlflow", 5000): set()}
    for where, rules in wanted.items():
        found = set(by_kind.get(where, {}).get("rules", ["nothing"])) - {"ai.operated", "ai.not-as-root"}  # asked of machines alone, and this may be a container
        say(found == rules, f"{where[0]} on port {where[1]} is the cause of {', '.join(sorted(rules)) or 'nothing'}", found)
    reach = {where: one["reach"] for where, one in by_kind.items()}
    say(reach.get(("ollama", 11434)) == "open" and reach.get(("vllm", 8000)) == "login" and reach.get(("mlflow", 5000)) == "inside" and reach.get(("jupyter", 8889)) == "open",
        "the report tells who gets in", reach)
    failing = {rule["id"] for rule in report["rules"] if rule["tally"]["fail"] > 0}
    for rule in ("ai.litellm-clean", "ai.start-code", "ai.torch-floor", "ai.model-format", "ai.model-permissions", "ai.agent-tokens", "ai.agent-gateway"):
        say(rule in failing, f"{rule} fails", sorted(failing))


def main():
    prepare_room()
    write_models()
    write_settings()
    start_servers()
    start_jupyter()
    wait_for("the other servers", lambda: all(lab.listens(port, address) for port, address in ((11434, OWN), (8000, OWN), (5000, "127.0.0.1"), (8265, OWN))))
    document = scan()
    ai = json.loads(document)["sections"]["ai"]["data"]
    check_services(ai)
    check_disk(ai)
    recorded, again = recording()
    say(again == ai, "a recording replayed says the same", [one for one in again["services"] if one not in ai["services"]])
    check_secrets(document, recorded)
    check_findings(document)
    return 1 if lab.failures else 0


sys.exit(main())
