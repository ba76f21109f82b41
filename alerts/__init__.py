"""From verdicts to people."""
