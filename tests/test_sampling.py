"""The sampler and the guidance against closed forms."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.sampling import (
    MASK,
    draw_fields,
    flow_matching_loss,
    guidance_passes,
    guided,
    noisy_at,
    nucleus,
    present_in,
    repeated,
    sample_flow,
    sample_masked,
)

SCALES = st.sampled_from([0.0, 0.3, 1.0, 1.5, 2.0, 3.7, 10.0])
SIZES = (3, 5)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# Guidance


@settings(deadline=None)
@given(SCALES, SCALES, SCALES)
def test_weights_add_to_one_and_levels_rise(content, identity, emotion):
    passes = guidance_passes(content, identity, emotion)
    assert sum(weight for _, weight in passes) == pytest.approx(1.0)
    levels = [level for level, _ in passes]
    assert levels == sorted(set(levels)) and set(levels) <= {0, 1, 2, 3}
    assert all(weight != 0 for _, weight in passes)


@settings(deadline=None)
@given(SCALES, SCALES, SCALES)
def test_nested_guidance_is_the_formula(content, identity, emotion):
    u = torch.randn(4, 6, generator=rng(), dtype=torch.float64)
    direct = u[0] + content * (u[1] - u[0]) + identity * (u[2] - u[1]) + emotion * (u[3] - u[2])
    passes = guidance_passes(content, identity, emotion)
    nested = guided(u[[level for level, _ in passes]], passes)
    assert torch.allclose(nested, direct, atol=1e-9)


def test_scales_of_one_are_one_conditional_pass():
    assert guidance_passes() == [(3, 1.0)]
    output = torch.randn(1, 3, generator=rng())
    assert torch.equal(guided(output, guidance_passes()), output[0])


def test_each_pass_is_given_the_conditions_up_to_its_level():
    present = present_in([(0, -0.4), (1, 0.4), (3, 1.0)], "cpu")
    assert {name: value.tolist() for name, value in present.items()} == {
        "content": [False, True, True],
        "identity": [False, False, True],
        "emotion": [False, False, True],
    }


def test_a_batch_is_repeated_for_every_pass():
    batch = {"speaker": torch.tensor([7]), "tokens": {"symbol": torch.tensor([[1, 2]])}}
    made = repeated(batch, 3)
    assert made["speaker"].tolist() == [7, 7, 7] and made["tokens"]["symbol"].tolist() == [[1, 2]] * 3


def test_only_the_passes_that_count_are_made():
    assert guidance_passes(emotion=2.0) == [(2, -1.0), (3, 2.0)]
    assert guidance_passes(emotion=0.0) == [(2, 1.0)]
    assert guidance_passes(0.0, 0.0, 0.0) == [(0, 1.0)]
    assert [level for level, _ in guidance_passes(2.0, 3.0, 4.0)] == [0, 1, 2, 3]


def test_more_emotion_moves_only_along_what_emotion_adds():
    u = torch.randn(4, 6, generator=rng(), dtype=torch.float64)
    low, high = (guided(u, guidance_passes(1.5, 2.0, scale)) for scale in (1.0, 3.0))
    assert torch.allclose(high - low, 2 * (u[3] - u[2]))


# Masked sampling


def constant(logits: torch.Tensor):
    return lambda values: logits


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 7), st.integers(1, 9), st.integers(0, 1000), st.sampled_from([0.0, 0.5, 1.0, 2.0]))
def test_given_values_stay_and_all_is_filled(rows, steps, seed, temperature):
    generator = rng(seed)
    values = torch.randint(-2, 3, (rows, 2), generator=generator)
    heard: list[tuple[int, int]] = []
    out = sample_masked(
        constant(torch.randn(rows, 8, generator=generator)),
        values,
        SIZES,
        num_inference_steps=steps,
        temperature=temperature,
        generator=generator,
        on_step=lambda *at: heard.append(at),
        done=10,
        total=50,
    )
    assert (out != MASK).all()
    assert torch.equal(out[values != MASK], values[values != MASK])
    drawn = values == MASK
    assert ((out >= 0) & (out < torch.tensor(SIZES)))[drawn].all()
    assert heard == [(10 + step, 50) for step in range(1, steps + 1)]


def test_the_input_is_not_written_to():
    values = torch.full((4, 2), MASK)
    sample_masked(
        constant(torch.zeros(4, 8)), values, SIZES, num_inference_steps=2, temperature=1.0, generator=rng()
    )
    assert (values == MASK).all()


def test_same_seed_twice_and_another():
    logits = torch.randn(40, 8, generator=rng(1))

    def draw(seed: int, temperature: float = 1.0) -> torch.Tensor:
        return sample_masked(
            constant(logits),
            torch.full((40, 2), MASK),
            SIZES,
            num_inference_steps=5,
            temperature=temperature,
            generator=rng(seed),
        )

    assert torch.equal(draw(3), draw(3)) and not torch.equal(draw(3), draw(4))
    likeliest = torch.stack([field.argmax(-1) for field in logits.split(SIZES, -1)], -1)
    assert torch.equal(draw(3, 0.0), likeliest) and torch.equal(draw(4, 0.0), likeliest)


def test_allowed_is_respected():
    allowed = torch.zeros(200, 8, dtype=torch.bool)
    allowed[:, [1, 3, 6]] = True
    for temperature, top_p in itertools.product((0.0, 1.0, 2.0), (0.5, 1.0)):
        out = sample_masked(
            constant(torch.tensor([9.0, -9, 5, -9, 9, 9, -9, 9]).repeat(200, 1)),
            torch.full((200, 2), MASK),
            SIZES,
            num_inference_steps=4,
            temperature=temperature,
            top_p=top_p,
            generator=rng(),
            allowed=allowed,
        )
        assert (out[:, 0] == 1).all() and set(out[:, 1].tolist()) <= {0, 3}


@pytest.mark.parametrize("steps", [1, 4])
def test_independent_fields_come_out_with_their_marginals(steps):
    chances = [torch.tensor([0.1, 0.3, 0.6]), torch.tensor([0.05, 0.15, 0.2, 0.25, 0.35])]
    logits = torch.cat([chance.log() for chance in chances]).repeat(20_000, 1)
    out = sample_masked(
        constant(logits),
        torch.full((20_000, 2), MASK),
        SIZES,
        num_inference_steps=steps,
        temperature=1.0,
        generator=rng(),
    )
    for field, chance in enumerate(chances):
        share = torch.bincount(out[:, field], minlength=len(chance)) / len(out)
        assert torch.allclose(share, chance, atol=0.015)


def test_fields_that_depend_on_each_other_come_out_with_their_joint():
    """Two fields that must be equal: one at a time, each settled given the other, gives the exact joint."""
    chance = torch.tensor([0.2, 0.3, 0.5])

    def predict(values: torch.Tensor) -> torch.Tensor:
        rows = []
        for left, right in values.tolist():
            alone = chance.log()
            sure = [torch.where(torch.arange(3) == value, 0.0, -1e9) for value in (left, right)]
            rows.append(torch.cat([sure[1] if right >= 0 else alone, sure[0] if left >= 0 else alone]))
        return torch.stack(rows)

    counts = torch.zeros(3)
    generator = rng()
    for _ in range(1500):
        # Two steps of which the first settles exactly one field: floor(2 cos(pi / 4)) = 1 stays masked.
        left, right = sample_masked(
            predict,
            torch.full((1, 2), MASK),
            (3, 3),
            num_inference_steps=2,
            temperature=1.0,
            generator=generator,
        )[0].tolist()
        assert left == right
        counts[left] += 1
    assert torch.allclose(counts / counts.sum(), chance, atol=0.04)


def test_the_share_that_is_masked_falls_along_a_cosine():
    masked = []

    def predict(values: torch.Tensor) -> torch.Tensor:
        masked.append(int((values == MASK).sum()))
        return torch.zeros(50, 8)

    sample_masked(
        predict, torch.full((50, 2), MASK), SIZES, num_inference_steps=4, temperature=1.0, generator=rng()
    )
    assert masked == [100, 92, 70, 38]


def test_order_settles_a_field_first():
    seen = []

    def predict(values: torch.Tensor) -> torch.Tensor:
        seen.append((values == MASK).sum(0).tolist())
        return torch.zeros(50, 8)

    sample_masked(
        predict,
        torch.full((50, 2), MASK),
        SIZES,
        num_inference_steps=3,
        temperature=1.0,
        generator=rng(),
        order=torch.tensor([0.0, 100.0]),
    )
    assert seen[1] == [50, 36] and seen[2] == [50, 0]


def test_nothing_to_fill_calls_no_network():
    def predict(values: torch.Tensor) -> torch.Tensor:
        raise AssertionError("called")

    heard: list[int] = []
    values = torch.tensor([[1, -2]])
    out = sample_masked(
        predict,
        values,
        SIZES,
        num_inference_steps=3,
        temperature=1.0,
        generator=rng(),
        on_step=lambda step, total: heard.append(step),
    )
    assert torch.equal(out, values) and heard == [1, 2, 3]


# Nucleus


def test_nucleus():
    chances = torch.tensor([[0.5, 0.1, 0.3, 0.1], [0.0, 0.0, 1.0, 0.0]])
    assert nucleus(chances, 0.5).tolist() == [[True, False, False, False], [False, False, True, False]]
    assert nucleus(chances, 0.6)[0].tolist() == [True, False, True, False]
    assert nucleus(chances, 0.0).sum(-1).tolist() == [1, 1], "at least one"


def test_top_p_leaves_out_the_tail():
    chances = torch.tensor([0.6, 0.3, 0.1])
    logits = chances.log().repeat(5000, 1)
    drawn = draw_fields(logits, (3,), 1.0, 0.8, rng())[:, 0]
    share = torch.bincount(drawn, minlength=3) / len(drawn)
    assert torch.allclose(share, torch.tensor([2 / 3, 1 / 3, 0.0]), atol=0.03)


def test_temperature_sharpens():
    logits = torch.tensor([0.0, 1.0]).repeat(5000, 1)
    for temperature in (0.5, 1.0, 2.0):
        share = draw_fields(logits, (2,), temperature, 1.0, rng())[:, 0].float().mean()
        assert float(share) == pytest.approx(float(torch.sigmoid(torch.tensor(1 / temperature))), abs=0.02)


# Flow


def solved(solver: str, steps: int) -> float:
    """Error at t = 1 of dx/dt = t - x from x = 1, whose solution is t - 1 + 2 exp(-t)."""
    made = sample_flow(
        lambda x, t: t - x,
        torch.ones(1, dtype=torch.float64),
        num_inference_steps=steps,
        solver=solver,
    )
    return abs(float(made) - 2 * math.exp(-1))


@pytest.mark.parametrize(("solver", "order"), [("euler", 1), ("midpoint", 2)])
def test_solvers_have_their_order(solver, order):
    errors = [solved(solver, steps) for steps in (32, 64, 128)]
    for coarse, fine in itertools.pairwise(errors):
        assert math.log2(coarse / fine) == pytest.approx(order, abs=0.15)


@pytest.mark.parametrize(("solver", "calls"), [("euler", 5), ("midpoint", 10)])
def test_flow_calls_times_and_steps(solver, calls):
    at: list[float] = []
    heard: list[tuple[int, int]] = []
    noise = torch.randn(2, 3, generator=rng())
    before = noise.clone()

    def flow(x: torch.Tensor, t: float) -> torch.Tensor:
        at.append(t)
        return x.new_ones(x.shape).requires_grad_(True)

    made = sample_flow(
        flow,
        noise,
        num_inference_steps=5,
        solver=solver,
        on_step=lambda *step: heard.append(step),
        done=2,
        total=9,
    )
    assert len(at) == calls and at == sorted(at) and at[0] == 0 and at[-1] < 1
    assert heard == [(2 + step, 9) for step in range(1, 6)]
    assert torch.allclose(made, before + 1, atol=1e-6) and not made.requires_grad
    assert torch.equal(noise, before), "the noise is the caller's"


def test_a_solver_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"expected a solver out of euler, midpoint, got 'rk9'"):
        sample_flow(lambda x, t: x, torch.zeros(1), num_inference_steps=1, solver="rk9")


def test_the_straight_path_goes_from_noise_to_data():
    clean, noise = torch.randn(2, 3, 4, 5, generator=rng()).unbind(0)
    t = torch.tensor([0.0, 0.25, 1.0])
    path = noisy_at(clean, noise, t)
    assert torch.equal(path[0], noise[0]) and torch.equal(path[2], clean[2])
    assert torch.allclose(path[1], 0.75 * noise[1] + 0.25 * clean[1])
    for steps in (1, 7):
        made = sample_flow(lambda x, t: clean - noise, noise, num_inference_steps=steps)
        assert torch.allclose(made, clean, atol=1e-5)


def test_the_flow_loss_is_zero_at_the_true_flow_and_blind_to_padding():
    clean, noise = torch.randn(2, 3, 4, 5, generator=rng()).unbind(0)
    mask = torch.arange(4) < torch.tensor([[4], [2], [1]])
    true = clean - noise
    assert float(flow_matching_loss(true, clean, noise, mask)) == 0
    padded = torch.where(mask[..., None], true, true + 100)
    assert float(flow_matching_loss(padded, clean, noise, mask)) == 0
    assert float(flow_matching_loss(true + 2, clean, noise, mask)) == pytest.approx(4.0, rel=1e-5)
    assert float(flow_matching_loss(true, clean, noise, torch.zeros_like(mask))) == 0
