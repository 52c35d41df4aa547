"""Every key of the config: its type, limits, default and meaning.

Messages, the schema in ``workflow/schemas`` and the tables of the documentation are made from these models. Stages are
handed dicts and don't import them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    WrapValidator,
    create_model,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from hiermeta.data.given import CI_LEVEL
from hiermeta.data.measures import MEASURES
from hiermeta.data.raw_designs import ZeroCells
from hiermeta.likelihoods import LIKELIHOODS

UNSET: Any = None
"""Default of a key that needn't be there; an empty value in the file is refused all the same."""

PRESENTATION = ("title", "description", "citation")
"""Settings of a data set that only its report shows."""

LONGEST_NAME = 100
NAME_PATTERN = r"^[a-z0-9][a-z0-9._-]*\Z"
RESULTS_PATTERN = r"^(?![/~])(?!(\./*)+$)(?!.*(^|/)\.\.(/|$))[^{}<>*?|\\\x00-\x1f]+\Z"


class OneOf:
    """Annotates text that is one of some names.

    Parameters
    ----------
    names : iterable of str
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = list(names)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """What pydantic checks."""
        return core_schema.literal_schema(self.names)


def _value(*types: type) -> Any:
    """A validator of single values; pydantic's unions would complain once per type."""

    def check(value: Any) -> Any:
        is_number = isinstance(value, (int, float)) and abs(value) < float("inf")
        if isinstance(value, str) or (is_number and (bool in types or not isinstance(value, bool))):
            return value
        raise PydanticCustomError("scalar_type" if bool in types else "text_or_number_type", "")

    union: Any = str | float
    return BeforeValidator(check, json_schema_input_type=union | bool if bool in types else union)


def _one_or_several(value: Any, check: Any) -> Any:
    if not isinstance(value, (str, list)):
        raise PydanticCustomError("text_or_list_type", "")
    return check(value if isinstance(value, list) else [value])


def _distinct(names: list[str]) -> list[str]:
    for name in names:
        if names.count(name) > 1:
            raise PydanticCustomError("repeated", "lists {name} more than once", {"name": repr(name)})
    return names


Name = Annotated[str, Field(pattern=re.compile(NAME_PATTERN), max_length=LONGEST_NAME)]
Column = Annotated[str, Field(min_length=1, json_schema_extra={"format": "column name"})]
Columns = Annotated[list[Column], Field(min_length=1)]
Text = Annotated[str, Field(min_length=1)]
Scalar = Annotated[Any, _value(str, float, bool)]
TextOrNumber = Annotated[Any, _value(str, float)]
Formula = Annotated[str, Field(max_length=1000)]
Positive = Annotated[float, Field(gt=0)]


class Keys(BaseModel):
    """Keys with values; others are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True)


class Sampling(Keys):
    """How posteriors are sampled."""

    chains: Annotated[int, Field(ge=2, le=64)] = 4
    """Number of Markov chains."""
    warmup: Annotated[int, Field(ge=100, le=100_000)] = 1000
    """Warm-up iterations per chain."""
    draws: Annotated[int, Field(ge=100, le=100_000)] = 2500
    """Posterior draws kept per chain."""
    seed: Annotated[int, Field(ge=1, le=2**31 - 1)] = 20260101
    """Seed of the random numbers; the same seed gives the same draws."""
    adapt_delta: Annotated[float, Field(gt=0.5, lt=1)] = 0.9
    """Target acceptance rate of the first attempt."""


_RAW_COLUMNS = {
    "ai": "Events in the first group.",
    "bi": "Non-events in the first group.",
    "ci": "Events in the second group.",
    "di": "Non-events in the second group.",
    "n1i": "Size of the first group.",
    "n2i": "Size of the second group.",
    "m1i": "Mean of the first group.",
    "sd1i": "Standard deviation in the first group.",
    "m2i": "Mean of the second group.",
    "sd2i": "Standard deviation in the second group.",
    "ri": "Correlation.",
    "ni": "Sample size.",
    "xi": "Events in a single group.",
    "mi": "Mean of a single group; for proportions, its non-events.",
    "sdi": "Standard deviation in a single group.",
    "ti": "Person-time of a single group.",
    "x1i": "Events in the first group, over person-time.",
    "t1i": "Person-time of the first group.",
    "x2i": "Events in the second group, over person-time.",
    "t2i": "Person-time of the second group.",
}


class _SomeColumns(Keys):
    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    @model_validator(mode="before")
    @classmethod
    def _some(cls, columns: Any) -> Any:
        if columns == {}:
            raise PydanticCustomError("too_short", "")
        return columns


_NAMED: dict[str, Any] = {key: (Column, Field(UNSET, description=text)) for key, text in _RAW_COLUMNS.items()}
RawColumns = create_model("RawColumns", __base__=_SomeColumns, **_NAMED)


class ZeroCellSettings(Keys):
    """What to do about zero cells."""

    add: Annotated[float, Field(ge=0)] = ZeroCells.add
    """What is added to each cell of a corrected row."""
    to: Literal["only0", "all", "if0all", "none"] = ZeroCells.to
    """Which rows are corrected: `only0` those with a zero cell, `if0all` all rows if any has a zero cell, `all` all
    rows, `none` no row."""
    drop_double_zero: bool = ZeroCells.drop_double_zero
    """Leave out rows where neither group, or everyone in both, had an event."""


class MetaPriors(Keys):
    """Priors of a meta-analysis."""

    mu: str = UNSET
    """Prior of the pooled effect."""
    tau: str = UNSET
    """Prior of the total heterogeneity SD."""
    rho: str = UNSET
    """Prior of the share of the heterogeneity variance that lies between clusters."""
    moderators: str = UNSET
    """Prior of each coefficient of the standardised design."""
    scale: str = UNSET
    """Prior of each coefficient of log τ."""


class _CommonPriors(Keys):
    intercept: str = UNSET
    """Prior of the intercept at the mean of the predictors."""
    slopes: str = UNSET
    """Prior of each other coefficient, in the units of its column."""
    sd: str = UNSET
    """Prior of the SD of each random effect."""
    correlation: str = UNSET
    """Prior of the correlations of random effects: `lkj(eta)`."""
    sigma: str = UNSET
    """Prior of the residual SD."""


_SHAPES: dict[str, Any] = {
    shape.name: (str, Field(UNSET, description=f"Prior of the {shape.meaning}."))
    for likelihood in LIKELIHOODS.values()
    for shape in likelihood.shapes
}
RegressionPriors = create_model("RegressionPriors", __base__=_CommonPriors, **_SHAPES)


class Common(Keys):
    """Settings of every data set."""

    title: Annotated[str, Field(max_length=300)] = UNSET
    """Heading of the report."""
    description: Annotated[str, Field(max_length=10_000)] = UNSET
    """A paragraph for the report."""
    citation: Annotated[str, Field(max_length=3000)] = UNSET
    """Where the data come from."""
    data: Text
    """CSV or TSV file in UTF-8 with a header row, relative to the working directory. A pattern, such as `data/*.csv`,
    stands for an analysis per file."""
    split_by: Column = UNSET
    """Column that splits the file: an analysis per value in it."""
    analysis: Literal["meta", "hierarchical"]
    """`meta`: effect estimates with known sampling variances. `hierarchical`: individuals in clusters."""
    subset: dict[str, Scalar] = UNSET
    """Rows to keep: column, and the value it must have."""
    reference_levels: dict[str, TextOrNumber] = UNSET
    """Reference level by factor, in place of the first in sorted order."""
    predict_at: Annotated[list[Annotated[dict[str, TextOrNumber], Field(min_length=1)]], Field(max_length=100)] = UNSET
    """Moderator values of further rows in predictions.csv; moderators left out are averaged over the data."""
    sampling: Sampling = UNSET
    """Sampling settings of this data set."""


class MetaAnalysis(Common):
    """Settings of a meta-analysis."""

    analysis: Literal["meta"]
    measure: Annotated[str, OneOf(MEASURES)]
    """Effect-size measure, under metafor's abbreviation; it sets the scale of the default priors."""
    effect: Column = UNSET
    """Column of the effect estimates (ratios as logarithms)."""
    variance: Column = UNSET
    """Column of the sampling variances."""
    standard_error: Column = UNSET
    """Column of the standard errors, instead of `variance`."""
    ci_lower: Column = UNSET
    """Column of the lower confidence limits (of the logarithm for ratios); with `ci_upper`."""
    ci_upper: Column = UNSET
    """Column of the upper confidence limits (of the logarithm for ratios); with `ci_lower`."""
    ci_level: Annotated[float, Field(gt=0, lt=1)] = CI_LEVEL
    """Coverage of the confidence limits."""
    p_value: Column = UNSET
    """Column of two-sided p-values of z tests against zero, instead of `variance`."""
    columns: RawColumns = UNSET  # type: ignore[valid-type]
    """Columns of raw data, under metafor's names, from which effects and variances are computed."""
    zero_cells: ZeroCellSettings = UNSET
    """What to do about zero cells in raw counts."""
    correct_bias: bool = False
    """Remove the small-sample bias of log ratios of means (ROM) computed from raw columns."""
    cluster: Column = UNSET
    """Column of the clusters that estimates are nested in."""
    label: Annotated[Columns, WrapValidator(_one_or_several, json_schema_input_type=Column | Columns)] = UNSET
    """Column, or list of columns, that names the estimates."""
    sample_size: Column = UNSET
    """Column of the total sample sizes, for measures without a known unit-information SD; raw columns carry them
    already."""
    sampling_correlation: Annotated[float, Field(ge=0, lt=1)] = UNSET
    """Known correlation of the sampling errors within a cluster."""
    covariance: Text = UNSET
    """CSV file with the k × k covariance matrix of the sampling errors, dependent within clusters only."""
    moderators: Formula = UNSET
    """R-style formula of the effect's moderators, such as `~ year + alloc`; -1 leaves the intercept out."""
    scale: Formula = UNSET
    """R-style formula of log τ (location-scale model), such as `~ year`."""
    contrasts: Literal["exchangeable", "treatment"] = UNSET
    """How the priors see factors: `exchangeable`, the default, gives the same prior to the difference between any two
    levels and that of `mu` to the average effect; with `treatment` both refer to the reference level. Coefficients are
    differences from the reference level either way."""
    output_scale: Literal["analysis", "natural"] = "analysis"
    """`natural` adds columns on the natural scale of the measure (ratios, correlations, proportions)."""
    direction: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=100)]], Field(min_length=2, max_length=2)
    ] = UNSET
    """What effects below and above no effect favour, such as `[favours control, favours treatment]`."""
    threshold: float = UNSET
    """Adds the probability of effects above this value, on the analysis scale."""
    unit_information_sd: Positive = UNSET
    """Standard deviation of one unit of information on the scale of the effect; scales the default priors."""
    informed_priors: str = UNSET
    """Medical field whose published priors of `mu` and `tau` to use, such as `Oral Health`; `Cochrane` is all fields.
    They are listed in workflow/hiermeta/models/informed_priors.csv."""
    priors: MetaPriors = UNSET
    """Prior distributions in place of the defaults."""
    prior_odds: Annotated[dict[str, Annotated[float, Field(gt=0, le=1_000_000)]], Field(min_length=1)] = UNSET
    """Prior odds of the models that are compared, by the names they have in comparison.csv, such as `{multilevel: 2}`;
    1 otherwise."""


class Regression(Common):
    """Settings of a hierarchical regression."""

    analysis: Literal["hierarchical"]
    formula: Annotated[str, Field(max_length=2000)]
    """Outcome, predictors and clusters in lme4's notation, such as `y ~ x + z + (1 + x | school)`; `(1 | school/class)`
    is classes in schools, named `school` and `school:class`, and `(1 | pupil) + (1 | teacher)` are crossed factors."""
    family: Annotated[str, OneOf(LIKELIHOODS)] = "gaussian"
    """Distribution of the outcome."""
    trials: Column = UNSET
    """Column of the number of trials of a binomial outcome."""
    exposure: Column = UNSET
    """Column of the exposure of a Poisson outcome, such as person-time; 1 otherwise."""
    within_between: Annotated[Columns, AfterValidator(_distinct), Field(json_schema_extra={"uniqueItems": True})] = (
        UNSET
    )
    """Predictors to be split into their cluster mean (`x_between`) and the deviation from it (`x_within`)."""
    priors: RegressionPriors = UNSET  # type: ignore[valid-type]
    """Prior distributions in place of the defaults."""


Analysis = Annotated[MetaAnalysis | Regression, Field(discriminator="analysis")]
"""A data set once the shared settings are filled in: nothing missing, and no keys of the other kind of analysis."""


def _any_of(name: str, *models: type[Keys], **others: Any) -> type[Keys]:
    """A model with the keys of several, none of them required."""
    fields = {key: field for model in models for key, field in model.model_fields.items()}
    optional: dict[str, Any] = {
        key: (Annotated[field.annotation, field], UNSET if field.is_required() else field.default)
        for key, field in fields.items()
    }
    return create_model(name, __base__=Keys, **optional | others)


Priors = _any_of("Priors", MetaPriors, RegressionPriors)
DataSet = _any_of(
    "DataSet",
    *(MetaAnalysis, Regression, Common),
    priors=(Priors, Field(UNSET, description="Prior distributions in place of the defaults.")),
)
"""What an entry of the config may hold, which the shared settings complete."""


class Config(Keys):
    """The config file of hiermeta."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["datasets"]}, {"required": ["datasets_table"]}]}
    )

    results: Annotated[str, Field(pattern=re.compile(RESULTS_PATTERN))] = "results"
    """Folder for everything that is written, relative to the working directory."""
    png: bool = False
    """Write every figure also as PNG at 300 dpi, beside the SVG files in `figures/`."""
    sampling: Sampling = UNSET
    """Sampling settings of every data set."""
    batch_size: Annotated[int, Field(ge=1, le=1000)] = 1
    """Number of data sets that share a job; above 1 for many small ones, which then cost a third. A job of one data set
    runs its stages one by one."""
    defaults: DataSet = UNSET  # type: ignore[valid-type]
    """Settings shared by all data sets, which can set them otherwise, or remove them with `KEY: null`; nested settings
    are shared key by key."""
    datasets: Annotated[dict[Name, DataSet], Field(min_length=1)] = UNSET  # type: ignore[valid-type]
    """The data sets, by name; the name is the folder below `results`."""
    datasets_table: Text = UNSET
    """TSV or CSV file with a row per data set, besides or instead of `datasets`: column `name`, and a column per
    setting."""

    @model_validator(mode="after")
    def _some(self) -> Config:
        if self.datasets is None and self.datasets_table is None:
            raise PydanticCustomError("no_datasets", "the key 'datasets' is missing (or 'datasets_table')")
        return self


def defaults(model: type[Keys]) -> dict[str, Any]:
    """What holds where the config says nothing, of the keys that have a default."""
    return {
        key: field.default
        for key, field in model.model_fields.items()
        if not field.is_required() and field.default is not None
    }
