#!/usr/bin/env bash
# Installs the Debian packages that tests and benches run against, when root is here; says plainly what is skipped without.
set -u
declare -A wanted=(
    [victoria-metrics]="SampleStore contract on VictoriaMetrics; bench/ingest"
    [fping]="bench/ping"
    [arp-scan]="bench/sweep"
    [avahi-daemon]="sweeps hear a real machine announce itself (mDNS)"
    [samba]="sweeps hear a real machine claim its name (NetBIOS)"
    [dnsmasq-base]="sweeps hear a real DHCP server"
    [udhcpc]="sweeps hear a real DHCP client"
    [wsdd]="sweeps hear a real machine say hello (WS-Discovery)"
    [lldpd]="sweeps hear a real switch name its port (LLDP, CDP)"
    [prometheus]="promtool check of /metrics"
    [python3-gi]="the lab's camera"
    [gir1.2-gst-rtsp-server-1.0]="the lab's camera"
    [gstreamer1.0-plugins-good]="the lab's camera"
    [glib-networking]="the lab's camera behind TLS"
    [chromium]="pages in a real browser"
    [zbar-tools]="codes on labels, read by another program"
    [prometheus-blackbox-exporter]="bench/agent_footprint and bench/scenario"
    [zabbix-agent2]="bench/agent_footprint"
    [iproute2]="lab wan: network namespaces"
    [iputils-ping]="the ICMP engine beside the packets of another program"
    [prometheus-alertmanager]="bench/detection"
    [nginx]="the lab's e-office; bench/scenario"
    [tinyproxy]="probes over a proxy"
    [unbound]="the lab's resolvers"
    [postfix]="the official mail of the lab's e-office"
    [dovecot-imapd]="the official mail of the lab's e-office"
    [openssl]="the lab's authority: OCSP responder, time stamps, weak certificates"
    [chrony]="the lab's time server"
    [snmpd]="SNMP version 3 of a real device; bench/snmp"
    [snmp]="traps of a real sender; bench/snmp"
    [frr]="configurations of a real router"
    [openssh-server]="configurations over SSH of a real server"
    [dmidecode]="inventories of a real agent: what the board tells"
    [fusioninventory-agent]="inventories of a real agent through the relay"
    [ocsinventory-agent]="inventories of a real agent through the relay"
)
missing=()
for package in "${!wanted[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Debian packages for the tests: ${missing[*]} …"
    export DEBIAN_FRONTEND=noninteractive
    # A server that a package brings must not start: each test starts what it needs, on a free port, and ends it.
    policy=/usr/sbin/policy-rc.d
    made=""
    [ -e "$policy" ] || { printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && made=1; }
    apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null || echo "Some packages could not be installed; their tests are skipped."
    [ -n "$made" ] && rm -f "$policy"
    exit 0
fi
echo "Not root, so these Debian packages are not installed and their tests are skipped:"
for package in "${missing[@]}"; do echo "  $package: ${wanted[$package]}"; done
exit 0
