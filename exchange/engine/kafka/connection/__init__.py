"""Whether this machine and the brokers fit together: address, TLS, sign-in, rights."""
