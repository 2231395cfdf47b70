"""A deployment of the exchange, generated from the tables in code: images, compose, systemd.

`compose.py` and `units.py` make the files of `deploy/`; a test compares them. `certificates.py`
and `credentials.py` make secrets, which are different in every deployment and never committed.

Rules kept: no secret is in a generated file; brokers grant nothing that `exchange topics rights`
does not print; every container and service runs without privileges; a file that holds a secret is
made for its owner only, and never overwritten.

Not promised: more than one host. The brokers of the compose file share a machine, so the loss of
that machine is the loss of all three.
"""
