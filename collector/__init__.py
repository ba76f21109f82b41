"""At the centre: takes reports in, stores facts, derives verdicts."""
