"""The official mail: Debian's postfix and dovecot, with mailboxes that both know. Needs root, as both do."""

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.eoffice.servers import free_port, listens, server

POSTFIX, DOVECOT = shutil.which("postfix", path="/usr/sbin"), shutil.which("dovecot", path="/usr/sbin")
"""The programs, in Debian's packages `postfix` and `dovecot-imapd`; None where they are not installed."""
DOMAIN = "thu.example"
_DAEMONS = "/usr/lib/postfix/sbin"

_DOVECOT = """
base_dir = {folder}/run
state_dir = {folder}/run
protocols = imap
listen = {host}
log_path = /dev/stderr
ssl = {ssl}
{certificate}
auth_mechanisms = {mechanisms}
disable_plaintext_auth = {only_encrypted}
auth_failure_delay = 0
mail_location = maildir:~/Maildir
first_valid_uid = 1
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service auth {{
  unix_listener {folder}/auth {{
    mode = 0666
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
userdb {{
  driver = passwd-file
  args = {folder}/users
}}
"""
_POSTFIX = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = {daemons}
command_directory = /usr/sbin
inet_interfaces = {host}
mynetworks = 127.0.0.0/8 [::1]/128
myhostname = {domain}
mydestination =
local_transport = error:no local mail
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {folder}/homes
virtual_mailbox_maps = inline:{{ {boxes} }}
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
maillog_file = /dev/stdout
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/auth
smtpd_sasl_auth_enable = yes
smtpd_tls_auth_only = yes
smtpd_tls_security_level = {level}
{certificate}
smtpd_hard_error_limit = 20
"""
_MASTER = """
{smtp} inet n - n - - smtpd
{smtps} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
"""


_QUEUES = "active bounce corrupt defer deferred flush hold incoming private public saved trace"


@dataclass(frozen=True, slots=True)
class Mail:
    """A running mail system; ports of `smtp` and `imap` take STARTTLS, those with an s begin with TLS."""

    host: str
    smtp: int
    smtps: int
    imap: int
    imaps: int


@contextlib.contextmanager
def mail(
    folder: Path,
    users: Mapping[str, str],
    certificate: Path | None,
    *,
    host: str = "127.0.0.1",
    mechanisms: str = "plain login",
    ports: Mapping[str, int] | None = None,
) -> Iterator[Mail]:
    """Mailboxes of `users` (name without domain: password). `folder` may be entered by anybody (`open_folder`).

    `certificate` holds key and certificate; without one nothing is encrypted, and passwords are taken in the clear.

    Raises:
        RuntimeError: a program is not installed, or did not come up.
    """
    if POSTFIX is None or DOVECOT is None:
        raise RuntimeError("postfix or dovecot-imapd is not installed")
    running = Mail(
        host, **{name: free_port(host) for name in ("smtp", "smtps", "imap", "imaps")} | dict(ports or {})
    )
    homes = folder / "homes"
    homes.mkdir()
    homes.chmod(0o777)
    lines = [f"{name}:{{PLAIN}}{password}:65534:65534::{homes}/{name}" for name, password in users.items()]
    (folder / "users").write_text("\n".join(lines) + "\n")
    with _dovecot(folder, running, certificate, mechanisms), _postfix(folder, running, users, certificate):
        yield running


@contextlib.contextmanager
def _dovecot(folder: Path, mail: Mail, certificate: Path | None, mechanisms: str) -> Iterator[None]:
    config = folder / "dovecot.conf"
    config.write_text(
        _DOVECOT.format(
            folder=folder,
            host=mail.host,
            ssl="yes" if certificate else "no",
            certificate=f"ssl_cert = <{certificate}\nssl_key = <{certificate}" if certificate else "",
            mechanisms=mechanisms,
            only_encrypted="yes" if certificate else "no",
            imap=mail.imap,
            imaps=mail.imaps if certificate else 0,
        )
    )
    command = [str(DOVECOT), "-F", "-c", str(config)]
    ports = (mail.imap, mail.imaps) if certificate else (mail.imap,)
    with server(command, folder / "dovecot.log", lambda: all(listens(mail.host, port) for port in ports)):
        yield


@contextlib.contextmanager
def _postfix(folder: Path, mail: Mail, users: Mapping[str, str], certificate: Path | None) -> Iterator[None]:
    config = folder / "postfix"
    config.mkdir()
    (folder / "queue" / "pid").mkdir(parents=True)
    for owned in ("data", *(f"queue/{name}" for name in _QUEUES.split())):
        (folder / owned).mkdir()
        shutil.chown(folder / owned, "postfix")
    boxes = ", ".join(f"{{ {name}@{DOMAIN} = {name}/Maildir/ }}" for name in users)
    (config / "main.cf").write_text(
        _POSTFIX.format(
            folder=folder,
            daemons=_DAEMONS,
            host=mail.host,
            domain=DOMAIN,
            boxes=boxes,
            level="may" if certificate else "none",
            certificate=f"smtpd_tls_chain_files = {certificate}"
            if certificate
            else "smtpd_tls_auth_only = no",
        )
    )
    (config / "master.cf").write_text(_MASTER.format(smtp=mail.smtp, smtps=mail.smtps))
    # Neither `postfix start-fg`, whose master leaves the session and stays behind, nor `postfix check`, which takes seconds.
    command = [f"{_DAEMONS}/master", "-c", str(config), "-s"]
    ports = (mail.smtp, mail.smtps)
    with server(command, folder / "postfix.log", lambda: all(listens(mail.host, port) for port in ports)):
        yield
