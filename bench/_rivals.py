"""Prometheus, blackbox_exporter and Alertmanager in the lab's centre, as a good operator would set them up.

Each unit's router is pinged from the centre each 5 s with a timeout of 2 s; rules are looked at each 5 s. Two setups of alerts
in the same run: `for: 5s`, so that one lost ping wakes nobody (their way of asking twice), and `for: 0s`, the quickest
there is. Alerts are grouped by hub with a wait of 1 s, and a hub that is down inhibits those of its communes.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from lab.wan.province import Province

SETUPS = {"patient": "5s", "quick": "0s"}
PROMETHEUS, BLACKBOX, ALERTMANAGER = 9090, 9115, 9093


def start(province: Province, routers: Mapping[str, tuple[str, str, str]], receiver: str) -> None:
    """`routers`: by unit, the address of its router, its hub, and whether it is a `hub` or a `commune`. Messages go to
    `receiver`, with the name of the setup at its end."""
    folder = province.folder.path / "rivals"
    folder.mkdir()
    files = _files(folder, routers, receiver)
    for name, content in files.items():
        (folder / name).write_text(content)
    on, there = "127.0.0.1", province.layout.centre.namespace
    commands = {
        "blackbox": [
            "prometheus-blackbox-exporter",
            f"--config.file={folder / 'blackbox.yml'}",
            f"--web.listen-address={on}:{BLACKBOX}",
        ],
        "alertmanager": [
            "prometheus-alertmanager",
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address={on}:{ALERTMANAGER}",
            "--cluster.listen-address=",
        ],
        "prometheus": [
            "prometheus",
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address={on}:{PROMETHEUS}",
        ],
    }
    for name, command in commands.items():
        process = province.start(name, command, namespace=there)
        province.started(name, [process.pid])


def _files(folder: Path, routers: Mapping[str, tuple[str, str, str]], receiver: str) -> Mapping[str, str]:
    """Everything as JSON, which is YAML."""
    targets = [
        {"targets": [address], "labels": {"unit": unit, "hub": hub, "kind": kind}}
        for unit, (address, hub, kind) in routers.items()
    ]
    scrape = {
        "job_name": "icmp",
        "metrics_path": "/probe",
        "params": {"module": ["icmp"]},
        "static_configs": targets,
        "relabel_configs": [
            {"source_labels": ["__address__"], "target_label": "__param_target"},
            {"target_label": "__address__", "replacement": f"127.0.0.1:{BLACKBOX}"},
        ],
    }
    rules = [
        {
            "alert": alert,
            "expr": f'probe_success{{kind="{kind}"}} == 0',
            "for": wait,
            "labels": {"setup": setup},
        }
        for setup, wait in SETUPS.items()
        for alert, kind in (("HubDown", "hub"), ("UnitDown", "commune"))
    ]
    prometheus = {
        "global": {"scrape_interval": "5s", "scrape_timeout": "4s", "evaluation_interval": "5s"},
        "rule_files": [str(folder / "rules.yml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{ALERTMANAGER}"]}]}]},
        "scrape_configs": [scrape],
    }
    alertmanager = {
        "route": {
            "receiver": next(iter(SETUPS)),
            "group_by": ["setup", "hub"],
            "group_wait": "1s",
            "group_interval": "5s",
            "repeat_interval": "1h",
            "routes": [{"matchers": [f'setup="{setup}"'], "receiver": setup} for setup in SETUPS],
        },
        "receivers": [
            {"name": setup, "webhook_configs": [{"url": f"{receiver}/{setup}", "send_resolved": True}]}
            for setup in SETUPS
        ],
        "inhibit_rules": [
            {
                "source_matchers": ['alertname="HubDown"'],
                "target_matchers": ['alertname="UnitDown"'],
                "equal": ["setup", "hub"],
            }
        ],
    }
    blackbox = {
        "modules": {"icmp": {"prober": "icmp", "timeout": "2s", "icmp": {"preferred_ip_protocol": "ip4"}}}
    }
    return {
        "prometheus.yml": json.dumps(prometheus),
        "rules.yml": json.dumps({"groups": [{"name": "units", "rules": rules}]}),
        "alertmanager.yml": json.dumps(alertmanager),
        "blackbox.yml": json.dumps(blackbox),
    }
