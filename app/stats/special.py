"""SciPy and statsmodels, each imported when something of it is first asked for.

Both together take as long to import as all else, and 100 MB: a command that calculates nothing pays
neither. `special.ndtri` is SciPy's `ndtri`; the list says from which package a name comes.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scipy.optimize import brentq as brentq
    from scipy.special import bdtr as bdtr
    from scipy.special import bdtrc as bdtrc
    from scipy.special import betainc as betainc
    from scipy.special import betaincinv as betaincinv
    from scipy.special import betaln as betaln
    from scipy.special import gammaln as gammaln
    from scipy.special import ndtr as ndtr
    from scipy.special import ndtri as ndtri
    from scipy.special import stdtr as stdtr
    from scipy.special import stdtrit as stdtrit
    from scipy.special import xlog1py as xlog1py
    from scipy.special import xlogy as xlogy
    from scipy.stats import beta as beta
    from scipy.stats import chisquare as chisquare
    from statsmodels.stats.multitest import multipletests as multipletests
    from statsmodels.stats.proportion import (
        confint_proportions_2indep as confint_proportions_2indep,
    )
    from statsmodels.stats.proportion import proportion_confint as proportion_confint
else:
    _FROM = {
        "brentq": "scipy.optimize",
        "bdtr": "scipy.special",
        "bdtrc": "scipy.special",
        "betainc": "scipy.special",
        "betaincinv": "scipy.special",
        "betaln": "scipy.special",
        "gammaln": "scipy.special",
        "ndtr": "scipy.special",
        "ndtri": "scipy.special",
        "stdtr": "scipy.special",
        "stdtrit": "scipy.special",
        "xlog1py": "scipy.special",
        "xlogy": "scipy.special",
        "beta": "scipy.stats",
        "chisquare": "scipy.stats",
        "multipletests": "statsmodels.stats.multitest",
        "confint_proportions_2indep": "statsmodels.stats.proportion",
        "proportion_confint": "statsmodels.stats.proportion",
    }

    def __getattr__(name: str) -> Any:
        """Import what is asked for, and keep it: the second time it is an attribute like any."""
        if name not in _FROM:
            raise AttributeError(f"{__name__} has no {name}")
        found = getattr(import_module(_FROM[name]), name)
        globals()[name] = found
        return found
