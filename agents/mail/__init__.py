"""What mail servers say, read: bytes in, values out. No I/O."""
