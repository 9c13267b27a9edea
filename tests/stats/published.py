"""Which function of ours computes which published number: inputs in, the named numbers out."""

from collections.abc import Callable, Mapping
from typing import Any

from app.stats import bayes, differences, one_arm, rate_intervals, ratio, srm
from app.stats.group_sequential import bounds
from app.stats.means import adjusted, cuped_theta
from app.stats.multiplicity import bonferroni
from app.stats.score import Pair, score_low
from app.stats.sums import Sums
from app.stats.two_arm import Arm, critical_value
from app.stats.welch import Difference, welch

Inputs = Mapping[str, Any]
Found = dict[str, Any]


def of_moments(mean: float, variance: float, people: int) -> Sums:
    """The sums of people with this mean and this variance."""
    return Sums(people, mean * people, variance * (people - 1) + mean * mean * people)


def _sums(told: Inputs) -> Sums:
    if told["type"] == "proportion":  # whose variance is told as p(1 - p)
        rate = told["sum"] / told["n"]
        return of_moments(rate, rate * (1 - rate), told["n"])
    return Sums(told["n"], told["sum"], told["sum_squares"])


def _before_sums(told: Inputs) -> Sums:
    post, pre = told["post"], told["pre"]
    return Sums(told["n"], post[0], post[1], pre[0], pre[1], told["post_pre"])


def _arm(told: Inputs) -> Arm:
    return Arm(told["n"], told["k"])


def _both(told: Inputs, read: Callable[[Inputs], Any]) -> tuple[Any, Any]:
    return read(told["treatment"]), read(told["control"])


def _shown(found: Difference) -> Found:
    ends = [found.low, found.high]
    return {"expected": found.difference, "ci": ends, "se": found.error} | {
        "p_value": found.p_value, "difference": found.difference,
    }  # fmt: skip


def _level(told: Inputs) -> float:
    return 1 - float(told.get("alpha", 0.05))


def welch_t(told: Inputs) -> Found:
    return _shown(welch(*_both(told, _sums), confidence=_level(told)))


def one_sided(*, upper: bool) -> Callable[[Inputs], Found]:
    def found(told: Inputs) -> Found:
        both = welch(*_both(told, _sums), confidence=1 - 2 * told["alpha"])
        half = both.p_value / 2
        above = half if both.difference > 0 else 1 - half
        ends = [None, both.high] if upper else [both.low, None]
        p_value = 1 - above if upper else above
        return {"expected": both.difference, "ci": ends, "se": both.error, "p_value": p_value}

    return found


def cuped_absolute(told: Inputs) -> Found:
    arm, base = _both(told, _before_sums)
    theta, center = cuped_theta([arm, base]), (arm + base).covariate_mean
    moved = [adjusted(one, theta=theta, center=center) for one in (arm, base)]
    return _shown(welch(moved[0], moved[1], confidence=_level(told)))


def refused(compute: Callable[[], object]) -> bool:
    try:
        compute()
    except ValueError:
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


def error_of_difference(told: Inputs) -> Found:
    arm, base = (
        of_moments(told[f"mean_{one}"], told[f"var_{one}"], told[f"n_{one}"]) for one in "ba"
    )
    return {"variance": welch(arm, base).error ** 2}


def sample_ratio(told: Inputs) -> Found:
    p_value = srm.sample_ratio(told["observed"], told["shares"]).p_value
    return {"p_value": p_value, "correct_p_value": p_value}


def rate_interval(
    compute: Callable[..., rate_intervals.Interval], *, sides: int = 2, each: bool = False
) -> Callable[[Inputs], Found]:
    """`each`: the function takes the confidence of each side."""

    def found(told: Inputs) -> Found:
        alpha = told.get("alpha", 1 - told.get("level", 0.95))
        level = 1 - alpha / sides if each else 1 - alpha * (2 / sides)
        got = compute(told["k"], told["n"], confidence=level)
        return {"ci": [got.low, got.high], "lower": got.low}

    return found


def newcombe(told: Inputs) -> Found:
    got = differences.newcombe(*_both(told, _arm), confidence=_level(told))
    return {"ci": [got.low, got.high]}


def koopman(told: Inputs) -> Found:
    limit = critical_value(_level(told)) ** 2
    got = ratio.koopman_between(*_both(told, _arm), below=limit, above=limit)
    return {"ci": [got.low, got.high]}


def score_interval(told: Inputs) -> Found:
    arm, base = _both(told, _arm)
    pair, critical = (
        Pair(arm.hits, arm.people, base.hits, base.people),
        critical_value(_level(told)),
    )
    return {
        "ci": [score_low(pair, critical=critical), -score_low(pair.turned(), critical=critical)]
    }


def chance(told: Inputs) -> Found:
    return {"prob": bayes.chance_to_beat(_arm(told["b"]), _arm(told["a"]))}


def binomial_above(told: Inputs) -> Found:
    low = rate_intervals.clopper_pearson(told["k"], told["n"], confidence=0.95).low
    return {
        "p_value": one_arm.p_value(told["k"], told["n"], told["p0"]),
        "ci_lower_95_exact": low,
    }


COMPUTED: dict[str, Callable[[Inputs], Found]] = {
    "welch_t_absolute": welch_t,
    "welch_t_one_sided_greater_absolute": one_sided(upper=False),
    "welch_t_one_sided_lesser_absolute": one_sided(upper=True),
    "student_t_diff_ci": welch_t,  # so it is called there, but its interval is Welch's
    "delta_variance_absolute": error_of_difference,
    "cuped_absolute_t": cuped_absolute,
    "cuped_absolute_variance": cuped_impossible,
    "cuped_theta_pooled": theta,
    "sample_variance_from_sums": mean_of_sums,
    "srm_chi2_p": sample_ratio,
    "srm_chi2_p_zero_weight_arm_quirk": sample_ratio,
    "bonferroni_adjust": lambda told: {"adjusted": list(bonferroni(told["p"]))},
    "lan_demets_obf_bounds_two_sided": lambda told: {
        "bounds": list(bounds(told["t"], alpha=told["alpha"]))
    },
    "beta_posterior_interval_jeffreys_prior": rate_interval(rate_intervals.jeffreys),
    "prob_b_beats_a_uniform_prior": chance,
    "prop_ci_wilson": rate_interval(rate_intervals.wilson),
    "prop_ci_jeffreys": rate_interval(rate_intervals.jeffreys),
    "prop_ci_beta": rate_interval(rate_intervals.clopper_pearson, each=True),
    "prop_lower_bound_wilson": rate_interval(rate_intervals.wilson, sides=1),
    "prop_lower_bound_jeffreys": rate_interval(rate_intervals.jeffreys, sides=1),
    "prop_lower_bound_beta": rate_interval(rate_intervals.clopper_pearson, sides=1, each=True),
    "binom_test_greater": binomial_above,
    "diff_newcombe": newcombe,
    "diff_miettinen_nurminen": score_interval,
    "ratio_koopman": koopman,
}
