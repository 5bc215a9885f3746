"""The serial link: framing, ports, session, device client. Knows nothing of models or reports."""
