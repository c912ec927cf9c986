# SPDX-License-Identifier: Apache-2.0
# A GPU server on which somebody tries models: Ollama and a notebook without a password for the whole network, an old driver, no firewall.
suite=bookworm host_name=gpu02 card=eno1 gateway=10.20.0.1 address=10.20.0.52/24
packages=(linux-image-amd64 grub-efi-amd64-signed shim-signed openssh-server sudo libpam-systemd apparmor chrony cron logrotate rsyslog
  jupyter-notebook python3-venv ca-certificates curl less)
. "$here/common.sh"
configure() {
  local models=/usr/share/ollama/.ollama/models site=/home/analyst/venv/lib/python3.11/site-packages
  basics
  in_root useradd --create-home --shell /bin/bash --groups sudo analyst
  printf 'analyst ALL=(ALL) NOPASSWD: ALL\n' >"$root/etc/sudoers.d/analyst" && chmod 440 "$root/etc/sudoers.d/analyst"

  # Ollama as its installer sets it up, then opened as its page on the subject says.
  in_root useradd --system --shell /bin/false --home-dir /usr/share/ollama --create-home ollama
  cp "$root/usr/bin/python3.11" "$root/usr/local/bin/ollama" && cp "$here/servers/ollama_serve.py" "$root/usr/share/ollama/serve"
  cat >"$root/etc/systemd/system/ollama.service" <<'UNIT'
[Unit]
Description=Ollama Service
After=network-online.target
[Service]
ExecStart=/usr/local/bin/ollama serve
User=ollama
Group=ollama
Restart=always
RestartSec=3
WorkingDirectory=/usr/share/ollama
[Install]
WantedBy=default.target
UNIT
  mkdir -p "$root/etc/systemd/system/ollama.service.d" && printf '[Service]\nEnvironment="OLLAMA_HOST=0.0.0.0:11434"\n' >"$root/etc/systemd/system/ollama.service.d/override.conf"
  mkdir -p "$root$models/manifests/registry.ollama.ai/library/llama3.1"
  echo '{"schemaVersion":2,"layers":[]}' >"$root$models/manifests/registry.ollama.ai/library/llama3.1/8b"
  model "$models/blobs/sha256-667b0c1932bc6ffc593ed1d03f895bf2dc8dc6df21db3042284a6f4416b06a29" 4920738944 'GGUF\003\000\000\000'
  in_root chown -R ollama:ollama /usr/share/ollama

  # A notebook that root started, as tutorials do, and a model that its user fetched.
  cat >"$root/etc/systemd/system/notebook.service" <<'UNIT'
[Unit]
Description=Notebook
[Service]
ExecStart=/usr/bin/python3 /usr/bin/jupyter-notebook --ip=0.0.0.0 --port=8888 --no-browser --allow-root --NotebookApp.token= --NotebookApp.password=
WorkingDirectory=/home/analyst
Environment=HOME=/root
[Install]
WantedBy=multi-user.target
UNIT
  python_package "$site" torch 2.5.1 && python_package "$site" transformers 4.46.3
  in_root python3 -m venv --without-pip /home/analyst/venv
  model /home/analyst/.cache/huggingface/hub/models--example--classifier/snapshots/0a1b2c3d/pytorch_model.bin 438012727 'PK\003\004\000\000\010\010\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\016\000\000\000model/data.pkl'
  in_root chown -R analyst:analyst /home/analyst
  enable ollama.service notebook.service chrony.service rsyslog.service
}
ready() {
  listening 22 && listening 11434 && listening 8888
  inside bash -euc 'mknod -m 666 /dev/nvidiactl c 195 255; mknod -m 666 /dev/nvidia0 c 195 0; mknod -m 666 /dev/nvidia-uvm c 510 0'
}
