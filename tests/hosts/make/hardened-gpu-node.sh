# SPDX-License-Identifier: Apache-2.0
# A GPU server that carries a service: vLLM on loopback behind nginx with TLS and a login, hardened as harden.sh does and in what that leaves.
suite=trixie host_name=gpu03 card=eno1 gateway=10.20.0.1 address=10.20.0.53/24
packages=(linux-image-amd64 grub-efi-amd64-signed shim-signed openssh-server sudo libpam-systemd libpam-pwquality apparmor apparmor-utils
  nftables chrony unattended-upgrades auditd rsyslog rsyslog-gnutls aide nginx-light restic cron logrotate less openssl ca-certificates
  cryptsetup podman python3 apache2-utils)
. "$here/common.sh"
configure() {
  local site=/opt/vllm/lib/python3.13/site-packages model_name=/srv/models/Qwen3-32B-FP8 part
  basics
  harden 443
  certificate
  backup /etc /srv
  in_root groupadd --system gpu
  in_root useradd --system --shell /usr/sbin/nologin --home-dir /opt/vllm --groups gpu vllm
  printf 'options nvidia NVreg_DeviceFileUID=0 NVreg_DeviceFileGID=%s NVreg_DeviceFileMode=0660\n' "$(awk -F: '$1 == "gpu" {print $3}' "$root/etc/group")" >"$root/etc/modprobe.d/nvidia.conf"
  mkdir -p "$root/opt/vllm/bin" && ln -s /usr/bin/python3 "$root/opt/vllm/bin/python3" && printf 'home = /usr/bin\n' >"$root/opt/vllm/pyvenv.cfg"
  install -m 755 "$here/servers/vllm.py" "$root/opt/vllm/bin/vllm"
  python_package "$site" vllm 0.32.1 && python_package "$site" torch 2.10.0 && python_package "$site" transformers 5.2.0
  for part in 1 2 3 4; do model "$model_name/model-0000$part-of-00004.safetensors" 8400000000 '\100\000\000\000\000\000\000\000{"__metadata__":{"format":"pt"}}'; done
  printf '{"architectures":["Qwen3ForCausalLM"]}\n' >"$root$model_name/config.json"
  in_root chown -R root:vllm /srv/models && chmod -R u=rwX,g=rX,o= "$root/srv/models"
  install -d -m 750 "$root/etc/vllm" && (umask 077 && echo 'VLLM_API_KEY=not-a-real-key' >"$root/etc/vllm/environment")
  cat >"$root/etc/systemd/system/vllm.service" <<UNIT
[Unit]
Description=Answers from our own documents
After=network.target
[Service]
User=vllm
EnvironmentFile=/etc/vllm/environment
ExecStart=/opt/vllm/bin/python3 /opt/vllm/bin/vllm serve $model_name --host 127.0.0.1 --port 8000
Restart=on-failure
[Install]
WantedBy=multi-user.target
UNIT
  rm -f "$root/etc/nginx/sites-enabled/default"
  in_root htpasswd -bcB /etc/nginx/people staff not-a-real-password >/dev/null 2>&1 && chmod 640 "$root/etc/nginx/people" && in_root chown root:www-data /etc/nginx/people
  cat >"$root/etc/nginx/sites-enabled/answers" <<NGINX
server {
  listen 443 ssl default_server;
  listen [::]:443 ssl default_server;
  server_name $host_name.example;
  ssl_certificate /etc/nginx/$host_name.pem;
  ssl_certificate_key /etc/nginx/$host_name.key;
  ssl_protocols TLSv1.2 TLSv1.3;
  location / {
    auth_basic "Answers";
    auth_basic_user_file /etc/nginx/people;
    proxy_pass http://127.0.0.1:8000;
  }
}
NGINX
  enable vllm.service
}
ready() {
  listening 22 && listening 443 && listening 8000
  inside bash -euc 'group=$(getent group gpu | cut -d: -f3)
    mknod /dev/nvidiactl c 195 255; mknod /dev/nvidia0 c 195 0; mknod /dev/nvidia1 c 195 1; mknod /dev/nvidia-uvm c 510 0
    chown 0:$group /dev/nvidia*; chmod 660 /dev/nvidia*'
}
