"""One client at one agency under the caps: whoever marks events is held to the same laws (`exchange.core.admission.cap_rules`)."""
