"""One client at one agency under the caps of `exchange.core.admission.cap_rules`.

Every marker of events is held to the same laws.
"""
