"""What the class codes of R8 and R52 mean; a code that is a plain word stands for itself."""

from collections.abc import Iterable

_TEXTS = {
    "acq": "mergers and acquisitions",
    "alum": "aluminium",
    "bop": "balance of payments",
    "cpi": "consumer price index",
    "cpu": "capacity utilisation",
    "crude": "crude oil",
    "dlr": "US dollar",
    "earn": "earnings and earnings forecasts",
    "fuel": "fuel oil",
    "gas": "gasoline",
    "gnp": "gross national product",
    "heat": "heating oil",
    "housing": "housing starts",
    "income": "personal income",
    "instal-debt": "instalment debt and consumer credit",
    "interest": "interest rates",
    "ipi": "industrial production index",
    "iron-steel": "iron and steel",
    "jet": "jet fuel and kerosene",
    "jobs": "unemployment",
    "lei": "leading economic indicators",
    "meal-feed": "meal and feed",
    "money-fx": "money and foreign exchange",
    "nat-gas": "natural gas",
    "pet-chem": "petrochemicals",
    "retail": "retail sales",
    "ship": "shipping",
    "veg-oil": "vegetable oil",
    "wpi": "wholesale price index",
}


def class_texts(classes: Iterable[str]) -> dict[str, str]:
    """Class code -> what an encoder should read for it.

    Example:
        >>> class_texts(["gnp", "money-supply"])
        {'gnp': 'gross national product', 'money-supply': 'money supply'}
    """
    return {name: _TEXTS.get(name, name.replace("-", " ")) for name in sorted(classes)}
