"""`exchange doctor`: whether the cluster, this machine and this user are fit for an exchange.

Rules kept: looking changes nothing. What could not be found out is `not known`, never `ok`. Each
check fails by itself: one that may not be made takes no other away.
"""
