"""A rate corrected for verdicts that are sometimes wrong. It describes."""

from app.stats.checks import NotEnoughData, check_counts
from app.stats.methods import Method, Topic


def rogan_gladen(hits: int, people: int, *, sensitivity: float, specificity: float) -> float:
    """The true rate, if verdicts find this share of the real and spare this share of the others.

    Args:
        hits, people: as judged. sensitivity: the share of real hits that are judged so.
        specificity: the share of others that are judged so; both in (0, 1], together above 1.

    Returns:
        A rate, cut to [0, 1].

    Raises:
        NotEnoughData: nobody, or verdicts no better than chance. ValueError: out of range.

    Source:
        Rogan & Gladen (1978), American Journal of Epidemiology 107:71-76, equation 1.
    """
    check_counts(hits, people)
    if not (0 < sensitivity <= 1 and 0 < specificity <= 1):
        raise ValueError("sensitivity and specificity are shares above 0")
    if sensitivity + specificity <= 1:
        raise NotEnoughData("verdicts no better than chance say nothing about the true rate")
    return min(1.0, max(0.0, (hits / people + specificity - 1) / (sensitivity + specificity - 1)))


METHODS: tuple[Method, ...] = (
    Method(
        key="rogan-gladen",
        name="Rogan and Gladen",
        topic=Topic.AFTER,
        functions=("rogan_gladen",),
        decides=False,
        plainly=(
            "Some machines pass for people, and some people for machines.",
            "If one knew how often, one could work out the true rate from the judged one.",
            "This is that sum, for whoever has measured how often verdicts are wrong.",
            "Small mistakes in those two numbers move the answer a lot where rates are small.",
            "So it describes; the readout shows the range with unsure clicks in and out instead.",
        ),
        assumes=("Both shares were measured, on mail like this.",),
        formula="p = (p̂ + specificity − 1)/(sensitivity + specificity − 1)",
        source="Rogan & Gladen (1978), American Journal of Epidemiology 107:71–76",
    ),
)
