"""The adversary: every attack of the privacy specification, carried out on generated data, in a form that can fail.

Each attack is run on a naive release, where it must win; on ours, where it must stay within a bound that is computed and not
measured; and on ours with a sampler of half and of a tenth of the scale, where it must be caught, or it has no teeth and the
run fails. `runs` has the list, `running` carries it out, one module an attack has what it does.

Rules kept: everything is generated, in memory, and nothing is reached over a network, whatever the settings say; populations
and attackers may be seeded, noise never; no worker can import this package, in which alone noise can be weakened.

Promised: a run that finds nothing wrong fails less than once in a million times (`outcome`). A weakened sampler escapes an
attack about as rarely as three times in a million: that is what the numbers of trials in `runs` were chosen for.
Not promised: that there are no other attacks.
"""
