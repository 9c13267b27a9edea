"""Which function of ours computes which published number: inputs in, the named numbers out."""

from collections.abc import Callable, Mapping
from math import inf, sqrt
from typing import Any

from app.stats import (
    arm_sizes,
    bayes,
    cuped_relative,
    differences,
    lift_power,
    mixtures,
    multiplicity,
    normal_belief,
    one_arm,
    one_rate,
    ratio,
    srm,
    t_sizes,
    textbook,
)
from app.stats import group_sequential as looks
from app.stats.checks import NotEnoughData
from app.stats.cuped_relative import Moments
from app.stats.means import adjusted, cuped_theta
from app.stats.ratios_of_sums import compare_ratios_relative
from app.stats.score import Pair, score_low
from app.stats.skewed import skewed_p
from app.stats.student import Mean, student
from app.stats.sums import Sums
from app.stats.two_arm import Arm, critical_value
from app.stats.welch import Difference, welch, welch_relative

Inputs = Mapping[str, Any]
Found = dict[str, Any]
_Z = 1.959963984540054  # of 95 %, with which GrowthBook's quantiles are given


def _mean(told: Inputs) -> Mean:
    if told["type"] == "proportion":
        return Mean.of_rate(Arm(told["n"], told["sum"]))
    return Mean.of_sums(_sums(told))


def _sums(told: Inputs) -> Sums:
    return Sums(told["n"], told["sum"], told["sum_squares"])


def _ratio_sums(told: Inputs) -> Sums:
    num, den = told["num"], told["den"]
    return Sums(told["n"], num[0], num[1], den[0], den[1], told["num_den"])


def _before_sums(told: Inputs) -> Sums:
    post, pre = told["post"], told["pre"]
    return Sums(told["n"], post[0], post[1], pre[0], pre[1], told["post_pre"])


def _arm(told: Inputs) -> Arm:
    return Arm(told["n"], told["k"])


def _both(told: Inputs, read: Callable[[Inputs], Any]) -> tuple[Any, Any]:
    return read(told["treatment"]), read(told["control"])


def _shown(found: Difference, **more: Any) -> Found:
    ends = [found.low, found.high]
    return {"expected": found.difference, "ci": ends, "se": found.error} | {
        "p_value": found.p_value, "difference": found.difference, **more,
    }  # fmt: skip


def _level(told: Inputs) -> float:
    return 1 - float(told.get("alpha", 0.05))


def welch_t(told: Inputs) -> Found:
    return _shown(welch(*_both(told, _mean), confidence=_level(told)))


def welch_t_relative(told: Inputs) -> Found:
    return _shown(welch_relative(*_both(told, _mean), confidence=_level(told)))


def one_sided(*, upper: bool, relative: bool) -> Callable[[Inputs], Found]:
    compare = welch_relative if relative else welch

    def found(told: Inputs) -> Found:
        both = compare(*_both(told, _mean), confidence=1 - 2 * told["alpha"])
        half = both.p_value / 2
        above = half if both.difference > 0 else 1 - half
        ends = [None, both.high] if upper else [both.low, None]
        p_value = 1 - above if upper else above
        return {"expected": both.difference, "ci": ends, "se": both.error, "p_value": p_value}

    return found


def _people(told: Inputs) -> int:
    return int(told["control"]["n"] + told["treatment"]["n"])


def sequence_one_sided(*, upper: bool, relative: bool) -> Callable[[Inputs], Found]:
    compare = welch_relative if relative else welch

    def found(told: Inputs) -> Found:
        both = compare(*_both(told, _mean))
        at = {"n_max": told["n_star"], "alpha": told["alpha"]}
        side = -1 if upper else 1
        end = side * mixtures.asymptotic_low(
            side * both.difference, both.error, _people(told), **at
        )
        p_value = mixtures.asymptotic_low_p(side * both.difference, both.error, _people(told), **at)
        # GrowthBook's search for p ends at 0.4999; ours says 1 where 0 is never out.
        shown = min(p_value, 0.4999)
        return {"ci": [None, end] if upper else [end, None], "p_value": shown}

    return found


def _cuped(told: Inputs) -> Difference:
    arm, base = _both(told, _before_sums)
    return cuped_relative.cuped_relative(
        Moments.of_sums(arm), Moments.of_sums(base), theta=cuped_theta([arm, base]),
        confidence=_level(told),
    )  # fmt: skip


def cuped_absolute(told: Inputs) -> Found:
    arm, base = _both(told, _before_sums)
    theta, center = cuped_theta([arm, base]), (arm + base).covariate_mean
    moved = [adjusted(one, theta=theta, center=center) for one in (arm, base)]
    return _shown(welch(moved[0], moved[1], confidence=_level(told)))


def cuped_of_rates(told: Inputs) -> Found:
    """0 and 1 before and after: variances p(1 - p), the covariance from the products."""

    def moments(n: int, post: int, pre: int, both: float) -> Moments:
        between = (both - post * pre / n) / n
        rates = (post / n, pre / n)
        spreads = tuple(rate * (1 - rate) for rate in rates)
        return Moments(n, rates, ((spreads[0], between), (between, spreads[1])))

    sides = [
        (one["n"], one["post_sum"], one["pre_sum"], one["post_pre"])
        for one in (told["treatment"], told["control"])
    ]
    together = moments(*(left + right for left, right in zip(*sides, strict=True)))
    theta = together.spreads[0][1] / together.spreads[1][1]
    arm, base = (moments(*side) for side in sides)
    return _shown(cuped_relative.cuped_relative(arm, base, theta=theta))


def _four(told: Inputs) -> Moments:
    """Numerator and denominator, both before and after: from sums, or from every person."""
    names = ("m_post", "d_post", "m_pre", "d_pre")
    if "n" not in told:
        rows = [told[name] for name in names]
        products = [
            tuple(sum(a * b for a, b in zip(left, right, strict=True)) for right in rows)
            for left in rows
        ]
        return Moments.of_totals(len(rows[0]), [sum(row) for row in rows], products)

    def product(left: str, right: str) -> float:
        if left == right:
            return float(told[left][1])
        pair = f"{left}_{right}"
        return float(told[pair] if pair in told else told[f"{right}_{left}"])

    products = [tuple(product(left, right) for right in names) for left in names]
    return Moments.of_totals(told["n"], [told[name][0] for name in names], products)


def cuped_ratio(told: Inputs) -> Found:
    arm, base = _both(told, _four)
    return _shown(cuped_relative.cuped_ratio(arm, base, theta=told.get("theta")))


def refused(compute: Callable[[], object]) -> bool:
    try:
        compute()
    except (NotEnoughData, ValueError):
        return True
    return False


def cuped_impossible(told: Inputs) -> Found:
    """GrowthBook computes a variance below 0 and then refuses; ours refuses the sums."""

    def compute() -> object:
        sides = [
            Sums(one["n"], one["post_sum"], abs(one["post_sum"]), one["pre_sum"], one["pre_sum"],
                 one["post_pre"])
            for one in (told["treatment"], told["control"])
        ]  # fmt: skip
        return welch(sides[0], sides[1])

    return {"error": "ZERO_NEGATIVE_VARIANCE" if refused(compute) else ""}


def theta(told: Inputs) -> Found:
    arms = []
    for one in (told["treatment"], told["control"]):
        post, pre = one["post"], one["pre"]
        both = sum(a * b for a, b in zip(post, pre, strict=True))
        squares = [sum(value**2 for value in row) for row in (post, pre)]
        arms.append(Sums(len(post), sum(post), squares[0], sum(pre), squares[1], both))
    return {"theta": cuped_theta(arms)}


def mean_of_sums(told: Inputs) -> Found:
    values = told["values"]
    return {"mean": Sums(len(values), sum(values), sum(one**2 for one in values)).mean}


def sign_of_lift(told: Inputs) -> Found:
    sides = [
        Mean(told[f"mean_{name}"], told["variance_about"], told["n"])
        for name in ("treatment", "control")
    ]
    return {"expected": welch_relative(sides[0], sides[1]).difference}


def belief(effect: normal_belief.Effect, told: Inputs) -> Found:
    held = normal_belief.normal_belief(
        effect,
        confidence=0.95,
        prior_mean=told.get("prior_mean", 0.0),
        prior_variance=told.get("prior_variance", inf),
    )
    return _believed(held, inverse=bool(told.get("lower_is_better")))


def _believed(held: bayes.Belief, *, inverse: bool = False) -> Found:
    """GrowthBook's risk is (of the baseline, of the arm)."""
    risk = [held.loss, held.loss_baseline] if inverse else [held.loss_baseline, held.loss]
    chance = 1 - held.chance_to_beat if inverse else held.chance_to_beat
    width = (held.high - held.low) / 2 / _Z
    return {"expected": held.mean, "ci": [held.low, held.high], "se": width} | {
        "chance_to_win": chance, "risk": risk,
    }  # fmt: skip


def _effect_of_means(told: Inputs) -> normal_belief.Effect:
    arm, base = (
        normal_belief.Effect(one.mean, sqrt(one.variance / one.people))
        for one in _both(told, _mean)
    )
    return normal_belief.relative_effect(arm, base)


def belief_of_ratio(told: Inputs) -> Found:
    """From moments, for no people could have these sums: a fixture of arithmetic alone."""
    means, effects = [], []
    for one in (told["treatment"], told["control"]):
        num, den, both = one["num"], one["den"], one["num_den"]
        products = [(num[1], both), (both, den[1])]
        moments = Moments.of_totals(one["n"], [num[0], den[0]], products)
        over, under = moments.means
        variance = moments.variance((1 / under, -over / under**2)) / one["n"]
        means.append(over / under)
        effects.append(normal_belief.Effect(over / under, sqrt(variance)))
    effect = normal_belief.relative_effect(effects[0], effects[1])
    return belief(effect, told) | {"means": means[::-1]}


def quantiles(*, relative: bool, prior: float | None) -> Callable[[Inputs], Found]:
    """Its error is from its 95 % bounds, with n - 1 of n; a prior on the lift by the baseline."""

    def found(told: Inputs) -> Found:
        arm, base = (
            normal_belief.Effect(
                one["q"], (one["upper"] - one["lower"]) / 2 / _Z * sqrt((one["n"] - 1) / one["n"])
            )
            for one in (told["treatment"], told["control"])
        )
        if relative:
            effect, scale = normal_belief.relative_effect(arm, base), 1.0
        else:
            error = sqrt(arm.error**2 + base.error**2)
            effect, scale = (
                normal_belief.Effect(arm.estimate - base.estimate, error),
                base.estimate,
            )
        return belief(effect, {"prior_variance": inf if prior is None else prior * scale**2})

    return found


def losses(told: Inputs) -> Found:
    loss, loss_baseline = normal_belief.normal_losses(told["mu"], told["sigma"])
    return {"risk": [loss_baseline, loss]}


def more_people(told: Inputs) -> Found:
    """On the way: how many times as many people must come on top."""
    arm, base = _both(told, _mean)
    error = welch_relative(arm, base).error
    lift = told.get("target_mde", told.get("target_mde_relative"))
    at: dict[str, Any] = {"confidence": _level(told), "power": told["target_power"]}
    if told.get("n_star"):
        at |= {"so_far": _people(told), "n_max": told["n_star"]}
    times = lift_power.times_as_many(error, lift, **at)
    return {"scaling_factor": times, "additional_users": times * _people(told)}


def more_people_believed(told: Inputs) -> Found:
    arm, base = _both(told, _mean)
    times = lift_power.times_as_many_believed(
        welch_relative(arm, base).error, told["target_mde"],
        prior_mean=told["prior_mean"], prior_variance=told["prior_variance"],
        confidence=_level(told), power=told["target_power"],
    )  # fmt: skip
    return {"scaling_factor": times}


def delta(*, relative: bool) -> Callable[[Inputs], Found]:
    def found(told: Inputs) -> Found:
        base = Mean(told["mean_a"], told["var_a"], told["n_a"])
        arm = Mean(told["mean_b"], told["var_b"], told["n_b"])
        compare = welch_relative if relative else welch
        return {"variance": compare(arm, base).error ** 2}

    return found


def _spread(told: Inputs) -> tuple[float, float]:
    if "p" in told:
        return told["p"], told["p"] * (1 - told["p"])
    return told["mean"], told["variance"]


def _power(told: Inputs, people: float) -> float:
    error = lift_power.lift_error(*_spread(told), told["effect_relative"], people=people)
    times = lift_power.anytime_bar(2 * people, told["n_star"]) if "n_star" in told else 1.0
    return lift_power.lift_power(told["effect_relative"], times * error, confidence=_level(told))


def _smallest(told: Inputs, people: float) -> float:
    times = lift_power.anytime_bar(2 * people, told["n_star"]) if "n_star" in told else 1.0
    return lift_power.smallest_lift(
        *_spread(told), people=people, confidence=_level(told), power=told["power"],
        inflation=times,
    )  # fmt: skip


def _weekly(told: Inputs) -> list[float]:
    return [week * told["users_per_week"] / told["n_variations"] for week in told["weeks"]]


def power_of_lift(told: Inputs) -> Found:
    return {"power": _power(told, told["n_total"] / told["n_variations"])}


def smallest_lift(told: Inputs) -> Found:
    return {"mde": _smallest(told, told["n_total"] / told["n_variations"])}


def power_by_week(told: Inputs) -> Found:
    powers = [_power(told, people) for people in _weekly(told)]
    enough = [week for week, power in zip(told["weeks"], powers, strict=True) if power >= 0.8]
    return {"power": powers, "first_week_at_80pct": enough[0] if enough else None}


def mde_by_week(told: Inputs) -> Found:
    return {"mde": [_smallest(told, people) for people in _weekly(told)]}


def ratio_relative(told: Inputs) -> Found:
    return _shown(compare_ratios_relative(*_both(told, _ratio_sums), confidence=_level(told)))


def sample_ratio(told: Inputs) -> Found:
    p_value = srm.sample_ratio(told["observed"], told["shares"]).p_value
    return {"p_value": p_value, "correct_p_value": p_value}


def mde_by_t(told: Inputs) -> Found:
    shares = told.get("weights", [1] * told.get("arms", 2))
    people = [told["n_total"] * share / sum(shares) for share in shares]
    effect = t_sizes.effect_for_t(
        people=people[0], baseline_people=people[1], confidence=_level(told), power=told["power"]
    )
    gain = effect * told["sd"]
    return {"target": told["mean"] + gain, "mde_relative": gain / told["mean"]}


def total_by_t(told: Inputs) -> Found:
    effect = (told["target"] - told["mean"]) / told["sd"]
    return {"n_total": t_sizes.total_for_t(effect, confidence=_level(told), power=told["power"])}


def total_by_cohens_h(told: Inputs) -> Found:
    effect = differences.cohens_h(told["p2"], told["p1"])
    return {"n_total": t_sizes.total_for_t(effect, confidence=_level(told), power=told["power"])}


def ranks(told: Inputs) -> Found:
    return {"sample_size_per_branch": t_sizes.people_for_ranks(told["effect"] / told["sd"])}


def total_by_z(told: Inputs) -> Found:
    total = t_sizes.people_for_means(
        told["mde"], told["p"] * (1 - told["p"]), confidence=_level(told), power=told["power"]
    )
    return {"n_total": total}


def rate_interval(
    compute: Callable[..., one_arm.Interval], *, sides: int = 2, each: bool = False
) -> Callable[[Inputs], Found]:
    """`each`: the function takes the confidence of each side."""

    def found(told: Inputs) -> Found:
        alpha = told.get("alpha", 1 - told.get("level", 0.95))
        level = 1 - alpha / sides if each else 1 - alpha * (2 / sides)
        got = compute(told["k"], told["n"], confidence=level)
        return {"ci": [got.low, got.high], "lower": got.low}

    return found


def rate_posterior(told: Inputs) -> Found:
    got = bayes.posterior_interval(
        told["k"], told["n"], confidence=told["level"], prior=bayes.JEFFREYS
    )
    return {"ci": [got.low, got.high]}


def _wald(told: Inputs) -> Found:
    arm, base = _both(told, _arm)
    got = differences.wald(arm, base, confidence=_level(told))
    pooled = differences.pooled_z(arm, base)
    return {"difference": arm.rate - base.rate, "ci": [got.low, got.high]} | {
        "p_value": pooled.p_value
    }


def difference_interval(compute: Callable[..., Any]) -> Callable[[Inputs], Found]:
    def found(told: Inputs) -> Found:
        got = compute(*_both(told, _arm), confidence=_level(told))
        return {"ci": [got.low, got.high]}

    return found


def score_interval(told: Inputs) -> Found:
    arm, base = _both(told, _arm)
    pair, critical = (
        Pair(arm.hits, arm.people, base.hits, base.people),
        critical_value(_level(told)),
    )
    return {
        "ci": [score_low(pair, critical=critical), -score_low(pair.turned(), critical=critical)]
    }


def z_of(compute: Callable[[Arm, Arm], differences.Z]) -> Callable[[Inputs], Found]:
    def found(told: Inputs) -> Found:
        got = compute(*_both(told, _arm))
        return {"z": got.z, "p_value": got.p_value}

    return found


def z_of_one(told: Inputs) -> Found:
    got = one_rate.one_sample_z(told["k"], told["n"], told["p0"])
    return {"z": got.z, "p_value": got.p_value}


def two_betas(told: Inputs) -> Found:
    prior = bayes.Prior(*told["prior"])
    got = bayes.posterior_difference(*_both(told, _arm), confidence=0.95, prior=prior)
    return {
        "difference": got.mean,
        "ci": [got.low, got.high],
        "prob_treatment_better": got.chance_to_beat,
        "expected_loss_treatment": got.loss,
        "expected_loss_control": got.loss_baseline,
    }


def chance(told: Inputs) -> Found:
    return {"prob": bayes.chance_to_beat(_arm(told["b"]), _arm(told["a"]))}


def power_z(told: Inputs) -> Found:
    power = arm_sizes.power_of_means(
        told["mde"], told["variance"], baseline_people=told["n1"], people=told["n2"],
        confidence=_level(told),
    )  # fmt: skip
    return {"power": power}


def power_of_rates(told: Inputs) -> Found:
    people = told.get("n_per_arm")
    base = told.get("n1", people)
    power = arm_sizes.power_of_rates(
        told["p1"], told["p2"], baseline_people=base,
        people=round(base * told.get("ratio", 1)), confidence=_level(told),
    )  # fmt: skip
    return {"power": power}


def miller(told: Inputs) -> Found:
    return {"n": arm_sizes.people_an_arm_miller(told["p"], told["mde_absolute"])}


def pooled_sizes(told: Inputs) -> Found:
    return {"n_per_arm": arm_sizes.people_an_arm(told["p1"], told["p2"] - told["p1"])[0]}


def student_of(told: Inputs) -> Found:
    return _shown(student(*_both(told, _mean), confidence=_level(told)))


def student_summary(told: Inputs) -> Found:
    one, other = (
        Mean(told[f"mean{side}"], told[f"var{side}"], told[f"n{side}"]) for side in (1, 2)
    )
    got = student(one, other)
    return {"t": got.difference / got.error, "p_value": got.p_value}


def noninferior(told: Inputs) -> Found:
    arm, base = _both(told, _mean)
    gap = welch(arm, base)
    margin = told["nim_relative"] * base.mean
    got = one_rate.noninferiority(
        gap.difference, gap.error, margin=margin, confidence=told["interval"]
    )
    return {"difference": gap.difference, "ci_upper": got.high, "p_value_lt": got.p_value}


def repeated_interval(told: Inputs) -> Found:
    arm, base = _both(told, _mean)
    gap = welch(arm, base)
    share = _people(told) / told["final_expected_n"]
    (bound,) = looks.bounds([share], alpha=1 - told["interval"], spending=looks.Spending.SQUARE)
    ends = [gap.difference - bound * gap.error, gap.difference + bound * gap.error]
    return {"difference": gap.difference, "ci": ends}


def adjusted_alpha(told: Inputs) -> Found:
    people = told["cumulative_n"]
    most = max(*people, told["planned_n"])
    found = looks.bounds(
        [n / most for n in people], alpha=told["alpha"], spending=looks.Spending.SQUARE
    )
    from scipy.special import ndtr

    return {"adjusted_alpha": [2 * float(ndtr(-bound)) for bound in found]}


def spending_bounds(spending: looks.Spending) -> Callable[[Inputs], Found]:
    return lambda told: {
        "bounds": list(looks.bounds(told["t"], alpha=told["alpha"], spending=spending))
    }


def classic(shape: float) -> Callable[[Inputs], Found]:
    return lambda told: {"c": looks.constant(told["looks"], alpha=told["alpha"], shape=shape)}


def beta_sequence(told: Inputs) -> Found:
    got = mixtures.beta_binomial_sequence(
        told["k"], told["n"], tightest=told["t_opt"], alpha=told["alpha"]
    )
    return {"ci": [got.low, got.high]}


def beta_mixture(told: Inputs) -> Found:
    got = mixtures.log_beta_binomial_mixture(
        told["s"], told["v"], below=told["g"], above=told["h"], tightest=told["v_opt"],
        alpha=told["alpha_opt"],
    )  # fmt: skip
    return {"value": got}


def normal_mixture(told: Inputs) -> Found:
    weight = mixtures.normal_mixture_weight(told["v_opt"], alpha=told["alpha_opt"])
    bound = mixtures.normal_mixture_bound(told["v"], alpha=told["alpha"], weight=weight)
    at_ten = mixtures.log_normal_mixture(10, told["v"], weight=weight)
    return {"rho": weight, "bound": bound, "log_mixture_at_s10": at_ten}


def binomial_above(told: Inputs) -> Found:
    low = one_arm.clopper_pearson(told["k"], told["n"], confidence=0.95).low
    return {
        "p_value": one_arm.p_value(told["k"], told["n"], told["p0"]),
        "ci_lower_95_exact": low,
    }


def _table(told: Inputs) -> Pair:
    """Columns are the groups, as SciPy's examples write them."""
    (did, base_did), (missed, base_missed) = told["table"]
    return Pair(did, did + missed, base_did, base_did + base_missed)


def boschloo(told: Inputs) -> Found:
    got = textbook.boschloo_above(_table(told))
    return {"statistic": got.statistic, "p_value": got.p_value}


def barnard_below(told: Inputs) -> Found:
    got = textbook.barnard_above(_table(told).turned())
    return {"statistic": -got.statistic, "p_value": got.p_value}


def _arms(told: Inputs) -> list[Arm]:
    return [Arm(n, k) for k, n in zip(told["k"], told["n"], strict=True)]


def chi_square(told: Inputs) -> Found:
    got = multiplicity.equal_rates(_arms(told))
    return {"statistic": got.statistic, "p_value": got.p_value}


def nobody_in_the_baseline(told: Inputs) -> Found:
    """GrowthBook refuses with p = 1; ours finds what Fisher's test finds."""
    arm, base = (Arm(one["n"], one["sum"]) for one in (told["treatment"], told["control"]))
    pair = Pair(arm.hits, arm.people, base.hits, base.people)
    assert skewed_p(pair) < 0.001
    return {"fisher_p_two_sided": textbook.fisher(pair)}


COMPUTED: dict[str, Callable[[Inputs], Found]] = {
    "welch_t_absolute": welch_t,
    "welch_t_relative_delta": welch_t_relative,
    "welch_t_one_sided_greater_relative": one_sided(upper=False, relative=True),
    "welch_t_one_sided_greater_absolute": one_sided(upper=False, relative=False),
    "welch_t_one_sided_lesser_absolute": one_sided(upper=True, relative=False),
    "asymptotic_cs_one_sided_greater_relative": sequence_one_sided(upper=False, relative=True),
    "asymptotic_cs_one_sided_greater_absolute": sequence_one_sided(upper=False, relative=False),
    "asymptotic_cs_one_sided_lesser_absolute": sequence_one_sided(upper=True, relative=False),
    "cuped_relative_t": lambda told: _shown(_cuped(told), means=[2.6, 2.9]),
    "cuped_absolute_t": cuped_absolute,
    "cuped_proportion_relative_t": cuped_of_rates,
    "cuped_ratio_relative_t": cuped_ratio,
    "cuped_ratio_relative_fixed_theta": cuped_ratio,
    "cuped_absolute_variance": cuped_impossible,
    "cuped_theta_pooled": theta,
    "sample_variance_from_sums": mean_of_sums,
    "relative_difference_sign": sign_of_lift,
    "bayes_normal_effect_relative_flat_prior": lambda told: belief(_effect_of_means(told), told),
    "bayes_normal_effect_relative_flat_prior_inverse": lambda told: belief(
        _effect_of_means(told), told
    ),
    "bayes_normal_effect_relative_flat_prior_sample_var": lambda told: belief(
        _effect_of_means(told), told
    ),
    "bayes_normal_effect_relative_normal_prior": lambda told: belief(_effect_of_means(told), told),
    "bayes_ratio_relative_flat_prior": belief_of_ratio,
    "bayes_quantile_absolute_flat": quantiles(relative=False, prior=None),
    "bayes_quantile_absolute_prior_N(0,1)_on_lift": quantiles(relative=False, prior=1.0),
    "bayes_quantile_relative_prior_var_1e6": quantiles(relative=True, prior=1e6),
    "normal_expected_loss": losses,
    "midexperiment_scaling_factor_relative": more_people,
    "midexperiment_scaling_factor_relative_sequential": more_people,
    "midexperiment_scaling_factor_relative_bayes": more_people_believed,
    "midexperiment_additional_users": more_people,
    "delta_variance_absolute": delta(relative=False),
    "delta_variance_relative": delta(relative=True),
    "power_relative_two_sided": power_of_lift,
    "power_relative_sequential": power_of_lift,
    "mde_relative_two_sided": smallest_lift,
    "mde_relative_sequential": smallest_lift,
    "power_by_week_proportion_relative": power_by_week,
    "power_by_week_proportion_relative_sequential": power_by_week,
    "power_by_week_mean_relative": power_by_week,
    "mde_by_week_proportion_relative": mde_by_week,
    "ratio_relative_t": ratio_relative,
    "srm_chi2_p": sample_ratio,
    "srm_chi2_p_zero_weight_arm_quirk": sample_ratio,
    "mde_two_sample_t_total_n": mde_by_t,
    "mde_two_sample_t_total_n_unbalanced": mde_by_t,
    "sample_size_two_sample_t_total": total_by_t,
    "sample_size_cohens_h_t_total": total_by_cohens_h,
    "sample_size_z_or_t_per_branch": ranks,
    "sample_size_total_z": total_by_z,
    "wald_ci_1prop": rate_interval(one_rate.normal_interval),
    "chi2_pooled_p_and_wald_diff_ci": _wald,
    "wald_diff_ci": _wald,
    "bonferroni_adjust": lambda told: {"adjusted": list(multiplicity.bonferroni(told["p"]))},
    "holm_adjust": lambda told: {"adjusted": list(multiplicity.holm(told["p"]))},
    "power_z_two_sample": power_z,
    "student_t_p": student_of,
    "student_t_diff_ci": welch_t,  # so it is called there, but its interval is Welch's
    "student_t_from_summary": student_summary,
    "z_unpooled_p": z_of(differences.unpooled_z),
    "z_pooled": z_of(differences.pooled_z),
    "z_one_sample_sample_variance": z_of_one,
    "noninferiority_one_sided_z": noninferior,
    "group_sequential_ci_rho2_spending": repeated_interval,
    "group_sequential_adjusted_alpha_rho2": adjusted_alpha,
    "group_sequential_bounds_rho2": spending_bounds(looks.Spending.SQUARE),
    "lan_demets_obf_bounds_two_sided": spending_bounds(looks.Spending.OBRIEN_FLEMING),
    "lan_demets_pocock_bounds_two_sided": spending_bounds(looks.Spending.POCOCK),
    "pocock_constant_two_sided": classic(0.5),
    "obrien_fleming_constant_two_sided": classic(0.0),
    "beta_posterior_interval_jeffreys_prior": rate_posterior,
    "beta_binomial_two_arm": two_betas,
    "prob_b_beats_a_uniform_prior": chance,
    "prop_ci_agresti_coull": rate_interval(one_rate.agresti_coull),
    "prop_ci_wilson": rate_interval(one_arm.wilson),
    "prop_ci_jeffreys": rate_interval(one_arm.jeffreys),
    "prop_ci_normal": rate_interval(one_rate.normal_interval),
    "prop_ci_beta": rate_interval(one_arm.clopper_pearson, each=True),
    "prop_lower_bound_normal": rate_interval(one_rate.normal_interval, sides=1),
    "prop_lower_bound_agresti_coull": rate_interval(one_rate.agresti_coull, sides=1),
    "prop_lower_bound_wilson": rate_interval(one_arm.wilson, sides=1),
    "prop_lower_bound_jeffreys": rate_interval(one_arm.jeffreys, sides=1),
    "prop_lower_bound_beta": rate_interval(one_arm.clopper_pearson, sides=1, each=True),
    "binom_test_less": lambda told: {"p_value": one_rate.p_below(told["k"], told["n"], told["p0"])},
    "binom_test_two-sided": lambda told: {
        "p_value": one_rate.p_either(told["k"], told["n"], told["p0"])
    },
    "binom_test_greater": binomial_above,
    "chi2_k_sample_equal_props": chi_square,
    "pairwise_chi2_raw_p": lambda told: {"p": list(multiplicity.pairwise(_arms(told)))},
    "cohens_h": lambda told: {"h": differences.cohens_h(told["p1"], told["p2"])},
    "diff_newcombe": difference_interval(differences.newcombe),
    "diff_mee_score": difference_interval(differences.mee),
    "diff_agresti_caffo": difference_interval(differences.agresti_caffo),
    "diff_wald": difference_interval(differences.wald),
    "diff_miettinen_nurminen": score_interval,
    "ratio_log": difference_interval(ratio.log_ratio),
    "ratio_koopman": difference_interval(ratio.koopman),
    "or_woolf": difference_interval(ratio.odds_woolf),
    "or_gart": difference_interval(ratio.odds_gart),
    "power_2prop_pooled": power_of_rates,
    "power_2prop_pooled_unequal": power_of_rates,
    "sample_size_evan_miller_per_arm": miller,
    "sample_size_2prop_pooled": pooled_sizes,
    "beta_binomial_confidence_sequence": beta_sequence,
    "beta_binomial_log_mixture_two_sided": beta_mixture,
    "normal_mixture_bound_two_sided": normal_mixture,
    "fisher_exact_two_sided": lambda told: {"p_value": textbook.fisher(_table(told))},
    "boschloo_exact_greater": boschloo,
    "barnard_exact_less": barnard_below,
    "zero_click_control_relative_quirk": nobody_in_the_baseline,
    "zero_click_control_absolute_quirk": nobody_in_the_baseline,
}
