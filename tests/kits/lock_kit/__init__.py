"""Those whom the lock of the embedded broker keeps out: another account, and a false broker."""
