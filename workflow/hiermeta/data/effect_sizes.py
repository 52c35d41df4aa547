"""Effect sizes and their sampling variances from summary statistics: formulas only.

Every function takes arrays of shape (k,), one entry per study, and returns the effects and their large-sample
sampling variances, both of shape (k,), on the scale of the analysis (ratios, odds and rates as logarithms) and on
its square. Where the literature has several variance estimators, the choice is that of metafor's ``escalc`` (version
3.8, ``vtype="LS"``). Nothing is checked here: impossible input gives NaN or infinity.

References
----------
.. [1] Hedges, L. V. (1981). Distribution theory for Glass's estimator of effect size and related estimators. *Journal
   of Educational Statistics*, 6, 107–128.
.. [2] Hedges, L. V., & Olkin, I. (1985). *Statistical methods for meta-analysis*. Academic Press.
.. [3] Bonett, D. G. (2009). Meta-analytic interval estimation for standardized and unstandardized mean differences.
   *Psychological Methods*, 14, 225–238.
.. [4] Hedges, L. V., Gurevitch, J., & Curtis, P. S. (1999). The meta-analysis of response ratios in experimental
   ecology. *Ecology*, 80, 1150–1156.
.. [5] Lajeunesse, M. J. (2015). Bias and correction for the log response ratio in ecological meta-analysis. *Ecology*,
   96, 2056–2063.
.. [6] Fleiss, J. L., & Berlin, J. A. (2009). Effect sizes for dichotomous data. In H. Cooper, L. V. Hedges, &
   J. C. Valentine (Eds.), *The handbook of research synthesis and meta-analysis* (2nd ed., pp. 237–253). Sage.
.. [7] Rothman, K. J., Greenland, S., & Lash, T. L. (2008). *Modern epidemiology* (3rd ed.). Lippincott.
.. [8] Borenstein, M. (2009). Effect sizes for continuous data. In the same handbook as [6]_, pp. 221–235.
.. [9] Olkin, I., & Pratt, J. W. (1958). Unbiased estimation of certain correlation coefficients. *Annals of
   Mathematical Statistics*, 29, 201–211.
.. [10] Fisher, R. A. (1921). On the "probable error" of a coefficient of correlation deduced from a small sample.
   *Metron*, 1, 3–32.
.. [11] Freeman, M. F., & Tukey, J. W. (1950). Transformations related to the angular and the square root. *Annals of
   Mathematical Statistics*, 21, 607–611.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

Array = npt.NDArray[np.float64]
Estimates = tuple[Array, Array]
"""Effects and sampling variances."""


# Two groups: means -----------------------------------------------------------------------------------------------


def mean_difference(m1: Array, sd1: Array, n1: Array, m2: Array, sd2: Array, n2: Array) -> Estimates:
    """Difference of two means, with unequal variances (Borenstein 2009 [8]_).

    Parameters
    ----------
    m1, sd1, n1, m2, sd2, n2 : numpy.ndarray
        Mean, standard deviation (units of the outcome) and size of each group.
    """
    return m1 - m2, sd1**2 / n1 + sd2**2 / n2


def small_sample_correction(df: Array) -> Array:
    """Hedges' exact factor J(df) = Γ(df/2) / [√(df/2) Γ((df − 1)/2)], which removes the bias of Cohen's d.

    See Hedges (1981 [1]_).

    Parameters
    ----------
    df : numpy.ndarray
        Degrees of freedom of the standard deviation, above 1.
    """
    return np.exp(gammaln(df / 2) - np.log(df / 2) / 2 - gammaln((df - 1) / 2))


def standardised_mean_difference(m1: Array, sd1: Array, n1: Array, m2: Array, sd2: Array, n2: Array) -> Estimates:
    """Hedges' g: difference of means over the pooled SD, times J(n1 + n2 − 2).

    The variance is 1/n1 + 1/n2 + g²/[2(n1 + n2)] (Hedges & Olkin 1985 [2]_, ch. 5).

    Parameters
    ----------
    m1, sd1, n1, m2, sd2, n2 : numpy.ndarray
        As for `mean_difference`.
    """
    df = n1 + n2 - 2
    pooled = np.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / df)
    g = small_sample_correction(df) * (m1 - m2) / pooled
    return g, 1 / n1 + 1 / n2 + g**2 / (2 * (n1 + n2))


def standardised_mean_difference_heteroscedastic(
    m1: Array, sd1: Array, n1: Array, m2: Array, sd2: Array, n2: Array
) -> Estimates:
    """Difference of means over the root of the average variance, times J(n1 + n2 − 2), without equal variances.

    The variance is that of Bonett (2009 [3]_) at the corrected effect, times J².

    Parameters
    ----------
    m1, sd1, n1, m2, sd2, n2 : numpy.ndarray
        As for `mean_difference`.
    """
    correction = small_sample_correction(n1 + n2 - 2)
    average = (sd1**2 + sd2**2) / 2
    d = correction * (m1 - m2) / np.sqrt(average)
    of_scale = d**2 * (sd1**4 / (n1 - 1) + sd2**4 / (n2 - 1)) / (8 * average**2)
    of_means = (sd1**2 / (n1 - 1) + sd2**2 / (n2 - 1)) / average
    return d, correction**2 * (of_scale + of_means)


def log_ratio_of_means(m1: Array, sd1: Array, n1: Array, m2: Array, sd2: Array, n2: Array) -> Estimates:
    """Log response ratio log(m1/m2) (Hedges, Gurevitch & Curtis 1999 [4]_).

    Parameters
    ----------
    m1, sd1, n1, m2, sd2, n2 : numpy.ndarray
        As for `mean_difference`; both means on the same side of zero of a ratio scale.
    """
    return np.log(m1 / m2), sd1**2 / (n1 * m1**2) + sd2**2 / (n2 * m2**2)


def log_ratio_of_means_corrected(m1: Array, sd1: Array, n1: Array, m2: Array, sd2: Array, n2: Array) -> Estimates:
    """Log response ratio with its small-sample bias removed to second order.

    Effect and variance are RR^Δ and var(RR^Δ) of Lajeunesse (2015 [5]_, eqs. 8 and 9).

    Parameters
    ----------
    m1, sd1, n1, m2, sd2, n2 : numpy.ndarray
        As for `log_ratio_of_means`.
    """
    ratio, variance = log_ratio_of_means(m1, sd1, n1, m2, sd2, n2)
    first, second = sd1**2 / (n1 * m1**2), sd2**2 / (n2 * m2**2)
    return ratio + (first - second) / 2, variance + (first**2 + second**2) / 2


# Two groups: counts ----------------------------------------------------------------------------------------------


def log_risk_ratio(a: Array, b: Array, c: Array, d: Array) -> Estimates:
    """Log of the ratio of two risks, a/(a + b) over c/(c + d) (Fleiss & Berlin 2009 [6]_).

    Parameters
    ----------
    a, b, c, d : numpy.ndarray
        Events and non-events in the first group, events and non-events in the second.
    """
    n1, n2 = a + b, c + d
    return np.log(a / n1) - np.log(c / n2), 1 / a - 1 / n1 + 1 / c - 1 / n2


def log_odds_ratio(a: Array, b: Array, c: Array, d: Array) -> Estimates:
    """Log of the ratio of two odds, ad/(bc), with Woolf's variance (Fleiss & Berlin 2009 [6]_).

    Parameters
    ----------
    a, b, c, d : numpy.ndarray
        As for `log_risk_ratio`.
    """
    return np.log(a) - np.log(b) - np.log(c) + np.log(d), 1 / a + 1 / b + 1 / c + 1 / d


def risk_difference(a: Array, b: Array, c: Array, d: Array) -> Estimates:
    """Difference of two risks, a/(a + b) − c/(c + d) (Fleiss & Berlin 2009 [6]_).

    Parameters
    ----------
    a, b, c, d : numpy.ndarray
        As for `log_risk_ratio`.
    """
    n1, n2 = a + b, c + d
    return a / n1 - c / n2, a * b / n1**3 + c * d / n2**3


def log_incidence_rate_ratio(x1: Array, t1: Array, x2: Array, t2: Array) -> Estimates:
    """Log of the ratio of two incidence rates, x1/t1 over x2/t2 (Rothman et al. 2008 [7]_, ch. 14).

    Parameters
    ----------
    x1, t1, x2, t2 : numpy.ndarray
        Events and person-time of each group.
    """
    return np.log(x1 / t1) - np.log(x2 / t2), 1 / x1 + 1 / x2


def incidence_rate_difference(x1: Array, t1: Array, x2: Array, t2: Array) -> Estimates:
    """Difference of two incidence rates, x1/t1 − x2/t2, in events per unit of time (Rothman et al. 2008 [7]_, ch. 14).

    Parameters
    ----------
    x1, t1, x2, t2 : numpy.ndarray
        As for `log_incidence_rate_ratio`.
    """
    return x1 / t1 - x2 / t2, x1 / t1**2 + x2 / t2**2


# Correlations ----------------------------------------------------------------------------------------------------


def correlation(r: Array, n: Array) -> Estimates:
    """A correlation as it is, with variance (1 − r²)²/(n − 1) (Olkin & Pratt 1958 [9]_).

    Parameters
    ----------
    r, n : numpy.ndarray
        Product-moment correlation, between −1 and 1, and sample size.
    """
    return r, (1 - r**2) ** 2 / (n - 1)


def fisher_z(r: Array, n: Array) -> Estimates:
    """Fisher's transformation of a correlation, artanh r, with variance 1/(n − 3) (Fisher 1921 [10]_).

    Parameters
    ----------
    r, n : numpy.ndarray
        As for `correlation`.
    """
    return np.arctanh(r), 1 / (n - 3)


# One group -------------------------------------------------------------------------------------------------------


def proportion(x: Array, m: Array) -> Estimates:
    """A proportion as it is, with its binomial variance p(1 − p)/n.

    Parameters
    ----------
    x, m : numpy.ndarray
        Events and non-events.
    """
    n = x + m
    return x / n, x * m / n**3


def log_proportion(x: Array, m: Array) -> Estimates:
    """Log of a proportion, by the delta method.

    Parameters
    ----------
    x, m : numpy.ndarray
        As for `proportion`.
    """
    n = x + m
    return np.log(x / n), 1 / x - 1 / n


def log_odds(x: Array, m: Array) -> Estimates:
    """Log of the odds (logit) of a proportion, by the delta method.

    Parameters
    ----------
    x, m : numpy.ndarray
        As for `proportion`.
    """
    return np.log(x / m), 1 / x + 1 / m


def arcsine_proportion(x: Array, m: Array) -> Estimates:
    """Arcsine square root of a proportion, in radians, with variance 1/(4n) (Freeman & Tukey 1950 [11]_).

    Parameters
    ----------
    x, m : numpy.ndarray
        As for `proportion`.
    """
    n = x + m
    return np.arcsin(np.sqrt(x / n)), 1 / (4 * n)


def incidence_rate(x: Array, t: Array) -> Estimates:
    """Events per unit of time, with its Poisson variance (Rothman et al. 2008 [7]_, ch. 14).

    Parameters
    ----------
    x, t : numpy.ndarray
        Events and person-time.
    """
    return x / t, x / t**2


def log_incidence_rate(x: Array, t: Array) -> Estimates:
    """Log of an incidence rate, by the delta method (Rothman et al. 2008 [7]_, ch. 14).

    Parameters
    ----------
    x, t : numpy.ndarray
        As for `incidence_rate`.
    """
    return np.log(x / t), 1 / x


def mean(m: Array, sd: Array, n: Array) -> Estimates:
    """A mean as it is, with the square of its standard error.

    Parameters
    ----------
    m, sd, n : numpy.ndarray
        Mean, standard deviation (units of the outcome) and sample size.
    """
    return m, sd**2 / n


def log_mean(m: Array, sd: Array, n: Array) -> Estimates:
    """Log of a mean, by the delta method.

    Parameters
    ----------
    m, sd, n : numpy.ndarray
        As for `mean`; the mean above zero, on a ratio scale.
    """
    return np.log(m), sd**2 / (n * m**2)
