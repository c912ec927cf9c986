# SPDX-License-Identifier: Apache-2.0
"""What the agent says of real data stores is what they say themselves: as configured, as answered, and as a client finds them."""
import json, os, shutil, socket, subprocess, sys

import stores_lab as lab
from lab import COLLECTOR, wait_for
from stores_lab import OWN, PASSWORD, PG_BIN, PG_MAJOR, ROOM, fails, folder, listens, run, same, say, start, store, write

NEEDED = ["mariadbd", "redis-server", "memcached", "mosquitto", "etcd", "nats-server", "openssl"]
# Larger ones, from the packages of the nightly tests: they take part where they are.
HAS_INFLUXDB, HAS_RABBITMQ = (shutil.which(name) is not None for name in ("influxd", "rabbitmq-server"))
PG_ENV = {"PGPASSWORD": PASSWORD, "PGCONNECT_TIMEOUT": "10"}


# ---- PostgreSQL

def psql(port, query, user="postgres"):
    return run("psql", "-XAtq", "-p", str(port), "-h", "/run/postgresql", "-c", query, user=user)


def pg_start(name, data, *more):
    start("postgresql-" + name, PG_BIN + "/postgres", "-D", data, *more, user="postgres")


def pg_ready(port):
    wait_for(f"PostgreSQL on port {port}", lab.answers(PG_BIN + "/pg_isready", "-q", "-h", "/run/postgresql", "-p", str(port)))


def pg_make(name, auth, config, hba):
    data = f"{ROOM}/pg-{name}"
    folder(data, "postgres")
    run(PG_BIN + "/initdb", "-N", "-D", data, "-A", auth, "--pwfile", write(ROOM + "/pg-password", PASSWORD, "postgres", 0o600), user="postgres")
    with open(data + "/postgresql.conf", "a") as file:
        file.write("\n" + config)
    write(data + "/pg_hba.conf", hba, "postgres", 0o600)
    return data


def start_stock_postgresql():
    """As Debian's package makes it, started as its pg_ctlcluster does."""
    run("pg_createcluster", PG_MAJOR, "main", "--port", "5432", "--", "-N")
    pg_start("stock", f"/var/lib/postgresql/{PG_MAJOR}/main", "-c", f"config_file=/etc/postgresql/{PG_MAJOR}/main/postgresql.conf")


def start_trusting_postgresql():
    data = pg_make("trust", "trust", f"port = 5433\nlisten_addresses = '{OWN}'\nshared_buffers = 24MB\nfsync = off\n",
                   "local all all trust\nhost all all 0.0.0.0/0 trust\n")
    pg_start("trust", data)


def start_primary_postgresql():
    """Settings in included files, passwords and TLS, an archive; and a standby that was made from it."""
    data = pg_make("primary", "scram-sha-256", "include 'network.conf'\ninclude_dir 'more'\ninclude_if_exists 'absent.conf'\n",
                   "local all postgres peer\nhostssl all all 0.0.0.0/0 scram-sha-256\nhostssl replication copier samenet scram-sha-256\nhost all all 0.0.0.0/0 reject\n")
    write(data + "/network.conf", "port = 5434\nlisten_addresses = '10.23.0.5, localhost'\n", "postgres", 0o600)
    write(data + "/more/10-tls.conf", f"ssl = off\nssl_cert_file = '{ROOM}/tls-postgres/server.crt'\nssl_key_file = '{ROOM}/tls-postgres/server.key'\n", "postgres")
    write(data + "/more/20-tls.conf", "ssl = on\n", "postgres")
    write(data + "/more/30-archive.conf", f"archive_mode = on\narchive_command = 'cp %p {ROOM}/archive/%f'\nwal_keep_size = 16MB\n", "postgres")
    write(data + "/more/ignored.txt", "ssl = off\nport = 5499\n", "postgres")
    folder(ROOM + "/archive", "postgres")
    pg_start("primary", data)
    pg_ready(5434)
    psql(5434, f"CREATE ROLE copier LOGIN REPLICATION PASSWORD '{PASSWORD}'")
    psql(5434, "ALTER SYSTEM SET work_mem = '8MB'")
    folder(ROOM + "/pg-standby", "postgres")
    run(PG_BIN + "/pg_basebackup", "-h", OWN, "-p", "5434", "-U", "copier", "-D", ROOM + "/pg-standby", "-R", "-X", "stream", "-c", "fast",
        user="postgres", env=PG_ENV)
    write(ROOM + "/pg-standby/network.conf", "port = 5435\nlisten_addresses = 'localhost'\n", "postgres", 0o600)
    pg_start("standby", ROOM + "/pg-standby")
    pg_ready(5435)
    psql(5434, "SELECT pg_switch_wal()")
    wait_for("the archive", lambda: psql(5434, "SELECT archived_count > 0 FROM pg_stat_archiver") == "t")
    wait_for("the standby", lambda: psql(5434, "SELECT count(*) FROM pg_stat_replication") == "1")


def check_postgresql_common(document, port):
    """What every PostgreSQL can be asked for itself."""
    one = store(document, "postgresql", port)
    name = f"PostgreSQL on {port}"
    shown = lambda setting: psql(port, "SHOW " + setting)
    same(f"{name}: version", one.get("version"), shown("server_version").split(" ")[0])
    same(f"{name}: TLS", one.get("tls"), shown("ssl"))
    same(f"{name}: TLS as answered", one.get("answered_tls"), shown("ssl"))
    same(f"{name}: data folder", one.get("data_folder"), shown("data_directory"))
    same(f"{name}: memory for data", one.get("cache_bytes"), int(psql(port, "SELECT setting::bigint * 8192 FROM pg_settings WHERE name = 'shared_buffers'")))
    same(f"{name}: archive", one.get("archiving"), "on" if shown("archive_mode") == "on" and shown("archive_command") not in ("", "(disabled)") else "off")
    standby = psql(port, "SELECT pg_is_in_recovery()") == "t"
    senders = int(psql(port, "SELECT count(*) FROM pg_stat_replication"))
    same(f"{name}: part in replication", one.get("replication"), "replica" if standby else "primary" if senders else "single")
    same(f"{name}: owner", (one.get("user"), one.get("root")), ("postgres", False))
    same(f"{name}: package", one.get("package_version"), lab.package_version(f"postgresql-{PG_MAJOR}"))
    available = psql(port, "SELECT default_version FROM pg_available_extensions WHERE name = 'vector'")
    same(f"{name}: vector search", (one.get("vector_capable"), one.get("vector_version", "")), (available != "", available))
    databases = int(psql(port, "SELECT sum(pg_database_size(oid)) FROM pg_database"))
    say(databases <= one.get("data_bytes", 0) < databases + (1 << 30), f"{name}: size holds its databases and its log", (databases, one.get("data_bytes")))
    return one


def check_postgresql(document):
    one = check_postgresql_common(document, 5432)
    same("stock PostgreSQL: reach, login", (one.get("exposure"), one.get("auth"), one.get("risky_settings")), ("loopback", "required", []))
    rows = psql(5432, "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method IN ('trust', 'password', 'md5')")
    same("stock PostgreSQL: weak lines of pg_hba.conf", rows, "0")

    one = check_postgresql_common(document, 5433)
    same("trusting PostgreSQL: reach, login", (one.get("exposure"), one.get("auth"), one.get("auth_evidence")),
         ("private", "none", "pg_hba.conf line 2: trust from every address"))
    same("trusting PostgreSQL: a stranger gets in", run("psql", "-XAtqw", "-h", OWN, "-p", "5433", "-U", "postgres", "-c", "SELECT 1"), "1")
    same("trusting PostgreSQL: risky settings", one.get("risky_settings"),
         ["fsync=off", "pg_hba.conf: trust on this host", "pg_hba.conf: every address without TLS"])
    same("trusting PostgreSQL: fsync itself", psql(5433, "SHOW fsync"), "off")

    one = check_postgresql_common(document, 5434)
    same("primary: reach, login, TLS wanted", (one.get("exposure"), one.get("auth"), one.get("tls_required")), ("private", "required", True))
    address = f"host={OWN} port=5434 user=postgres dbname=postgres "
    same("primary: TLS and the password get in", run("psql", "-XAtqw", address + "sslmode=require", "-c", "SELECT 1", env=PG_ENV), "1")
    say("rejects connection" in fails("psql", "-XAtqw", address + "sslmode=disable", "-c", "SELECT 1", env=PG_ENV), "primary: without TLS nobody gets in")
    say("password" in fails("psql", "-XAtqw", address + "sslmode=require", "-c", "SELECT 1", env={"PGPASSWORD": "wrong"}), "primary: a wrong password does not")
    age = float(psql(5434, "SELECT extract(epoch FROM now() - last_archived_time) / 3600 FROM pg_stat_archiver"))
    say(0 <= one.get("archive_age_hours", -1) <= age + 0.001, "primary: age of the archive", (one.get("archive_age_hours"), age))
    one = check_postgresql_common(document, 5435)
    same("standby: reach", one.get("exposure"), "loopback")


# ---- MariaDB

def mariadb(name, query):
    return run("mariadb", "-N", "-B", "-S", f"/run/mysqld/{name}.sock", "-e", query)


def start_mariadb():
    """Debian's own; one with TLS and a binary log on the network; one that skips its grants."""
    run("mariadb-install-db", "--user=mysql", "--skip-test-db", "--datadir=/var/lib/mysql")
    for name in ("tls", "open"):
        shutil.copytree("/var/lib/mysql", f"{ROOM}/mysql-{name}")
        run("chown", "-R", "mysql:", f"{ROOM}/mysql-{name}")
    write("/etc/mysql/mariadb.conf.d/99-site.cnf", "[mariadbd]\nsocket = /run/mysqld/stock.sock\n[mysqldump]\nskip-grant-tables\n")
    start("mariadb", "/usr/sbin/mariadbd", user="mysql")
    write(ROOM + "/tls.cnf", f"""[mariadb]
socket = /run/mysqld/tls.sock
datadir = {ROOM}/mysql-tls
port = 3307
bind-address = {OWN}
log_bin
require-secure-transport
local-infile
innodb_buffer_pool_size = 64M
ssl_cert = {ROOM}/tls-mysql/server.crt
ssl_key = {ROOM}/tls-mysql/server.key
""")
    start("mariadb-tls", "/usr/sbin/mariadbd", "--defaults-file=" + ROOM + "/tls.cnf", user="mysql")
    start("mariadb-open", "/usr/sbin/mariadbd", "--no-defaults", "--port=3308", f"--datadir={ROOM}/mysql-open", "--socket=/run/mysqld/open.sock",
          "--skip-grant-tables", "--skip-networking=0", user="mysql")


def check_mariadb(document):
    for name, port in (("stock", 3306), ("tls", 3307), ("open", 3308)):
        one = store(document, "mariadb", port)
        shown = dict(line.split("\t", 1) for line in mariadb(name, "SHOW VARIABLES").splitlines() if "\t" in line)
        here = f"MariaDB {name}"
        same(f"{here}: version", one.get("version"), shown["version"].split("-")[0])
        # Where it listens on no loopback address it is not greeted: a greeting would count against the caller's address.
        greeted = shown["bind_address"] != OWN
        same(f"{here}: version as answered", one.get("answered_version"), shown["version"].split("-")[0] if greeted else None)
        same(f"{here}: package", one.get("package_version"), lab.package_version("mariadb-server"))
        same(f"{here}: data folder", one.get("data_folder"), shown["datadir"].rstrip("/"))
        same(f"{here}: memory for data", one.get("cache_bytes"), int(shown["innodb_buffer_pool_size"]))
        same(f"{here}: change log", one.get("archiving"), shown["log_bin"].lower())
        same(f"{here}: TLS", one.get("tls"), "on" if shown["have_ssl"] == "YES" else "off")
        same(f"{here}: TLS as answered", one.get("answered_tls"), ("on" if shown["have_ssl"] == "YES" else "off") if greeted else None)
        same(f"{here}: TLS wanted", one.get("tls_required"), shown["require_secure_transport"] == "ON")
        same(f"{here}: login", one.get("auth"), "none" if mariadb(name, "SELECT @@skip_grant_tables") == "1" else "required")
        same(f"{here}: files of clients", "local_infile=on" in one.get("risky_settings", []), name == "tls" and shown["local_infile"] == "ON")
        same(f"{here}: owner", one.get("user"), "mysql")
    same("MariaDB: reach", [store(document, "mariadb", port).get("exposure") for port in (3306, 3307, 3308)], ["loopback", "private", "any"])
    same("open MariaDB: a stranger gets in", run("mariadb", "-N", "-h", OWN, "-P", "3308", "-u", "anybody", "-e", "SELECT 1"), "1")
    say("Access denied" in fails("mariadb", "-h", "127.0.0.1", "-P", "3306", "-u", "root", "-e", "SELECT 1"), "stock MariaDB: a stranger does not")


# ---- Redis

def redis(port, *words, host="127.0.0.1", password=""):
    known = {"REDISCLI_AUTH": password} if password else {}
    return run("redis-cli", "-h", host, "-p", str(port), *words, env=known)


def start_redis():
    """Debian's own; open to all; with a password and TLS beside it; shut by protected mode; with users in a file; a copy of the open one.
    Their titles hide which file each was started with: they are told apart by their ports."""
    def instance(name, text):
        text = f"daemonize no\nlogfile ''\ndir {folder(f'{ROOM}/redis/{name}', 'redis')}\n{text}"
        start("redis-" + name, "/usr/bin/redis-server", write(f"/etc/redis/{name}.conf", text, "redis", 0o640), user="redis")

    write("/etc/redis/secret.inc", f'requirepass "{PASSWORD}"\n', "redis", 0o640)
    write("/etc/redis/users.acl", f"user default on nopass ~* +@read\nuser app on >{PASSWORD} ~* +@all\n", "redis", 0o640)
    start("redis", "/usr/bin/redis-server", "/etc/redis/redis.conf", "--daemonize", "no", "--supervised", "no", user="redis")
    instance("open", "port 6380\nbind * -::*\nprotected-mode no\nappendonly yes\nmaxmemory 64mb\nmaxmemory-policy allkeys-lru\nrepl-diskless-sync-delay 0\n")
    instance("password", f"include /etc/redis/secret.inc\nport 6381\nbind {OWN}\ntls-port 6391\nsave ''\ntls-auth-clients no\n"
             f"tls-cert-file {ROOM}/tls-redis/server.crt\ntls-key-file {ROOM}/tls-redis/server.key\n")
    instance("protected", "port 6382\nbind *\n")
    instance("users", f"aclfile /etc/redis/users.acl\nport 6383\nbind {OWN} 127.0.0.1\nprotected-mode no\n")
    instance("changed", f"port 6386\nbind {OWN}\nprotected-mode no\n")
    instance("copy", "port 6384\nbind 127.0.0.1\nreplicaof 127.0.0.1 6380\n")
    start("redis-hidden", "/usr/bin/redis-server", "--port", "6385", "--bind", "*", "--dir", folder(ROOM + "/redis/hidden", "redis"), user="redis")


def redis_lets_in(port, host):
    said = subprocess.run(["redis-cli", "-h", host, "-p", str(port), "GET", "x"], capture_output=True, text=True)
    return said.returncode == 0 and not said.stdout.startswith(("NOAUTH", "DENIED", "NOPERM"))


def check_redis(document):
    reaches = {6379: "127.0.0.1", 6380: OWN, 6381: OWN, 6382: "127.0.0.1", 6383: OWN, 6384: "127.0.0.1"}
    for port, host in reaches.items():
        one = store(document, "redis", port)
        login = {6381: PASSWORD}.get(port, "")
        told = lambda key: (redis(port, "CONFIG", "GET", key, host=host, password=login).splitlines() + ["", ""])[1]
        here = f"Redis on {port}"
        same(f"{here}: login", one.get("auth"), "none" if redis_lets_in(port, host) else "required")
        # Who comes without a name to 6383 may read keys and not PING, which proves nothing either way.
        same(f"{here}: login as answered", one.get("answered_auth"), "unknown" if port == 6383 else one.get("auth"))
        same(f"{here}: owner", one.get("user"), "redis")
        same(f"{here}: package", one.get("package_version"), lab.package_version("redis-server"))
        if port == 6383:
            continue  # who comes without a name may not ask for settings there
        same(f"{here}: version", one.get("version"), [line for line in redis(port, "INFO", "server", host=host, password=login).splitlines()
                                                      if line.startswith("redis_version:")][0].split(":")[1])
        same(f"{here}: data folder", one.get("data_folder"), told("dir"))
        same(f"{here}: kept on disk", one.get("archiving"), "on" if told("appendonly") == "yes" or told("save") else "off")
        same(f"{here}: TLS", one.get("tls"), "on" if told("tls-port") != "0" else "off")
        same(f"{here}: memory", (one.get("cache_bytes"), one.get("evicts")), (int(told("maxmemory")) or None, told("maxmemory-policy") != "noeviction" if int(told("maxmemory")) else None))
        role = redis(port, "ROLE", host=host, password=login).splitlines()[0]
        say((one.get("replication") == "replica") == (role == "slave"), f"{here}: part in replication", (one.get("replication"), role))
    same("Redis: reach", [store(document, "redis", port).get("exposure") for port in reaches], ["loopback", "any", "private", "loopback", "private", "loopback"])
    one = store(document, "redis", 6385)
    same("Redis of a hidden configuration: login, as answered, reach, data folder",
         (one.get("auth"), one.get("answered_auth"), one.get("exposure"), one.get("data_folder")), ("unknown", "none", "loopback", ROOM + "/redis/hidden"))
    one = store(document, "redis", 6386)
    same("Redis whose file got a password after its start: as set, as answered, as a client finds it",
         (one.get("auth"), one.get("answered_auth"), redis_lets_in(6386, OWN)), ("required", "none", True))
    say(not redis_lets_in(6382, OWN), "protected Redis: it refuses who comes from outside")
    say(redis_lets_in(6382, "127.0.0.1"), "protected Redis: it answers this host")
    same("protected Redis: why", store(document, "redis", 6382).get("auth_evidence"), "redis.conf: no requirepass; protected-mode refuses other hosts")


# ---- memcached, etcd, NATS, Mosquitto, InfluxDB, RabbitMQ

def start_small():
    start("memcached", "/usr/bin/memcached", "-m", "64", "-p", "11211", "-l", "127.0.0.1", user="memcache")
    start("memcached-open", "/usr/bin/memcached", "-m", "32", "-p", "11212", "-l", "0.0.0.0", "-U", "11212", user="memcache")
    start("etcd", "/usr/bin/etcd", user="etcd", env={"ETCD_DATA_DIR": folder("/var/lib/etcd/default", "etcd"), "ETCD_NAME": "default"})
    tls = f"{ROOM}/tls-etcd/server"
    start("etcd-tls", "/usr/bin/etcd", "--data-dir", folder(ROOM + "/etcd-tls", "etcd"), "--listen-client-urls", f"https://{OWN}:23790", "--advertise-client-urls",
          f"https://{OWN}:23790", "--listen-peer-urls", "http://127.0.0.1:23800", "--initial-advertise-peer-urls", "http://127.0.0.1:23800",
          "--initial-cluster", "default=http://127.0.0.1:23800", "--cert-file", tls + ".crt", "--key-file", tls + ".key", "--client-cert-auth", "--trusted-ca-file", tls + ".crt", user="etcd")
    start("nats", shutil.which("nats-server"), "-a", "0.0.0.0", "-p", "4222", user="nats")
    write(ROOM + "/nats.conf", f"listen: {OWN}:4223  # here\nauthorization {{\n  user: app\n  password: \"{PASSWORD}\"\n}}\njetstream {{ store_dir: {folder(ROOM + '/nats', 'nats')} }}\n", "nats", 0o640)
    start("nats-users", shutil.which("nats-server"), "-c", ROOM + "/nats.conf", user="nats")
    start("mosquitto", "/usr/sbin/mosquitto", "-c", "/etc/mosquitto/mosquitto.conf", user="mosquitto")
    write(ROOM + "/mosquitto/open.conf", f"include_dir {ROOM}/mosquitto/conf.d\nuser mosquitto\n")
    write(ROOM + "/mosquitto/conf.d/listener.conf", "listener 1884 0.0.0.0\nallow_anonymous true\n")
    start("mosquitto-open", "/usr/sbin/mosquitto", "-c", ROOM + "/mosquitto/open.conf", user="mosquitto")
    if HAS_INFLUXDB:
        start("influxdb", "/usr/bin/influxd", "-config", "/etc/influxdb/influxdb.conf", user="influxdb")
    if HAS_RABBITMQ:
        start("rabbitmq", "/usr/sbin/rabbitmq-server", env={"RABBITMQ_NODENAME": "rabbit@localhost"})


def facts_of(document, kind, port, *names):
    one = store(document, kind, port)
    return [one.get(name) for name in names]


def check_small(document):
    for port, memory, reach in ((11211, 64, "loopback"), (11212, 32, "any")):
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(b"stats settings\r\n")
            said = b""
            while not said.endswith(b"END\r\n"):
                said += line.recv(65536)
        told = dict(row.split(" ")[1:3] for row in said.decode().splitlines() if row.startswith("STAT ") and len(row.split(" ")) == 3)
        same(f"memcached on {port}: memory", facts_of(document, "memcached", port, "cache_bytes"), [int(told["maxbytes"])])
        same(f"memcached on {port}: reach, login, as answered", facts_of(document, "memcached", port, "exposure", "auth", "answered_auth"), [reach, "none", "none"])
        same(f"memcached on {port}: datagrams", facts_of(document, "memcached", port, "risky_settings"), [["udp-port=11212"] if told["udpport"] != "0" else []])
    version = json.loads(run("curl", "-sf", "http://127.0.0.1:2379/version"))["etcdserver"]
    same("etcd: version, reach, login, as answered", facts_of(document, "etcd", 2379, "version", "exposure", "auth", "answered_auth", "tls"), [version, "loopback", "none", "none", "off"])
    same("etcd: data folder", facts_of(document, "etcd", 2379, "data_folder"), ["/var/lib/etcd/default"])
    same("etcd: anybody reads keys", json.loads(run("curl", "-sf", "http://127.0.0.1:2379/v3/kv/range", "-d", '{"key":"AA=="}')).get("header") is not None, True)
    same("etcd with TLS: reach, login, TLS", facts_of(document, "etcd", 23790, "exposure", "auth", "tls", "tls_required", "answered_tls"), ["private", "required", "on", True, "on"])
    say(fails("curl", "-skf", f"https://{OWN}:23790/version") or subprocess.run(["curl", "-skf", f"https://{OWN}:23790/version"]).returncode != 0, "etcd with TLS: without a certificate nobody is answered")
    same("NATS: reach, login, as answered", facts_of(document, "nats", 4222, "exposure", "auth", "answered_auth", "tls"), ["any", "none", "none", "off"])
    same("NATS with users: reach, login, as answered", facts_of(document, "nats", 4223, "exposure", "auth", "answered_auth", "data_folder"), ["private", "required", "required", ROOM + "/nats"])
    same("NATS: version is the package's", facts_of(document, "nats", 4222, "version"), [lab.package_version("nats-server").split("-")[0]])
    same("stock Mosquitto: reach, kept", facts_of(document, "mosquitto", 1883, "exposure", "archiving", "data_folder"), ["loopback", "on", "/var/lib/mosquitto"])
    same("open Mosquitto: reach, login, as answered", facts_of(document, "mosquitto", 1884, "exposure", "auth", "answered_auth", "archiving"), ["any", "none", "none", "off"])
    if HAS_INFLUXDB:
        version = [line.split(": ")[1].strip() for line in run("curl", "-si", "http://127.0.0.1:8086/ping").splitlines() if line.lower().startswith("x-influxdb-version")][0]
        same("InfluxDB: version as answered, login", facts_of(document, "influxdb", 8086, "answered_version", "auth", "answered_auth"), [version, "none", "none"])
    if HAS_RABBITMQ:
        version = run("rabbitmqctl", "-q", "version", env={"RABBITMQ_NODENAME": "rabbit@localhost"})
        same("RabbitMQ: version, reach, login", facts_of(document, "rabbitmq", 5672, "version", "exposure", "auth", "answered_version"), [version, "any", "required", version])


# ---- all of them

# Of everything that this test starts, what the rules have to find: open and half-open stores on own or on all addresses.
OPEN_DOORS = ["data.store-auth critical", "data.answers-as-set high", "data.store-tls medium", "data.settings-safe medium",
              "data.point-in-time medium", "data.replica medium"]
# What hangs on the machine that runs this test: its disks and whether it is a container.
OF_THE_MACHINE = {"data.limited-reach", "data.free-space", "data.folder-encrypted", "data.local-disk"}


def check_findings(document, name, allowed):
    """The rules on data that fail on this host are those that are true of it."""
    path = write(f"{ROOM}/{name}.json", json.dumps(document))
    said = json.loads(run(COLLECTOR, "assess", "--json", path))
    found = sorted(f"{rule['id']} {rule['severity']}" for rule in said["rules"] if rule["id"].startswith("data.") and rule["id"] not in OF_THE_MACHINE and rule["failing"] and rule["severity"] != "low")
    same(f"{name}: findings on data above low", found, sorted(allowed))


def check_growth():
    """This machine recorded, and played twice: ten days later the database has grown by half of what was free. The collector, which has
    both from an import, tells that the disk is full in ten more."""
    data = f"/var/lib/postgresql/{PG_MAJOR}/main"
    recorded, state = ROOM + "/recorded", ROOM + "/collector"
    run(lab.AGENT, "scan", "--json", "--record", recorded)
    place = recorded + "/.plumbline/recording.json"
    recording = json.load(open(place))
    run(COLLECTOR, "init", "--state", state)
    for days in (0, 10):
        answers = dict(recording["answers"])
        space, usage = json.loads(answers["statvfs:/var/lib/postgresql"]), json.loads(answers["usage:" + data])
        usage["bytes"] += space["blocks_available"] * space["block_bytes"] // 2 * days // 10
        space["blocks_available"] = space["blocks_available"] * (20 - days) // 20
        answers.update({"usage:" + data: json.dumps(usage), "statvfs:/var/lib/postgresql": json.dumps(space), "now": str(int(answers["now"]) + days * 86400)})
        write(place, json.dumps({**recording, "answers": answers}))
        write(f"{ROOM}/day-{days}.json", run(lab.AGENT, "scan", "--json", "--root", recorded))
        run(COLLECTOR, "import", "--state", state, f"{ROOM}/day-{days}.json")
        found = [one["id"] for one in json.loads(run(COLLECTOR, "findings", "--state", state, "--json"))]
        same(f"growth is told after {days} days", "data.growth" in found, days == 10)


def as_nobody():
    """Who may not read a store's files says that it does not know; what the store answers he hears."""
    document = lab.scan(wrap=("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"))
    found = lab.stores_in(document)
    servers = [one for one in found if one["kind"] == "postgresql"]
    same("without rights: PostgreSQL's servers", len(servers), 4)
    same("without rights: their settings are unknown", {(one["auth"], one["tls"], one["archiving"]) for one in servers}, {("unknown", "unknown", "unknown")})


def with_pgvector():
    """Its control file, for the distribution's archive has no package of it."""
    where = f"/usr/share/postgresql/{PG_MAJOR}/extension"
    if not os.path.exists(where + "/vector.control"):
        write(where + "/vector.control", "comment = 'vector data type and ivfflat and hnsw access methods'\ndefault_version = '0.8.2'\nmodule_pathname = '$libdir/vector'\nrelocatable = true\n")
        write(where + "/vector--0.8.2.sql", "-- nothing of it is loaded\n")


missing = [name for name in NEEDED if shutil.which(name) is None]
if missing:
    sys.exit(f"not ok {', '.join(missing)} is not installed (packaging/dependencies.sh test)")
lab.prepare_room()
start_stock_postgresql()
pg_ready(5432)
stock = lab.scan()
check_postgresql_common(stock, 5432)
check_growth()
with_pgvector()
start_mariadb()
start_redis()
start_small()
start_trusting_postgresql()
start_primary_postgresql()
pg_ready(5433)
for port, address in ((3306, "127.0.0.1"), (3307, OWN), (3308, OWN), (6379, "127.0.0.1"), (6380, OWN), (6381, OWN), (6382, OWN), (6383, OWN), (6384, "127.0.0.1"), (6385, "127.0.0.1"), (6386, OWN), (11211, "127.0.0.1"),
                      (11212, OWN), (2379, "127.0.0.1"), (23790, OWN), (4222, OWN), (4223, OWN), (1883, "127.0.0.1"), (1884, OWN), *([(8086, "127.0.0.1")] if HAS_INFLUXDB else []), *([(5672, OWN)] if HAS_RABBITMQ else [])):
    wait_for(f"port {port}", lambda: listens(port, address))
wait_for("the copy of Redis", lambda: "master_link_status:up" in redis(6384, "INFO", "replication"))
with open("/etc/redis/changed.conf", "a") as file:
    file.write(f'requirepass "{PASSWORD}"\n')
document = lab.scan()
check_postgresql(document)
check_mariadb(document)
check_redis(document)
check_small(document)
say(PASSWORD not in json.dumps(document), "no password is in the scan")
as_nobody()
check_findings(stock, "stock PostgreSQL", ["data.point-in-time medium", "data.replica medium"])  # true: it has neither archive nor copy
check_findings(document, "a house of open doors", OPEN_DOORS)
sys.exit(1 if lab.failures else 0)
