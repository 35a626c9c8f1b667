import pytest

from molvae.errors import ConfigError
from molvae.objectives.aggregation import Aggregation
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.desirability import Gaussian

GOOD = """
name = "drug-like"
aggregation = "arithmetic"
where = "heavy_atoms <= 38"

[[component]]
property = "qed"
weight = 2
[component.desirability]
kind = "linear"
low = 0
high = 1

[[component]]
property = "logp"
[component.desirability]
kind = "gaussian"
mu = 2.5
sigma = 1
"""


def load(tmp_path, text):
    path = tmp_path / "objective.toml"
    path.write_text(text)
    return ObjectiveConfig.load(path)


def test_an_objective_file_is_read(tmp_path):
    config = load(tmp_path, GOOD)
    assert config.name == "drug-like"
    assert config.aggregation is Aggregation.ARITHMETIC
    assert [(one.label, one.weight) for one in config.component] == [("qed", 2), ("logp", 1)]
    assert config.component[1].desirability == Gaussian(mu=2.5, sigma=1)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('property = "qed"', 'property = "qde"', "component 1: .*did you mean 'qed'"),
        ("weight = 2", "wieght = 2", "component 1: .*did you mean 'weight'"),
        ("weight = 2", "weight = 0", "component 1: weight = 0"),
        ("sigma = 1", "sgima = 1", "component 2, desirability: .*did you mean 'sigma'"),
        ('kind = "gaussian"', 'kind = "gauss"', "component 2, desirability: .*'gaussian'"),
        ('"arithmetic"', '"mean"', "aggregation = 'mean'"),
        ("aggregation", "agregation", "did you mean 'aggregation'"),
        ("heavy_atoms <= 38", "heavy_atom <= 38", "did you mean 'heavy_atoms'"),
        ('property = "logp"', 'property = "qed"', "qed occurs more than once"),
        ('name = "drug-like"', "", "name"),
        ("[[component]]", "[component]", "TOML|component"),
    ],
)
def test_a_mistake_in_an_objective_file_is_named(tmp_path, old, new, message):
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, GOOD.replace(old, new))


def test_all_mistakes_are_told_at_once(tmp_path):
    text = GOOD.replace("agg", "ag").replace('"qed"', '"qde"').replace("sigma", "sgima")
    with pytest.raises(ConfigError, match=r"aggregation.*component 1.*qed.*component 2.*sigma"):
        load(tmp_path, text)


@pytest.mark.parametrize("text", ['name = "x"', 'name = "x"\ncomponent = 3'])
def test_an_objective_without_components_is_refused(tmp_path, text):
    with pytest.raises(ConfigError, match="at least one"):
        load(tmp_path, text)


def test_a_component_that_is_no_table_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="component 1: expected a table"):
        load(tmp_path, 'name = "x"\ncomponent = ["qed"]')


def test_a_raw_property_is_an_objective_of_its_own_only(tmp_path):
    raw = 'name = "x"\n[[component]]\nproperty = "penalized_logp"\n'
    assert load(tmp_path, raw).component[0].desirability is None
    with pytest.raises(ConfigError, match="no desirability for penalized_logp"):
        load(tmp_path, raw + '[[component]]\nproperty = "qed"\n')


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        ObjectiveConfig.load(tmp_path / "nowhere.toml")


def test_settings_survive_their_own_json():
    config = ObjectiveConfig.parse_tables(
        {
            "name": "x",
            "component": [
                {"property": "qed", "desirability": {"kind": "step", "low": 0.5}},
            ],
        }
    )
    assert ObjectiveConfig.parse_tables(config.model_dump(mode="json")) == config
