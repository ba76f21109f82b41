"""Words for verdicts: what was down, why, and the evidence as sentences. The keys are `collector.causes.SENTENCES`'."""

from collections.abc import Callable, Mapping

from collector.subjects import AGENT, CENTRE, DEVICE, HUB, LAN, UNIT
from collector.views import Outage, Sentence
from web.i18n import Speaker, mark

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
}

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
    "hub down": mark("Its hub is out: {unit}"),
    "hub well": mark("Others on the same hub went on: {unit}"),
    "members down": mark("{value} of {of} units on the hub fell silent within the same moment"),
    "collector away": mark("The monitoring centre did not listen"),
    "everything silent": mark("Nothing at all was heard at the monitoring centre"),
    "planned": mark("Work was planned: {value}"),
    "device lost": mark("The device no longer answered the unit’s agent: {value}"),
    "no own evidence": mark("What the unit’s agent measured in this time has not come in yet"),
    "own evidence in": mark("All that the unit’s agent measured in this time is in"),
}


def sentence(speaker: Speaker, name_of: Callable[[str], str], said: Sentence) -> str:
    """A piece of evidence in words, without its time; a key that is not known is shown as it is."""
    key, *arguments = said.text.split("|")
    message = SENTENCES.get(key)
    if message is None:
        return said.text.replace("|", " ")
    first = arguments[0] if arguments else "?"
    last = arguments[-1] if arguments else "?"
    values = {"value": first, "of": last, "unit": name_of(first) if "{unit}" in message else ""}
    used = {name: value for name, value in values.items() if f"{{{name}}}" in message}
    return speaker.gettext(message, **used)


def cause(speaker: Speaker, key: str) -> str:
    """Why, as part of a sentence."""
    return speaker.gettext(CAUSES.get(key, key))


def subject(speaker: Speaker, outage: Outage) -> str:
    """What was down, in words; for a device its name where the evidence tells it."""
    kind = outage.subject.partition("|")[0]
    text = speaker.gettext(SUBJECTS.get(kind, kind))
    if kind != DEVICE:
        return text
    lost = (each.text.partition("|")[2] for each in outage.evidence if each.text.startswith("device lost|"))
    name = next(lost, "")
    return f"{text}: {name}" if name else text
