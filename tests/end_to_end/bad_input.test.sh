#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a person gets wrong: each mistake ends with a status, a line that says what happened and what to do, and
# nothing half-written.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/end_to_end/lib.sh
work=$(scratch_folder)
cp -r rules "$work/rules"
"$agent" scan --format json >"$work/scan.json"

# the agent
refuse "a root that is not there" 1 "no-such-root" "$agent" scan --root "$work/no-such-root"
refuse "a root that is a file" 1 "scan.json" "$agent" scan --root "$work/scan.json"
refuse "a section that is not there, with the nearest name" 2 "memroy.*memory" "$agent" scan --only memroy
refuse "a format that is not there" 2 "format" "$agent" scan --format xml
mkdir "$work/full"; touch "$work/full/file"
refuse "a record folder that is not empty" 1 "empty" "$agent" scan --record "$work/full"
refuse "no command" 2 "--help" "$agent"
refuse "enrolling without a token" 2 "token" "$agent" enroll --collector https://127.0.0.1:1
refuse "a token that is none" 1 "token" "$agent" enroll --collector https://127.0.0.1:1 --token rubbish --state "$work/agent"
refuse "sending before enrolment" 1 "enroll" "$agent" send --state "$work/agent"
refuse "a collector that is not there" 1 "127.0.0.1" "$agent" enroll --collector https://127.0.0.1:1 \
  --token "plumb_$(printf 'a%.0s' {1..43})_$(printf '0%.0s' {1..64})" --state "$work/agent"
expect "a failed enrolment leaves no identity behind" test ! -e "$work/agent/identity.json"

# judging without a server
refuse "a scan that is not there" 1 "nothing.json" "$collector" assess "$work/nothing.json"
echo '{"schema":1' >"$work/cut.json"
refuse "a scan that is not JSON" 1 "cut.json.*JSON" "$collector" assess "$work/cut.json"
printf '%0100d' 0 | tr 0 '[' >"$work/deep.json"
refuse "a scan that is too deep" 1 "deeper" "$collector" assess "$work/deep.json"
head -c 20000000 /dev/zero | tr '\0' ' ' >"$work/large.json"
refuse "a scan that is too large" 1 "larger|limit" "$collector" assess "$work/large.json"
sed 's/"schema":1/"schema":9/' "$work/scan.json" >"$work/schema.json"
refuse "a scan of another schema" 1 "schema 9.*same version" "$collector" assess "$work/schema.json"
sed 's/"cores":[0-9]*/"cores":"many"/' "$work/scan.json" >"$work/type.json"
refuse "a fact of the wrong type" 1 "cpu.cores must be int" "$collector" assess "$work/type.json"
refuse "an audience that is not there" 2 "audience" "$collector" assess "$work/scan.json" --audience cfo
refuse "packs that are not there" 1 "no-packs" "$collector" assess "$work/scan.json" --packs "$work/no-packs"
printf 'rules:\n  - id: [' >"$work/rules/packs/ssh/broken.yaml"
refuse "a pack that is not YAML" 1 "broken.yaml:2:" "$collector" assess "$work/scan.json" --packs "$work/rules"
cat >"$work/rules/packs/ssh/broken.yaml" <<'Y'
rules:
  - id: ssh.mistake
    title: Nothing
    why: Nothing.
    pillar: security
    severity: low
    check: ssh.permit_rot_login == "no"
    expected: no
    fail: {it: a, cio: b, ceo: c}
    fix: {text: d, effort_days: 1, cost: C0, owner: Head of IT}
    references: [none]
Y
refuse "a pack with a misspelt fact, with its place and the nearest name" 1 "broken.yaml:7:.*permit_root_login" "$collector" rules check --packs "$work/rules"
rm "$work/rules/packs/ssh/broken.yaml"
check "the packs without the mistake are fine" "$collector" rules check --packs "$work/rules"
refuse "a threshold that is met gives status 3" 3 "" "$collector" assess "$work/scan.json" --fail-on low
refuse "a threshold that is not there" 2 "fail-on" "$collector" assess "$work/scan.json" --fail-on dreadful
refuse "an output folder that cannot be made" 1 "scan.json" "$collector" assess "$work/scan.json" --format html --out "$work/scan.json/reports"

# the collector
refuse "serving before init" 1 "init" "$collector" serve --state "$work/none"
free_ports() { python3 -c '
import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(one.getsockname()[1] for one in held))'; }
read -r port other < <(free_ports)
check "init makes a state folder" "$collector" init --state "$work/state" --agents-port "$port" --people-port "$other"
refuse "init over a state folder that is there" 1 "state" "$collector" init --state "$work/state"
refuse "a user without a known role" 2 "role" "$collector" user create eve --role emperor --state "$work/state"
# Holds a port, answers with nothing or as some other server, until it is ended. Says "ready" first.
stranger() { exec python3 - "$@" <<'P'
import socket, ssl, sys
kind, port, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
server = socket.create_server(("127.0.0.1", port))
print("ready", flush=True)
while True:
    try:
        peer, _ = server.accept()
        if kind == "tls":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(folder + "/other.pem", folder + "/other.key")
            peer = context.wrap_socket(peer, server_side=True)
        got = peer.recv(65536)
        open(folder + "/heard", "ab").write(got)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nhi\n")
        peer.close()
    except OSError:
        pass
P
}
begin() { # kind: starts a stranger on $port and waits for it
  stranger "$1" "$port" "$work" >"$work/ready" 2>/dev/null & holder=$!
  for ((i = 0; i < 400; i++)); do grep -q ready "$work/ready" 2>/dev/null && return; read -r -t 0.05 <> <(:) || true; done
  echo "not ok a server for the test starts"
}
end() { kill "$holder"; wait "$holder" 2>/dev/null; rm -f "$work/ready"; }
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/other.key" -out "$work/other.pem" -days 2 \
  -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 2>/dev/null
token=$("$collector" token create --state "$work/state")
enroll=("$agent" enroll --collector "https://127.0.0.1:$port" --state "$work/agent")

begin plain
refuse "a port that is taken" 1 "$port" timeout 20 "$collector" serve --state "$work/state"
refuse "a collector that speaks no TLS" 1 "127.0.0.1:$port.*cannot be reached" "${enroll[@]}" --token "$token"
refuse "an address without https" 1 "https" "$agent" enroll --collector "http://127.0.0.1:$port" --token "$token" --state "$work/agent"
end; begin tls
refuse "a server that is no collector" 1 "no Plumbline collector" "${enroll[@]}" --token "$token"
expect "the token was not sent to either" bash -c "! grep -aq '${token:6:43}' '$work/heard'"
end

"$collector" serve --state "$work/state" >"$work/collector.log" 2>&1 & serving=$!
trap 'kill $serving 2>/dev/null' EXIT
for ((i = 0; i < 400; i++)); do [[ -f "$work/state/run.json" ]] && break; read -r -t 0.05 <> <(:) || true; done
other_token=${token:0:50}$(printf '1%.0s' {1..64})
refuse "a token of another collector" 1 "not the collector that made the token" "${enroll[@]}" --token "$other_token"
wrong_token=plumb_$(printf 'a%.0s' {1..43})${token:49}
refuse "a token that was never made" 1 "token" "${enroll[@]}" --token "$wrong_token"
expired=$("$collector" token create --state "$work/state")
python3 - "$work/state/plumbline.db" <<'P'
import sqlite3, sys
store = sqlite3.connect(sys.argv[1], timeout=20)
store.execute("UPDATE tokens SET expires_at = 1")
store.commit()
P
refuse "a token that has expired" 1 "token.*token create" "${enroll[@]}" --token "$expired"
token=$("$collector" token create --state "$work/state")
check "a good token" "${enroll[@]}" --token "$token"
refuse "a host that is enrolled already" 1 "--replace" "${enroll[@]}" --token "$token"
refuse "a token that was used" 1 "token.*token create" "$agent" enroll --collector "https://127.0.0.1:$port" --token "$token" --state "$work/agent-2"
check "an enrolled host sends" "$agent" send --state "$work/agent"
host=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["host_id"])' "$work/agent/identity.json")
check "the host is denied" "$collector" hosts deny "$host" --state "$work/state"
denied() { # the connection that was open when it was denied may be cut; the next is answered
  for ((i = 0; i < 100; i++)); do last_output=$("$agent" send --state "$work/agent" 2>&1); grep -qi 'denied' <<<"$last_output" && return; read -r -t 0.05 <> <(:) || true; done; return 1; }
denied; report $? "a denied host is told so"
refuse "a host that is not there is not denied" 1 "hosts" "$collector" hosts deny no-such-host --state "$work/state"
kill $serving; wait $serving
begin tls
last_output=$("$agent" send --state "$work/agent" 2>&1)
expect "a server in the collector's place is seen, and gets nothing" grep -q "not the collector this host trusts.*nothing was sent" <<<"$last_output"
end

# a full disk
mkdir "$work/small"
if mount -t tmpfs -o size=256k tmpfs "$work/small" 2>/dev/null; then
  trap 'umount "$work/small"' EXIT
  refuse "a full disk under --record" 1 "[Nn]o space|cannot be written" "$agent" scan --record "$work/small/recording"
  rm -rf "$work/small/recording"
  head -c 250000 /dev/zero >"$work/small/filler"
  refuse "a full disk under reports" 1 "[Nn]o space|cannot be written" "$collector" assess "$work/scan.json" --format html --out "$work/small/reports"
  expect "no half-written page is left" bash -c "! find '$work/small/reports' -type f 2>/dev/null | grep -q ."
  refuse "a full disk under init" 1 "[Nn]o space|cannot be written|full" "$collector" init --state "$work/small/state"
else
  echo "# a small file system cannot be mounted here: full disks by /dev/full only"
fi
refuse "a full disk under standard output" 1 "standard output" bash -c "'$agent' scan --format json >/dev/full"
refuse "a full disk under a report on standard output" 1 "standard output" bash -c "'$collector' assess '$work/scan.json' --format json >/dev/full"

refuse "importing a scan that is not JSON" 1 "JSON" "$collector" import "$work/cut.json" --state "$work/state"
check "nothing of it was kept" bash -c "'$collector' hosts --json --state '$work/state' | python3 -c 'import json, sys; assert len(json.load(sys.stdin)) == 1'"
refuse "rules eval with a misspelt fact" 1 "cpu.cores" "$collector" rules eval 'cpu.coers > 2'
expect "no half-written file is left" bash -c "! find '$work' -name '*.new' | grep -q ."
finish
