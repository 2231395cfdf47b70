"""The noise is the discrete Gaussian, by every law of `noise_laws`; any other draw is noticed.

The quick tests are at scales where every mistake shows within twenty thousand numbers, the slow
ones at those of releases too. An honest sampler fails one run in a million at most.
"""

import inspect
import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import copysign

import numpy as np
import pytest

from consumers.release import noise
from exchange.core.release.budget import TABLE_COSTS
from tests.kits import release_world
from tests.statistics.noise_laws import LAWS, DiscreteGaussian, Sampler, faults, repeats

FEW, MANY = 20_000, 200_000
SMALL = (Fraction(1, 2), Fraction(1), Fraction(3))
SCALES_OF_RELEASES = sorted({plan.scale for plan in TABLE_COSTS.values()})
LEAST, GREATEST = SCALES_OF_RELEASES[0], SCALES_OF_RELEASES[-1]
SEEDED = np.random.default_rng(20260101)


def in_numpy(scale: Fraction, count: int) -> list[int]:
    """The right distribution with the wrong randomness: looks honest to laws of one vector."""
    return [int(x) for x in release_world.noise(SEEDED, float(scale), count)]


# The sampler


@pytest.mark.parametrize("scale", SMALL, ids=str)
def test_noise_is_the_discrete_gaussian_of_its_scale(scale: Fraction) -> None:
    assert faults(noise.gaussian, scale, FEW) == []


@pytest.mark.slow
@pytest.mark.parametrize("scale", [*SMALL, LEAST, GREATEST], ids=str)
def test_noise_is_the_discrete_gaussian_of_its_scale_in_very_many_draws(scale: Fraction) -> None:
    assert faults(noise.gaussian, scale, MANY) == []


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_noise_is_the_discrete_gaussian_at_every_scale_of_a_release() -> None:
    for scale in SCALES_OF_RELEASES:
        assert faults(noise.gaussian, scale, FEW) == [], scale


@pytest.mark.parametrize("scale", [*SMALL, LEAST, GREATEST], ids=str)
def test_two_calls_have_nothing_to_do_with_each_other(scale: Fraction) -> None:
    assert not repeats(noise.gaussian, scale, 2_000)


@pytest.mark.slow
def test_cells_of_many_small_draws_are_independent_too() -> None:
    """As a release draws: a new mechanism for each table."""

    def piecewise(scale: Fraction, count: int) -> list[int]:
        return [x for _ in range(count // 10) for x in noise.gaussian(scale, 10)]

    assert faults(piecewise, LEAST, FEW) == []


def test_the_exact_distribution_is_one() -> None:
    """By the sum in closed form (Poisson): Σ exp(−x²/2σ²) = σ√(2π)·(1 + 2·exp(−2π²σ²) + …)."""
    for scale in (*SMALL, LEAST, GREATEST):
        sigma, true = float(scale), DiscreteGaussian(scale)
        whole = sigma * np.sqrt(2 * np.pi) * (1 + 2 * sum(np.exp(-2 * (np.pi * sigma * k) ** 2) for k in (1, 2, 3)))
        assert true.masses.sum() == pytest.approx(1)
        assert true.masses[true.far] == pytest.approx(1 / whole, rel=1e-9)
        assert true.moment(2) <= sigma**2 * (1 + 1e-12)  # its variance is never above the continuous one's


# Numbers that are something else


def rounded_normal(scale: Fraction, count: int) -> list[int]:
    return [round(random.gauss(0, float(scale))) for _ in range(count)]


def laplace(scale: Fraction, count: int) -> list[int]:
    """Of the same variance."""
    found = SEEDED.laplace(0, float(scale) / np.sqrt(2), count)
    return [round(x) for x in found]


def uniform(scale: Fraction, count: int) -> list[int]:
    far = round(float(scale) * np.sqrt(3))
    return [int(x) for x in SEEDED.integers(-far, far + 1, count)]


def scaled(by: float) -> Sampler:
    return lambda scale, count: [int(x) for x in release_world.noise(SEEDED, by * float(scale), count)]


def same_for_two(scale: Fraction, count: int) -> list[int]:
    return [x for x in in_numpy(scale, count // 2) for _ in range(2)]


def second_half_again(scale: Fraction, count: int) -> list[int]:
    return 2 * in_numpy(scale, count // 2)


def adding_up_to_nothing(scale: Fraction, count: int) -> list[int]:
    return [sign * x for x in in_numpy(scale, count // 2) for sign in (1, -1)]


def small_beside_large(scale: Fraction, count: int) -> list[int]:
    """Each number right, and of every two one is large when the other is small."""
    found = sorted(in_numpy(scale, count), key=abs)
    pairs = list(zip(found[: count // 2], reversed(found[count // 2 :]), strict=True))
    order = SEEDED.permutation(len(pairs))
    return [x for i in order for x in (pairs[i] if i % 2 else pairs[i][::-1])]


def never_negative(scale: Fraction, count: int) -> list[int]:
    return [max(0, x) for x in in_numpy(scale, count)]


def cut_off(scale: Fraction, count: int) -> list[int]:
    """At three standard deviations."""
    far = int(3 * scale)
    return [int(copysign(min(abs(x), far), x)) for x in in_numpy(scale, count)]


def even_only(scale: Fraction, count: int) -> list[int]:
    return [2 * round(x / 2) for x in in_numpy(scale, count)]


WRONG: dict[str, tuple[Sampler, Fraction, str]] = {
    "scale halved": (scaled(0.5), Fraction(3), "spread"),
    "scale a twentieth too large": (scaled(1.05), Fraction(1), "cells"),
    "scale a twentieth too small": (scaled(0.95), Fraction(1), "cells"),
    "rounded normal": (rounded_normal, Fraction(1, 2), "cells"),
    "rounded normal at one": (rounded_normal, Fraction(1), "cells"),
    "Laplace": (laplace, Fraction(3), "distribution_function"),
    "uniform": (uniform, Fraction(3), "tails"),
    "none": (lambda _, count: [0] * count, Fraction(3), "symmetry"),
    "one number for two cells": (same_for_two, Fraction(3), "signs_of_neighbours"),
    "half of the vector twice": (second_half_again, Fraction(3), "signs_of_neighbours"),
    "every two add up to nothing": (adding_up_to_nothing, Fraction(3), "signs_of_neighbours"),
    "small beside large": (small_beside_large, Fraction(3), "sizes_of_neighbours"),
    "clamped at nothing": (never_negative, Fraction(3), "symmetry"),
    "cut off": (cut_off, Fraction(3), "tails"),
    "even numbers only": (even_only, Fraction(3), "parity"),
}


@pytest.mark.parametrize("name", WRONG)
def test_numbers_that_are_something_else_are_found_out(name: str) -> None:
    sampler, scale, law = WRONG[name]
    assert law in faults(sampler, scale, 3 * FEW)


@pytest.mark.slow
@pytest.mark.parametrize("scale", [LEAST, GREATEST], ids=str)
@pytest.mark.parametrize("sampler", [scaled(1.05), scaled(0.95), laplace], ids=["larger", "smaller", "Laplace"])
def test_they_are_found_out_at_the_scales_of_releases_too(sampler: Sampler, scale: Fraction) -> None:
    assert set(faults(sampler, scale, MANY)) >= {"cells", "distribution_function"}


@pytest.mark.parametrize("law", LAWS)
def test_each_law_finds_something_out(law: str) -> None:
    assert law in {dies_by for _, _, dies_by in WRONG.values()}


# The code of the sampler, with one thing broken each


def broken(*changes: tuple[str, str]) -> Sampler:
    """`gaussian` with other text in places; each must be there once."""
    source = inspect.getsource(noise.gaussian)
    for rule, wrong in changes:
        assert source.count(rule) == 1
        source = source.replace(rule, wrong)
    made: dict[str, object] = {**vars(noise), "random": random}
    exec(source, made)
    sampler = made["gaussian"]
    assert callable(sampler)
    return sampler


def is_noise(sampler: Sampler) -> None:
    """The law: the right distribution at two scales, and fresh numbers after any seeding."""
    for scale in (Fraction(1, 2), Fraction(3)):
        assert faults(sampler, scale, FEW) == []
    assert not repeats(lambda scale, count: after_seeding(sampler, scale, count), LEAST, 200)


def after_seeding(sampler: Sampler, scale: Fraction, count: int) -> Sequence[int]:
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002 - the generator that must not matter
    return sampler(scale, count)


HALVED = ("scale=sigma)", "scale=sigma / 2)")
UNCHECKED = ("charged > float(1 / (2 * scale**2)) * ROUNDING", "False")
DRAWN = "mechanism([0] * length)"
MUTANTS: dict[str, list[tuple[str, str]]] = {
    "scale halved": [HALVED],
    "scale halved and the charge not looked at": [HALVED, UNCHECKED],
    "variance for the scale": [("scale=sigma)", "scale=sigma**2)")],
    "ordinary random numbers for OpenDP": [(DRAWN, "[round(random.gauss(0, sigma)) for _ in range(length)]")],
    "one number for all cells": [(DRAWN, "mechanism([0]) * length")],
    "a fixed list": [(DRAWN, "[round(random.Random(i).gauss(0, sigma)) for i in range(length)]")],
    "none": [(DRAWN, "[0] * length")],
}


def test_the_sampler_itself_is_noise() -> None:
    is_noise(broken())


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_sampler_is_noticed(name: str) -> None:
    with pytest.raises((AssertionError, noise.NoiseUnaccounted)):
        is_noise(broken(*MUTANTS[name]))


def test_seeded_generators_are_noticed_even_where_their_distribution_is_right() -> None:
    """At a release's scale, no shape gives rounded normal numbers away, but repeats do."""
    assert faults(rounded_normal, GREATEST, FEW) == []
    assert repeats(lambda scale, count: after_seeding(rounded_normal, scale, count), GREATEST, 200)


def test_less_noise_than_was_paid_for_is_never_drawn() -> None:
    with pytest.raises(noise.NoiseUnaccounted):
        broken(*MUTANTS["scale halved"])(Fraction(3), 1)


# Processes

FORKED = """
import os, sys
from fractions import Fraction
from consumers.release.noise import gaussian
gaussian(Fraction(200), 1)
child = os.fork()
drawn = gaussian(Fraction(200), 20)
if child:
    os.waitpid(child, 0)
sys.stdout.write(" ".join(map(str, drawn)) + "\\n")
sys.stdout.flush()
os._exit(0)
"""


def drawn_in_processes() -> list[str]:
    ran = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, timeout=120, check=True)
    return ran.stdout.splitlines()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes do not fork here")
def test_processes_that_were_started_alike_or_forked_draw_differently() -> None:
    drawn = [*drawn_in_processes(), *drawn_in_processes()]
    assert len(drawn) == 4
    assert len(set(drawn)) == 4


# No way to ask for none


@pytest.mark.parametrize("scale", [Fraction(0), Fraction(-1), Fraction(-89, 4), Fraction(1, 3), Fraction(1, 10**400)])
@pytest.mark.parametrize("length", [0, 1, 10])
def test_no_scale_and_a_scale_that_is_not_exact_are_refused(scale: Fraction, length: int) -> None:
    with pytest.raises(noise.NoiseUnaccounted):
        noise.gaussian(scale, length)


def test_drawing_shows_nothing(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(0):
        drawn: Callable[..., object] = noise.gaussian
        drawn(LEAST, 1_000)
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
