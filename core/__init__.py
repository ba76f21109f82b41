"""The words everyone uses: values, the wire format, clock, compression, configuration, errors."""
