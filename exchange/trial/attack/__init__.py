"""The adversary: every attack of the privacy specification, on generated data, able to fail.

Each attack is run on three targets. On a naive release it must win. On our release it must stay
within a bound that is computed, not measured. On our release with half and a tenth of the noise it
must catch the weakness; otherwise it has no teeth and the run fails. `runs` has the list, `running`
carries it out, and each attack has a module of its own.

Rules kept: everything is generated, in memory; nothing is reached over a network, whatever the
settings are. Populations and attackers may be seeded, noise never. Noise can be weakened in this
package only, and no worker can import it.

Promised: a run without a cause fails less than once in a million times (`findings`). A weakened
sampler escapes an attack about three times in a million; the numbers of trials in `runs` were
chosen for that. Not promised: that there are no other attacks.
"""
