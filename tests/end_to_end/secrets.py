# SPDX-License-Identifier: Apache-2.0
"""Secrets planted where hosts keep them (arguments, environments, units, settings of data stores, key files, shadow) are
in no scan, no recording, no spool, no store, no page, no report and no log (goal S16). They are planted over a copy of
this machine's root that ends with the test, and in one process; where that cannot be mounted, in a recorded root alone."""
import base64, glob, http.client, io, json, os, re, shutil, subprocess, sys, tempfile, urllib.parse, zipfile

from lab import AGENT, COLLECTOR, Lab, enroll, people_tls, run, wait_for

planted = []


def canary(kind="", prefix=""):
    """A secret that occurs nowhere else; `prefix` gives it the look of a known kind of token."""
    planted.append(f"Canary{len(planted):03d}x{os.urandom(9).hex()}{kind}")
    return prefix + planted[-1]


# Longer than the canary so that a cut-off one is found too, yet never by chance.
def leaks(data):
    found = {secret for secret in planted if secret.encode()[:16] in data}
    return sorted(found)


def quoted_forms(data):
    """The bytes, and what stands in them as base64 or hidden by a URL's escapes."""
    yield data
    if b"%" in data:
        yield urllib.parse.unquote_to_bytes(data)
    for run_of in re.findall(rb"[A-Za-z0-9+/]{40,}={0,2}", data)[:2000]:
        try:
            yield base64.b64decode(run_of + b"=" * (-len(run_of) % 4))
        except ValueError:
            pass


def clean(lab, name, data):
    data = data.encode() if isinstance(data, str) else data
    found = sorted({leak for form in quoted_forms(data) for leak in leaks(form)})
    where = [data[max(0, data.find(leak.encode()[:16]) - 60):data.find(leak.encode()[:16]) + 40] for leak in found[:3]]
    lab.expect(f"{name}: none of {len(planted)} secrets in {len(data)} bytes", not found and data, f"{[origin[f] for f in found]} {where}")


c = canary
PEM = "-----BEGIN {0}-----\n{1}\n{1}\n-----END {0}-----\n"
FILES = {
    "etc/shadow": lambda: f"root:$y$j9T${c()}:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\nold:{c()}:1::::::\n",
    "etc/gshadow": lambda: f"root:{c()}::\n",
    "etc/redis/redis.conf": lambda: f"bind 0.0.0.0\nport 6379\nrequirepass {c()}\nmasterauth \"{c()}\"\nuser default on >{c()} ~* +@all\nappendonly yes\n",
    "etc/valkey/valkey.conf": lambda: f"requirepass {c()}\n",
    "etc/postgresql/15/main/postgresql.conf": lambda: f"listen_addresses = '*'\nport = 5432\nprimary_conninfo = 'host=a user=b password={c()}'\nssl = off\nssl_passphrase_command = 'echo {c()}'\narchive_command = 'PGPASSWORD={c()} wal-push %p'\n",
    "etc/postgresql/15/main/pg_hba.conf": lambda: f"host all all 0.0.0.0/0 ldap ldapserver=x ldapbindpasswd={c()}\nhost all all ::/0 radius radiussecrets=\"{c()}\"\n# old: {c()}\n",
    "etc/mysql/my.cnf": lambda: f"[client]\nuser=root\npassword={c()}\n[mysqld]\nbind-address=0.0.0.0\nskip_grant_tables\nmaster_password = {c()}\n",
    "etc/mysql/debian.cnf": lambda: f"[client]\npassword = {c()}\n",
    "etc/mongod.conf": lambda: f"net:\n  bindIp: 0.0.0.0\nsecurity:\n  authorization: disabled\n  keyFile: /etc/mongo.key\n  ldap:\n    bind:\n      queryPassword: {c()}\n",
    "etc/elasticsearch/elasticsearch.yml": lambda: f"network.host: 0.0.0.0\nxpack.security.enabled: false\nxpack.notification.email.account.x.smtp.password: {c()}\n",
    "etc/qdrant/config.yaml": lambda: f"service:\n  host: 0.0.0.0\n  api_key: {c()}\n  read_only_api_key: '{c()}'\n",
    "etc/default/minio": lambda: f"MINIO_ROOT_USER=admin\nMINIO_ROOT_PASSWORD={c()}\nMINIO_VOLUMES=/data\n",
    "etc/default/ollama": lambda: f"OLLAMA_HOST=0.0.0.0\nOLLAMA_API_KEY={c()}\nHTTPS_PROXY=http://user:{c()}@proxy:3128\n",
    "etc/kafka/server.properties": lambda: f"listeners=PLAINTEXT://:9092\nssl.keystore.password={c()}\nsasl.jaas.config=org.x.PlainLoginModule required username=\"a\" password=\"{c()}\";\n",
    "etc/clickhouse-server/users.xml": lambda: f"<clickhouse><users><default><password>{c()}</password></default></users></clickhouse>\n",
    "etc/rabbitmq/rabbitmq.conf": lambda: f"default_user = a\ndefault_pass = {c()}\n",
    "etc/systemd/system/vllm.service": lambda: f"[Service]\nUser=root\nEnvironment=OPENAI_API_KEY={c()} HF_TOKEN={c(prefix='hf_')}\nEnvironment=\"DATABASE_URL=postgres://app:{c()}@db/x\"\nEnvironmentFile=/etc/vllm.env\nExecStart=/usr/bin/vllm serve m --api-key {c()} --host 0.0.0.0\n",
    "etc/systemd/system/vllm.service.d/override.conf": lambda: f"[Service]\nEnvironment=ANTHROPIC_API_KEY={c(prefix='sk-ant-')}\n",
    "etc/systemd/system/shell.service": lambda: f"[Service]\nExecStart=/bin/sh -c \"cd /srv && exec vllm serve m --api-key {c()} --host 0.0.0.0\"\n",
    "etc/vllm.env": lambda: f"VLLM_API_KEY={c()}\nexport AWS_SECRET_ACCESS_KEY='{c()}'\n",
    "etc/environment": lambda: f"PATH=/bin\nGITHUB_TOKEN={c(prefix='ghp_')}\n",
    "etc/fstab": lambda: f"//nas/x /mnt cifs username=a,password={c()} 0 0\n",
    "etc/crontab": lambda: f"0 3 * * * root pg_dump postgresql://a:{c()}@h/d | restic -r s3:x --password {c()}\n",
    "etc/cron.d/backup": lambda: f"RESTIC_PASSWORD={c()}\n0 3 * * * root restic backup /srv\n0 4 * * * root mysqldump -u root -p{c()} --all-databases\n0 5 * * * root curl -u me:{c()} -H 'Authorization: Bearer {c()}' https://x\n",
    "etc/borgmatic/config.yaml": lambda: f"encryption_passphrase: {c()}\nrepositories:\n  - path: ssh://u:{c()}@h/./x\n",
    "etc/docker/daemon.json": lambda: '{"hosts":["tcp://0.0.0.0:2375"],"http-proxies":{"a":"http://u:%s@p"}}' % c(),
    "root/.docker/config.json": lambda: '{"auths":{"r":{"auth":"%s"}}}' % base64.b64encode(("u:" + c()).encode()).decode(),
    "etc/kubernetes/admin.conf": lambda: f"users:\n- name: a\n  user:\n    token: {c()}\n    client-key-data: {c()}\n",
    "root/.kube/config": lambda: f"users:\n- user: {{token: {c()}}}\n",
    "root/.pgpass": lambda: f"db:5432:*:app:{c()}\n",
    "root/.my.cnf": lambda: f"[client]\npassword={c()}\n",
    "root/.netrc": lambda: f"machine x login y password {c()}\n",
    "root/.git-credentials": lambda: f"https://u:{c()}@github.com\n",
    "root/.aws/credentials": lambda: f"[default]\naws_access_key_id=AKIA{c()}\naws_secret_access_key={c()}\n",
    "root/.cache/huggingface/token": lambda: c(prefix="hf_"),
    "root/.env": lambda: f"OPENAI_API_KEY={c(prefix='sk-')}\nSECRET={c()}\n",
    "srv/app/.env": lambda: f"DB_URL=mysql://root:{c()}@127.0.0.1/x\nSTRIPE={c(prefix='sk_live_')}\n",
    "opt/app/.env.production": lambda: f"JWT_SECRET={c()}\n",
    "root/.cursor/mcp.json": lambda: '{"mcpServers":{"db":{"command":"npx","args":["-y","pg","postgresql://u:%s@h/d","--token","%s"],"env":{"API_KEY":"%s"}},"far":{"url":"https://h/sse?api_key=%s","headers":{"Authorization":"Bearer %s"}}}}' % (c(), c(), c(), c(), c()),
    "root/.claude.json": lambda: '{"mcpServers":{"x":{"command":"x","env":{"T":"%s"}}},"primaryApiKey":"%s"}' % (c(), c()),
    "root/.config/Claude/claude_desktop_config.json": lambda: '{"mcpServers":{"x":{"command":"x","args":["--api-key=%s"]}}}' % c(),
    "root/.vscode/mcp.json": lambda: '{"servers":{"x":{"command":"x","env":{"T":"%s"}}}}' % c(),
    "root/.jupyter/jupyter_notebook_config.py": lambda: f"c.NotebookApp.token = '{c()}'\nc.ServerApp.password = u'{c()}'\nc.ServerApp.ip = '0.0.0.0'\n",
    "root/.jupyter/jupyter_server_config.json": lambda: '{"ServerApp":{"token":"%s","ip":"0.0.0.0"},"IdentityProvider":{"token":"%s"}}' % (c(), c()),
    "root/.ssh/id_ed25519": lambda: PEM.format("OPENSSH PRIVATE KEY", c()),
    "root/.ssh/authorized_keys": lambda: f"ssh-ed25519 AAAA me\ncommand=\"x --password {c()}\" ssh-ed25519 AAAA you\n",
    "etc/ssl/private/server.key": lambda: PEM.format("PRIVATE KEY", c()),
    "etc/sudoers.d/app": lambda: f"app ALL=(ALL) NOPASSWD: /usr/bin/x --password {c()}\n# {c()}\n",
    "etc/ssh/sshd_config": lambda: f"PermitRootLogin yes\nSetEnv TOKEN={c()} ODD={c()}\n# {c()}\nForceCommand x --key {c()}\n",
    "etc/apt/apt.conf.d/99proxy": lambda: f"Acquire::http::Proxy \"http://u:{c()}@proxy:3128\";\nAPT::Periodic::Unattended-Upgrade \"1\"; // {c()}\n",
    "etc/pam.d/common-auth": lambda: f"# {c()}\nauth optional pam_mysql.so user=a passwd={c()}\nauth required pam_unix.so\n",
    "etc/dnf/automatic.conf": lambda: f"[email]\nemail_password = {c()}\n",
    "etc/rsyslog.d/remote.conf": lambda: f"*.* action(type=\"omhttp\" server=\"x\" token=\"{c()}\" pwd=\"{c()}\")\n*.* @@logs:514\n",
    "etc/chrony/chrony.conf": lambda: f"server ntp.x iburst key {c()}\n",
    "etc/ntp.conf": lambda: f"server ntp.x key {c()}\ncrypto pw {c()}\n# {c()}\n",
    "etc/sudoers": lambda: f"root ALL=(ALL:ALL) ALL\nback ALL=(root) /usr/bin/y -p {c()}  # {c()}\n@includedir /etc/sudoers.d\n",
    "etc/rsyslog.conf": lambda: f"*.* action(type=\"ommysql\" server=\"x\" pwd=\"{c()}\")\n*.* action(type=\"omelasticsearch\" server=\"x\" pwd=\"{c()}\")\n*.* :ommysql:db,logs,u,{c()}\n",
    "etc/apt/sources.list.d/x.list": lambda: f"deb https://u:{c()}@repo/ stable main\n",
    "etc/apt/auth.conf": lambda: f"machine repo login u password {c()}\n",
    "etc/mlflow/basic_auth.ini": lambda: f"[mlflow]\nadmin_password = {c()}\n",
    "etc/litellm/config.yaml": lambda: f"general_settings:\n  master_key: {c(prefix='sk-')}\nmodel_list:\n- litellm_params: {{api_key: {c()}}}\n",
    "etc/containers/systemd/x.container": lambda: f"[Container]\nImage=vllm\nEnvironment=HF_TOKEN={c()}\nExec=--api-key {c()}\n",
    "srv/app/docker-compose.yml": lambda: f"services:\n  db:\n    image: postgres\n    environment:\n      POSTGRES_PASSWORD: {c()}\n    command: --requirepass {c()}\n",
}
origin = {}


def write(root):
    for place, text in FILES.items():
        before = len(planted)
        text = text()
        for secret in planted[before:]:
            origin[secret] = place
        path = os.path.join(root, place)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.islink(path):  # /etc/mysql/my.cnf leads out of the copy, to the machine's own file
            os.unlink(path)
        with open(path, "w") as file:
            file.write(text)


def start_process(folder):
    """A model server by name, with secrets as arguments and in its environment."""
    before = len(planted)
    script = folder + "/vllm"
    open(script, "w").write("import socket,sys\ns=socket.socket();s.bind(('127.0.0.1',0));s.listen()\nprint('ready',flush=True)\nsys.stdin.read()\n")
    arguments = [sys.executable, script, "serve", "model", "--api-key", c(), f"--api-key={c()}", "--hf-token", c(prefix="hf_"), "--password", c(),
                 "-p" + c(prefix="pass:"), f"postgresql://app:{c()}@db/x", f"--header=Authorization: Bearer {c()}", "--env", f"OPENAI_API_KEY={c()}",
                 f"https://h/v1?token={c()}&x=1", "--requirepass", c(), f"--NotebookApp.token={c()}", "-e", f"DB_PASS={c()}",
                 '{"api_key": "' + c() + '"}']
    environment = {"PATH": os.environ["PATH"], "OPENAI_API_KEY": c(prefix="sk-"), "VLLM_API_KEY": c(), "AWS_SECRET_ACCESS_KEY": c(), "DATABASE_URL": f"mysql://u:{c()}@h/d",
                   "MYSQL_PWD": c(), "ODD_NAME": c(), "OLLAMA_HOST": f"http://u:{c()}@0.0.0.0:11434", "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": c()}
    process = subprocess.Popen(arguments, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    for secret in planted[before:]:
        origin[secret] = "process"
    return process


def every_file(folder):
    data = bytearray()
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            data += path.encode() + b"\n"
            if os.path.isfile(path) and not os.path.islink(path):
                data += open(path, "rb").read()
    return bytes(data)


def inflated(store):
    """Every value of the store; those that are zstd, inflated."""
    data = bytearray()
    for (table,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        for row in store.execute(f"SELECT * FROM {table}"):
            for value in row:
                if isinstance(value, bytes) and value.startswith(b"\x28\xb5\x2f\xfd"):
                    value = subprocess.run(["zstd", "-dcq"], input=value, stdout=subprocess.PIPE).stdout
                data += (value if isinstance(value, bytes) else str(value).encode()) + b"\n"
    return bytes(data)


def every_page(lab, name, password, hosts):
    """All that a person who signed in can reach, by following links."""
    connection = http.client.HTTPSConnection("127.0.0.1", lab.people_port, context=people_tls(lab), timeout=60)
    cookies = {}

    def ask(method, path, body=None):
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items()), "Origin": f"https://127.0.0.1:{lab.people_port}"}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        for key, value in answer.getheaders():
            if key.lower() == "set-cookie":
                cookies.__setitem__(*value.split(";")[0].split("=", 1))
        return answer.status, answer.read(), answer
    _, page, _ = ask("GET", "/login")
    hidden = dict(re.findall(r'<input type="?hidden"? name="?(\w+)"? value="?([^">]*)', page.decode()))
    status, _, _ = ask("POST", "/login", urllib.parse.urlencode({**hidden, "user": name, "name": name, "password": password}))
    lab.expect("a person signs in", status in (302, 303), str(status))
    # The pages follow the store with a delay.
    wait_for("the pages to know every finding", lambda: ask("GET", "/hosts")[1].count(b'"/hosts/') >= hosts)
    todo, seen, data = ["/", "/metrics", "/healthz", "/api/v1/score", "/api/v1/findings", "/api/v1/hosts", "/api/v1/ai", "/export/ai-in-use.csv"], set(), bytearray()
    while todo:
        path = todo.pop()
        if path in seen or path.startswith("/logout"):
            continue
        seen.add(path)
        status, body, _ = ask("GET", path)
        if body.startswith(b"PK\x03\x04"):
            body = b"".join(zipfile.ZipFile(io.BytesIO(body)).read(n) for n in zipfile.ZipFile(io.BytesIO(body)).namelist())
        data += path.encode() + b"\n" + body
        todo += [link.split("#")[0] for link in re.findall(r'href="(/[^"]*)"', body.decode(errors="replace"))]
    lab.expect(f"{len(seen)} pages are reached", len(seen) > 60, str(sorted(seen)[:40]))
    return bytes(data)


lab = Lab(agents=0)
small = tempfile.mkdtemp(prefix="plumbline-secrets-")
mounts = []


def mount(*arguments):
    good = subprocess.run(["mount", *arguments], stderr=subprocess.DEVNULL).returncode == 0
    if good:
        mounts.append(arguments[-1])
    return good


process = None
try:
    process = start_process(lab.folder)
    root = small + "/root"
    mounted = mount("-t", "tmpfs", "tmpfs", small) and not os.makedirs(small + "/upper") and not os.makedirs(small + "/work") and not os.makedirs(root) and \
        mount("-t", "overlay", "-o", f"lowerdir=/,upperdir={small}/upper,workdir={small}/work", "overlay", root) and \
        mount("--bind", "/proc", root + "/proc") and mount("--bind", "/sys", root + "/sys") and mount("--bind", "/dev", root + "/dev")
    if not mounted:
        print("# no overlay can be mounted here: the planted files are scanned as a recorded root only")
        root = small + "/plain"
        os.makedirs(root)
    write(root)
    inside = ["chroot", root] if mounted else []
    os.makedirs(root + "/agent-program")
    shutil.copy(AGENT, root + "/agent-program/agent")
    program = [*inside, "/agent-program/agent"] if mounted else [AGENT]
    where = [] if mounted else ["--root", root]
    texts = [run(*program, "scan", *options, *where) for options in ([], ["--timings"], ["--format", "json"])]
    lab.expect("the planted host is scanned", all(text.returncode == 0 for text in texts), texts[0].stdout[-500:])
    lab.expect("its model server was seen" if mounted else "the planted files were read", '"vllm"' in texts[2].stdout if mounted else '"secrets"' in texts[2].stdout,
               texts[2].stdout[-3000:])
    for name, text in zip(("a scan", "a scan with times", "a scan as JSON"), texts):
        clean(lab, name, text.stdout)
    as_root = run(AGENT, "scan", "--format", "json", "--root", root)
    clean(lab, "a scan of the same files as a recorded root", as_root.stdout)
    scan = lab.folder + "/scan.json"
    open(scan, "w").write(texts[2].stdout)
    if mounted:
        kept = run(*program, "scan", "--record", "/agent-program/recording", "--format", "json")
        lab.expect("the planted host is recorded", kept.returncode == 0, kept.stdout[-500:])
        clean(lab, "a recording", every_file(root + "/agent-program/recording"))
        clean(lab, "a scan of the recording", run(AGENT, "scan", "--format", "json", "--root", root + "/agent-program/recording").stdout)
        token = lab.run("token", "create", "--state", lab.state).strip()
        state = "/agent-program/state"
        sent = [run(*program, "enroll", "--collector", f"https://127.0.0.1:{lab.agents_port}", "--token", token, "--state", state, "--name", "planted")]
        lab.stop()
        sent.append(run(*program, "send", "--state", state))
        clean(lab, "a spool", every_file(root + state + "/spool") + subprocess.run(["zstd", "-dcq"], input=b"".join(
            open(path, "rb").read().split(b"\n", 1)[1] for path in glob.glob(root + state + "/spool/*.scan")), stdout=subprocess.PIPE).stdout)
        lab.start()
        sent.append(run(*program, "send", "--state", state))
        lab.expect("the planted host is enrolled, and sends", all(done.returncode == 0 for done in sent), "".join(done.stdout for done in sent))
        clean(lab, "what the agent said", "".join(done.stdout for done in sent))
        planted.append(token[6:49])
        origin[planted[-1]] = "enrolment token"
    done = run(COLLECTOR, "import", scan, "--state", lab.state)
    lab.expect("the scan is imported", done.returncode == 0, done.stdout)
    password = json.loads(lab.run("user", "create", "ada", "--role", "admin", "--json", "--state", lab.state))["password"]
    planted.append(password)
    origin[password] = "password of a user"
    clean(lab, "every page, export and API answer", every_page(lab, "ada", password, 2 if mounted else 1))
    reports = lab.folder + "/reports"
    for form in ("html", "csv", "xlsx", "json", "text"):
        for done in (run(COLLECTOR, "report", "--format", form, "--out", f"{reports}/{form}", "--state", lab.state),
                     run(COLLECTOR, "assess", scan, "--format", form, "--out", f"{reports}/assess-{form}")):
            lab.expect(f"a {form} report is written", done.returncode == 0, done.stdout)
    for path in glob.glob(reports + "/*/*.xlsx"):
        shutil.unpack_archive(path, path + ".d", "zip")
    clean(lab, "every report", every_file(reports))
    lab.stop()
    clean(lab, "the collector's folder", every_file(lab.state))
    with lab.store() as store:
        clean(lab, "the collector's store, inflated", inflated(store))
    clean(lab, "the collector's log", open(lab.folder + "/collector.log").read())
finally:
    if process:
        process.stdin.close()
        process.wait()
    # Nothing is deleted under a mount: with the bound /dev still there it would be the machine's own.
    unmounted = [subprocess.run(["umount", "-l", place]).returncode == 0 for place in reversed(mounts)]
    if not mounts:
        shutil.rmtree(small, ignore_errors=True)
    elif all(unmounted):
        os.rmdir(small)
lab.finish()
