"""The models that are compared with the one that was asked for.

Heterogeneity is absent (common effect), at the level of estimates (random effects), or there and between clusters
(multilevel); the pooled effect is zero or free; moderators are in or out by whole terms, an interaction never without
its main effects. Rows, standardisation and priors of what a model keeps are those of the full model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from hiermeta.data.formula import term_name
from hiermeta.data.problems import Problem, Refused
from hiermeta.models.meta import MetaModel
from hiermeta.models.priors import Prior

ALL_SUBSETS = 5
"""Number of terms up to which all subsets are compared; beyond, each term is left out in turn."""
_ZERO = Prior("point", (0.0,))
EFFECT, HETEROGENEITY, CLUSTERS, SCALE = "effect", "heterogeneity", "clusters", "scale"


@dataclass(frozen=True)
class Candidate:
    """A model to be compared.

    Parameters
    ----------
    name : str
    model : MetaModel
    parts : frozenset of str
        What it has of ``effect``, ``heterogeneity``, ``clusters``, ``scale``, and ``moderator TERM`` for each term.
    """

    name: str
    model: MetaModel
    parts: frozenset[str]


def candidates(model: MetaModel, neutral: bool) -> list[Candidate]:
    """The models to compare, the full model first.

    Parameters
    ----------
    model : MetaModel
    neutral : bool
        Whether zero is a neutral value of the effect, so that there are models with μ = 0.
    """
    if model.scale is not None:
        plain = candidates(replace(model, scale=None, scale_design=np.zeros((model.k, 0))), neutral)
        full = Candidate(plain[0].name, model, plain[0].parts | {SCALE})
        return [full, *(_without_scale(other) for other in plain)]
    structures = _structures(model)
    own, own_parts = next(iter(structures.values()))
    if model.moderators is None:
        found = {name: Candidate(name, *entry) for name, entry in structures.items()}
    else:
        every = frozenset(map(term_name, model.moderators.formula.terms))
        formulas = {_formula(model, terms): terms for terms in _term_sets(model)}
        found = {
            name: Candidate(name, _restricted(own, terms), own_parts | _parts(terms))
            for name, terms in formulas.items()
        }
        full_name = next(iter(found))
        for name, (other, parts) in list(structures.items())[1:]:
            found[f"{full_name} ({name})"] = Candidate(f"{full_name} ({name})", other, parts | _parts(every))
    if neutral and not model.priors["mu"].is_point and (model.moderators is None or model.moderators.formula.intercept):
        with_zero = list(found) if model.moderators is None else [next(iter(found))]
        for name in with_zero:
            zero = replace(found[name].model, priors=found[name].model.priors | {"mu": _ZERO})
            found[f"{name} (mu=0)"] = Candidate(f"{name} (mu=0)", zero, found[name].parts - {EFFECT})
    return list(found.values())


def check_prior_odds(given: Mapping[str, float], compared: list[Candidate]) -> None:
    """Refuse prior odds of models that aren't compared.

    Raises
    ------
    Refused
    """
    names = [candidate.name for candidate in compared]
    problems = [
        Problem(f"prior_odds: no model {name!r} is compared", f"Models are {', '.join(names)}")
        for name in given
        if name not in names
    ]
    if problems:
        raise Refused(problems)


def _structures(model: MetaModel) -> dict[str, tuple[MetaModel, frozenset[str]]]:
    """The model's own heterogeneity structure, then the simpler ones."""
    found = {}
    rho = {"rho": _ZERO} if model.clustered else {}
    if model.clustered and model.priors["rho"] != _ZERO and model.priors["tau"] != _ZERO:
        found["multilevel"] = model, frozenset({EFFECT, HETEROGENEITY, CLUSTERS})
    if model.priors["tau"] != _ZERO:
        random = replace(model, priors=model.priors | rho)
        found["random effects"] = random, frozenset({EFFECT, HETEROGENEITY})
    found["common effect"] = replace(model, priors=model.priors | rho | {"tau": _ZERO}), frozenset({EFFECT})
    return found


def _term_sets(model: MetaModel) -> list[frozenset[str]]:
    """Sets of terms that respect marginality, the full set first and then from many terms to few."""
    assert model.moderators is not None
    pieces = {term_name(term): {piece.name for piece in term} for term in model.moderators.formula.terms}
    every = frozenset(pieces)
    fixed = set()
    if not model.moderators.formula.intercept:  # the factor that stands for the intercept stays
        fixed = {term for term in pieces if term in model.moderators.main_factors[:1]}
    sizes = range(len(every), -1, -1) if len(every) <= ALL_SUBSETS else (len(every), len(every) - 1)
    return [
        frozenset(terms)
        for size in sizes
        for terms in combinations(pieces, size)
        if fixed <= set(terms)
        and (size > 0 or model.moderators.formula.intercept)
        and all(other in terms for term in terms for other in every if pieces[other] < pieces[term])
    ]


def _parts(terms: frozenset[str]) -> frozenset[str]:
    return frozenset(f"moderator {term}" for term in terms)


def _formula(model: MetaModel, terms: frozenset[str]) -> str:
    assert model.moderators is not None
    formula = model.moderators.formula
    kept = [term_name(term) for term in formula.terms if term_name(term) in terms]
    return "~ " + (" + ".join(kept) or "1") + ("" if formula.intercept else " - 1")


def _restricted(model: MetaModel, terms: frozenset[str]) -> MetaModel:
    assert model.moderators is not None
    columns = [term == "intercept" or term in terms for term in model.moderators.terms]
    design, user_design = model.design[:, columns], model.user_design[:, columns]
    return replace(
        model,
        design=design,
        user_design=user_design,
        back=np.asarray(np.linalg.lstsq(user_design, design, rcond=None)[0], float),
        moderators=model.moderators.subset(terms),
    )


def _without_scale(candidate: Candidate) -> Candidate:
    """Named apart from the full model, where there is a τ for the formula to act on."""
    if HETEROGENEITY not in candidate.parts:
        return candidate
    return replace(candidate, name=f"{candidate.name} (scale ~ 1)")
