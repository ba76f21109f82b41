"""Words for verdicts: what was down, why, and the evidence as sentences. The keys are those of
`collector.causes.SENTENCES` and `collector.services.explain.SENTENCES`."""

from collections.abc import Callable, Mapping

from collector.services.shared import CERTIFICATE, DNS, PROVIDER, RESOLVER
from collector.services.subjects import ALONE, is_itself, service_of, shared_of
from collector.subjects import AGENT, CENTRE, DEVICE, HUB, LAN, UNIT
from collector.views import Outage, Sentence
from web.i18n import Speaker, mark
from web.reasons import reason

SUBJECTS: Mapping[str, str] = {
    UNIT: mark("Connection of the unit"),
    HUB: mark("Hub with all behind it"),
    AGENT: mark("Agent of the unit"),
    LAN: mark("LAN of the unit"),
    DEVICE: mark("Device"),
    CENTRE: mark("Monitoring centre"),
}

CAUSES: Mapping[str, str] = {
    "line": mark("line"),
    "power": mark("power"),
    "agent": mark("agent"),
    "upstream": mark("upstream"),
    "centre": mark("centre"),
    "device": mark("device"),
    "lan": mark("LAN of the unit"),
    "planned": mark("planned work"),
    "undetermined": mark("not determined"),
    "service": mark("the service itself"),
    "provider": mark("provider"),
    "dns": mark("name resolution"),
    "certificate": mark("certificate"),
    "family": mark("one of IPv4 and IPv6"),
}

ITSELF = "itself"
LISTED = 12
"""Units that a sentence names; of more it tells how many."""

WAYS: Mapping[str, str] = {
    ITSELF: mark("Service: {name}"),
    ALONE: mark("Way to {name}"),
    HUB: mark("Way to {name} from the hub and all behind it"),
    PROVIDER: mark("Way to {name} over lines of {value}"),
    RESOLVER: mark("Way to {name} with the name server {value}"),
    DNS: mark("Way to {name}: its name is not resolved rightly"),
    CERTIFICATE: mark("Way to {name}: its certificate is not taken"),
}
"""What outages of services are of: the service itself, one unit alone, or those who share something."""

SENTENCES: Mapping[str, str] = {
    "agent silent": mark("Last sign of life of the unit’s agent"),
    "agent heard again": mark("The agent was heard again"),
    "router answered": mark("The unit’s router last answered the centre"),
    "router never answered": mark("The unit’s router had not answered the centre before either"),
    "router answers": mark("The unit’s router still answered the centre"),
    "own line failed": mark("The unit’s own agent no longer reached: {value}"),
    "own line worked": mark("The unit’s own agent still reached: {value}"),
    "gateway answered": mark("The unit’s own agent reached the gateway of its LAN meanwhile"),
    "gateway lost": mark("The unit’s own agent lost the gateway of its LAN"),
    "boot id changed": mark("The agent’s machine was started anew"),
    "same boot": mark("The agent’s machine ran on all the time"),
    "agent restarted": mark("The agent was started anew on a machine that ran on"),
    "unclean end": mark("Its life before that did not end in order"),
    "on battery": mark("The UPS ran on battery"),
    "power lost": mark("The UPS told that it runs on battery: {value}"),
    "link down": mark("The unit’s router {value} told that it lost a link: {of}"),
    "hub down": mark("Its hub is out: {unit}"),
    "hub well": mark("Others on the same hub went on: {unit}"),
    "members down": mark("{value} of {of} units on the hub fell silent within the same moment"),
    "collector away": mark("The monitoring centre did not listen"),
    "everything silent": mark("Nothing at all was heard at the monitoring centre"),
    "planned": mark("Work was planned: {value}"),
    "device lost": mark("The device no longer answered the unit’s agent: {value}"),
    "no own evidence": mark("What the unit’s agent measured in this time has not come in yet"),
    "own evidence in": mark("All that the unit’s agent measured in this time is in"),
    "vantages agree": mark("{value} of {of} places whose line worked saw it fail"),
    "check fails": mark("What failed: {value}"),
    "failed with": mark("What most of them met: {value}"),
    "centre fails too": mark("It failed for the centre too"),
    "centre reaches it": mark("The centre reached it all the time"),
    "others reach it": mark("Others that reached it meanwhile: {value}"),
    "lines down": mark("Units left out because their own line was down: {value}"),
    "share hub": mark("All of them hang on one hub: {unit}"),
    "share provider": mark("All of them are on lines of one provider: {value}"),
    "share resolver": mark("All of them ask one name server: {value}"),
    "units hit": mark("Units that could not reach it: {value}"),
    "internet lost": mark("The unit did not reach the Internet either: {value}"),
    "still coming in": mark("What some of them measured in this time has not come in yet"),
    "all in": mark("All that was measured in this time is in"),
}


def sentence(speaker: Speaker, name_of: Callable[[str], str], said: Sentence) -> str:
    """A piece of evidence in words, without its time; a key that is not known is shown as it is."""
    key, *arguments = said.text.split("|")
    message = SENTENCES.get(key)
    if message is None:
        return said.text.replace("|", " ")
    first = arguments[0] if arguments else "?"
    if key == "failed with":
        first = reason(speaker, "|".join(arguments))
    elif key == "units hit":
        first = _listed(name_of, first)
    last = arguments[-1] if arguments else "?"
    values = {"value": first, "of": last, "unit": name_of(first) if "{unit}" in message else ""}
    used = {name: value for name, value in values.items() if f"{{{name}}}" in message}
    return speaker.gettext(message, **used)


def _of_service(speaker: Speaker, name: str, outage: Outage) -> str:
    if is_itself(outage.subject):
        return speaker.gettext(WAYS[ITSELF], name=name)
    shared = shared_of(outage.subject)
    message = WAYS[shared.kind if shared is not None and shared.kind in WAYS else ALONE]
    if shared is not None and "{value}" in message:
        return speaker.gettext(message, name=name, value=shared.value)
    return speaker.gettext(message, name=name)


def _listed(name_of: Callable[[str], str], codes: str) -> str:
    """Names of units, not more than fit a line or two."""
    names = [name_of(code) for code in codes.split()]
    more = f" … +{len(names) - LISTED}" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more


def cause(speaker: Speaker, key: str) -> str:
    """Why, as part of a sentence."""
    return speaker.gettext(CAUSES.get(key, key))


def subject(speaker: Speaker, service_name: Callable[[str], str], outage: Outage) -> str:
    """What was down, in words; for a device its name where the evidence tells it."""
    code = service_of(outage.subject)
    if code is not None:
        return _of_service(speaker, service_name(code), outage)
    kind = outage.subject.partition("|")[0]
    text = speaker.gettext(SUBJECTS.get(kind, kind))
    if kind != DEVICE:
        return text
    lost = (each.text.partition("|")[2] for each in outage.evidence if each.text.startswith("device lost|"))
    name = next(lost, "")
    return f"{text}: {name}" if name else text
