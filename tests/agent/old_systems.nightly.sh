#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The agent with the libraries of Debian 11 (glibc 2.31 as in Ubuntu 20.04, OpenSSL 1.1.1 as in RHEL 8): a recorded machine
# gives the same facts as with this system's, and keys and requests are made. Needs debootstrap and the packages' network.
. "$(dirname "$0")/../end_to_end/lib.sh"
work=$(scratch_folder); trap 'rm -rf "$work"' EXIT
if [[ $(uname -m) != x86_64 ]]; then echo "skip old systems: made for x86-64"; exit 0; fi
command -v debootstrap >/dev/null || { echo "skip old systems: debootstrap is not installed (packaging/dependencies.sh nightly)"; exit 0; }
if ! debootstrap --variant=minbase --download-only --include=libssl1.1,libcurl4 bullseye "$work/debian" >"$work/log" 2>&1; then
  echo "skip old systems: no packages to be had: $(tail -n 1 "$work/log")"; exit 0
fi
mkdir "$work/root"
for package in "$work"/debian/var/cache/apt/archives/*.deb; do dpkg-deb -x "$package" "$work/root"; done
libraries=$work/root/lib/x86_64-linux-gnu
old=("$libraries/ld-linux-x86-64.so.2" --library-path "$libraries:$work/root/usr/lib/x86_64-linux-gnu" "$agent")

check "the agent starts with glibc $(ls "$libraries" | sed -n 's/^libc-\([0-9.]*\)\.so$/\1/p')" "${old[@]}" --version
facts() { python3 -c 'import json, sys; print(json.dumps({n: [s.get("data"), s.get("missing")] for n, s in json.load(sys.stdin)["sections"].items()}, sort_keys=True, indent=1))'; }
# certificates are read by libcrypto: one of this test's own lies where a server's would
cp -r tests/hosts/gpu-server "$work/host"
check "a certificate is made" openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key" -out "$work/cert.pem" -days 30 -subj /CN=old.example -addext basicConstraints=critical,CA:FALSE
mkdir -p "$work/plain/etc/nginx" "$work/plain/etc/ssl/certs"
cp "$work/cert.pem" "$work/plain/etc/nginx/server.crt"
for root in host plain; do
  "$agent" scan --json --root "$work/$root" | facts >"$work/here.json"
  "${old[@]}" scan --json --root "$work/$root" 2>"$work/errors" | facts >"$work/old.json"
  last_output=$(cat "$work/errors"; diff "$work/here.json" "$work/old.json" | head -n 40)
  expect "the same facts of the recorded root \"$root\"" cmp "$work/here.json" "$work/old.json"
done
expect "of the certificate, too" python3 -c 'import json, sys; sys.exit(json.load(open(sys.argv[1]))["certificates"][0]["count"] != 1)' "$work/old.json"
check "a scan of this machine, read by libcrypto.so.1.1" "${old[@]}" scan --json
cat >"$work/delivery.py" <<'PY'
import sys
sys.path.insert(0, "tests/end_to_end")
from lab import Lab, enroll, run
old = sys.argv[1:]
lab = Lab(agents=0)
enroll(lab, lab.folder + "/agent", wrap=old[:-1])
sent = run(*old, "send", "--state", lab.folder + "/agent")
lab.expect("a scan is sent", sent.returncode == 0, sent.stdout)
other = run(*old, "enroll", "--collector", f"https://127.0.0.1:{lab.people_port}", "--token", "plumb_" + "a" * 43 + "_" + "0" * 64, "--state", lab.folder + "/other")
lab.expect("a server that is not the one named is refused", other.returncode == 1, other.stdout)
lab.finish()
PY
check "it enrolls and sends by the old libcurl, which takes no certificates from memory" python3 "$work/delivery.py" "${old[@]}"
echo "    $(tail -n 5 <<<"$last_output")"
finish
