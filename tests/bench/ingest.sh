#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goals P7 and P8 in one run: nginx that reads a 20 KB body over mutual TLS and answers 204, our listener doing the same,
# and the collector that accepts, stores durably and judges; handshakes of all three. What counts is the server's CPU
# time, for client and server share the machine. Prints a Markdown table for docs/performance.md.
#   tests/bench/ingest.sh [BUILD]     default: build/release
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:-build/release}
agents=${AGENTS:-8} requests=${REQUESTS:-20000} handshakes=${HANDSHAKES:-1500} scans=${SCANS:-150}
load=$build/bin/wire_load sink=$build/bin/http_sink sim=$build/bin/agent_sim collector=$build/bin/plumbline-collector
export PLUMBLINE_RULES=${PLUMBLINE_RULES:-$PWD/rules}
for program in "$load" "$sink" "$sim" "$collector"; do [[ -x $program ]] || { echo "bench: build first: $program is missing" >&2; exit 1; }; done
command -v nginx >/dev/null || { echo "bench: nginx is not installed" >&2; exit 1; }
scratch=$(mktemp -d) pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null; rm -rf "$scratch"' EXIT
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
wait_for() { for ((i = 0; i < 1000; i++)); do "$@" && return 0; sleep 0.02; done; echo "bench: gave up waiting: $*" >&2; exit 1; }
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# One authority, a server and a client of it, all on P-256, as the collector's own are.
cd "$scratch"
ec=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
openssl req -x509 "${ec[@]}" -keyout ca.key -out ca.pem -subj /CN=bench -days 2 2>/dev/null
for name in server client; do
  openssl req "${ec[@]}" -keyout $name.key -out $name.csr -subj /CN=localhost 2>/dev/null
  openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out $name.pem \
    -extfile <(echo "extendedKeyUsage=${name}Auth"; echo "subjectAltName=DNS:localhost") 2>/dev/null
done
head -c 20000 /dev/urandom >body
cd - >/dev/null

nginx_port=$(free_port)
cat >"$scratch/nginx.conf" <<CONF
worker_processes 1; daemon off; pid $scratch/nginx.pid; error_log $scratch/nginx.log;
events { worker_connections 4096; }
http {
  access_log off; client_body_buffer_size 64k; keepalive_requests 100000000; client_body_temp_path $scratch/t1; proxy_temp_path $scratch/t2;
  fastcgi_temp_path $scratch/t3; uwsgi_temp_path $scratch/t4; scgi_temp_path $scratch/t5;
  server {
    listen 127.0.0.1:$nginx_port ssl backlog=4096; ssl_protocols TLSv1.3; ssl_session_tickets off; ssl_session_cache off;
    ssl_certificate $scratch/server.pem; ssl_certificate_key $scratch/server.key;
    ssl_client_certificate $scratch/ca.pem; ssl_verify_client on;
    location /sink { return 204; }
  }
}
CONF
nginx -p "$scratch" -c "$scratch/nginx.conf" 2>/dev/null & pids+=($!); nginx_master=$!
sink_port=$(free_port)
"$sink" "$sink_port" "$scratch/server.pem" "$scratch/server.key" "$scratch/ca.pem" & pids+=($!); sink_pid=$!
agents_port=$(free_port) people_port=$(free_port)
"$collector" init --state "$scratch/state" --agents-port "$agents_port" --people-port "$people_port" >/dev/null
"$collector" serve --state "$scratch/state" >"$scratch/collector.log" 2>&1 & pids+=($!); collector_pid=$!
wait_for listens "$nginx_port"; wait_for listens "$sink_port"; wait_for listens "$agents_port"
nginx_pid=$(pgrep -P "$nginx_master")
"$collector" token create --state "$scratch/state" --count "$agents" >"$scratch/tokens"
"$sim" enroll --port "$agents_port" --dir "$scratch/agents" --tokens "$scratch/tokens" >/dev/null

field() { python3 -c 'import json, sys; print(json.loads(sys.argv[1])[sys.argv[2]])' "$1" "$2"; }
who=(--key "$scratch/client.key" --cert "$scratch/client.pem" --connections "$agents")
post() { "$load" post --port "$1" --pid "$2" "${who[@]}" --body "$scratch/body" --requests "$requests"; }
shake() { "$load" handshakes --port "$1" --pid "$2" "${who[@]}" --requests "$handshakes"; }
cpu_of() { awk '{sub(/.*\) /, ""); print ($12 + $13) / '"$(getconf CLK_TCK)"'}' "/proc/$1/stat"; }
# Rounds alternate, so that all meet the same noise; the middle one counts.
middle() { sort -n | sed -n 2p; }
for round in 1 2 3; do
  field "$(post "$nginx_port" "$nginx_pid")" per_cpu_second >>"$scratch/nginx.post"
  field "$(post "$sink_port" "$sink_pid")" per_cpu_second >>"$scratch/sink.post"
  field "$(shake "$nginx_port" "$nginx_pid")" per_cpu_second >>"$scratch/nginx.shake"
  field "$(shake "$sink_port" "$sink_pid")" per_cpu_second >>"$scratch/sink.shake"
done
nginx_post=$(middle <"$scratch/nginx.post") sink_post=$(middle <"$scratch/sink.post")
nginx_shake=$(middle <"$scratch/nginx.shake") sink_shake=$(middle <"$scratch/sink.shake")

echo "| server | what | a second | a CPU-second | of nginx |"
echo "|---|---|---|---|---|"
row() { python3 -c 'import sys; n, w, s, c, b = sys.argv[1:]; print(f"| {n} | {w} | {s} | {float(c):,.0f} | {float(c) / float(b):.2f} |")' "$@"; }
row nginx "reads 20 KB, answers 204" "" "$nginx_post" "$nginx_post"
row "our listener" "the same" "" "$sink_post" "$nginx_post"
for body in full changed unchanged; do
  before=$(cpu_of "$collector_pid")
  result=$("$sim" load --port "$agents_port" --dir "$scratch/agents" --agents "$agents" --scans "$scans" --body $body)
  cpu=$(python3 -c "print($(cpu_of "$collector_pid") - $before)")
  read -r count rate bytes p99 bad < <(python3 -c '
import json, sys
r = json.loads(sys.argv[1])
print(r["statuses"].get("200", 0), round(r["per_second"]), r["mean_body_bytes"], round(r["p99_ms"], 1), sum(n for s, n in r["statuses"].items() if s != "200"))' "$result")
  [[ $bad == 0 ]] || echo "bench: $bad of the $body scans were refused" >&2
  row collector "$body scans ($bytes B), durable and judged, p99 $p99 ms" "$rate" "$(python3 -c "print($count / $cpu)")" "$nginx_post"
done
row nginx "mTLS handshakes" "" "$nginx_shake" "$nginx_shake"
row "our listener" "mTLS handshakes" "" "$sink_shake" "$nginx_shake"
