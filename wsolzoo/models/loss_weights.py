"""Weights of the terms of a loss, as configs spell them."""

from collections.abc import Mapping


def loss_weights(owner: object, defaults: Mapping[str, float], given: Mapping[str, float] | None) -> dict[str, float]:
    """The weight of every term: what a config says, else the default.

    Args:
        owner: whose terms they are, for the message.
        defaults: weight by term; all terms there are.
        given: what the config says.

    Raises:
        ValueError: a term that there is not.
    """
    unknown = set(given or {}) - set(defaults)
    if unknown:
        name, terms = type(owner).__name__, ', '.join(defaults)
        raise ValueError(f'loss_weight of {name} has the terms {terms}; got {", ".join(sorted(unknown))}')
    return {**defaults, **(given or {})}
