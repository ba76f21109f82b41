"""What cameras say, read: RTSP, SDP, RTP, SOAP. Bytes in, values out. No I/O."""
