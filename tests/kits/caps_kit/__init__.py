"""One client at one agency under the caps of `exchange.core.admission.cap_rules`.

Whoever marks events is held to the same laws.
"""
