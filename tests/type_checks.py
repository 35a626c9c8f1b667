"""Makes the run-time checks of types cheaper; to be imported before molvae.

The import hook of jaxtyping wraps every function to bind the axes of arrays, and checks each
argument twice, which takes longer than most functions. Here every function gets the checks of
beartype, and functions with arrays in their signature bind axes too.
"""

import inspect
import typing
from types import SimpleNamespace

import jaxtyping
from beartype import beartype

_jaxtyped = jaxtyping.jaxtyped


def has(annotation, is_wanted):
    """Whether an annotation, or an argument of it, is wanted."""
    arguments = annotation if isinstance(annotation, list) else typing.get_args(annotation)
    return is_wanted(annotation) or any(has(argument, is_wanted) for argument in arguments)


def is_text(annotation):
    return isinstance(annotation, str | typing.ForwardRef)


def is_array(annotation):
    return isinstance(annotation, type) and issubclass(annotation, jaxtyping.AbstractArray)


def resolve(annotation, names):
    """The annotation without texts; Any for classes that do not exist yet, as in jaxtyping."""
    if not has(annotation, is_text):
        return annotation
    holder = SimpleNamespace(__annotations__={"it": annotation})
    try:
        return typing.get_type_hints(holder, names, include_extras=True)["it"]
    except (AttributeError, NameError, TypeError):
        return typing.Any


def check_types(*, typechecker):
    """The decorator that the import hook applies to functions and classes."""

    def decorate(checked):
        if not inspect.isfunction(checked) or inspect.isgeneratorfunction(checked):
            return _jaxtyped(checked, typechecker=typechecker)
        written = checked.__annotations__
        hints = {name: resolve(hint, checked.__globals__) for name, hint in written.items()}
        checked.__annotations__ = hints
        typed = beartype(checked)
        checked.__annotations__ = typed.__annotations__ = written
        return _jaxtyped(typed, typechecker=None) if has([*hints.values()], is_array) else typed

    return decorate


jaxtyping.jaxtyped = check_types
