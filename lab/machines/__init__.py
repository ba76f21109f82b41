"""A province of machines over years: what agents tell of them, and which machine each report is of in truth."""
