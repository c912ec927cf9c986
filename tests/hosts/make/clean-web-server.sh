# SPDX-License-Identifier: Apache-2.0
# A web server as a careful administrator keeps one: Debian 13, nginx with TLS, hardened, backed up, and little else.
suite=trixie host_name=web01 card=ens3 gateway=192.0.2.1 address=192.0.2.10/24
packages=(linux-image-cloud-amd64 grub-pc openssh-server sudo libpam-systemd libpam-pwquality apparmor apparmor-utils nftables chrony
  unattended-upgrades auditd rsyslog rsyslog-gnutls aide nginx-light restic cron logrotate less openssl ca-certificates)
. "$here/common.sh"
configure() {
  basics
  harden 80 443
  certificate
  backup /etc /srv/www
  install -d "$root/srv/www" && echo '<!doctype html><title>Welcome</title>' >"$root/srv/www/index.html"
  rm -f "$root/etc/nginx/sites-enabled/default"
  cat >"$root/etc/nginx/sites-enabled/www" <<NGINX
server {
  listen 80 default_server;
  listen [::]:80 default_server;
  return 301 https://\$host\$request_uri;
}
server {
  listen 443 ssl default_server;
  listen [::]:443 ssl default_server;
  server_name $host_name.example;
  ssl_certificate /etc/nginx/$host_name.pem;
  ssl_certificate_key /etc/nginx/$host_name.key;
  ssl_protocols TLSv1.2 TLSv1.3;
  add_header Strict-Transport-Security "max-age=31536000" always;
  root /srv/www;
}
NGINX
}
ready() { listening 22 && listening 443; }
