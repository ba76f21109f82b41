"""Which certificates of a chain are too weak to be relied on (NIST SP 800-57 part 1: 112 bits of security)."""

from collections.abc import Sequence

from agents.pki.facts import Facts

LEAST_RSA_BITS, LEAST_EC_BITS = 2048, 224


def weaknesses(chain: Sequence[Facts]) -> list[str]:
    """What is weak in a chain, from the leaf up, in words such as `SHA-1`, `RSA 1024`; each once.

    The signature of a certificate that signs itself proves nothing and so cannot be weak: a root's key counts.
    """
    found: dict[str, None] = {}
    for facts in chain:
        if facts.weak_hash and facts.issuer != facts.subject:
            found[facts.weak_hash] = None
        least = {"RSA": LEAST_RSA_BITS, "EC": LEAST_EC_BITS}.get(facts.key, 0)
        if facts.key_bits < least:
            found[f"{facts.key} {facts.key_bits}"] = None
    return list(found)
