"""What this machine's own refusal to send or connect means, as a reason for people."""

import errno

_REASONS = {
    errno.ENETUNREACH: "network unreachable",
    errno.ENETDOWN: "network unreachable",
    errno.EHOSTUNREACH: "host unreachable",
    errno.EHOSTDOWN: "host unreachable",
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "connection reset",
    errno.ECONNABORTED: "connection reset",
    errno.EPIPE: "connection reset",
    errno.ETIMEDOUT: "timeout",
    errno.EACCES: "prohibited",
    errno.EPERM: "prohibited",
    errno.EADDRNOTAVAIL: "no source address",
    errno.EAFNOSUPPORT: "no source address",
    errno.EMSGSIZE: "packet too big",
}


def refusal(error: OSError) -> str:
    """The reason key of a failed system call on a socket; `failed|NAME` for the errors that are rare."""
    number = error.errno or 0
    return _REASONS.get(number) or f"failed|{errno.errorcode.get(number, type(error).__name__)}"
