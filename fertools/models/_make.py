"""Build a network by name: one of this folder, a user's file, or an installed one.

In goes what a recipe says; out comes an `nn.Module`, or one sentence that lists what is known.
"""

import inspect
from collections.abc import Mapping
from types import ModuleType

from torch import nn

from fertools import folder
from fertools.errors import FerError, unknown

GIVEN = ("classes", "channels", "size")


def make(
    name: str, classes: int, channels: int, size: int, options: Mapping[str, object] | None = None
) -> nn.Module:
    """The network `name` for images of `size` pixels with `channels`, giving `classes` logits.

    `name` is a file of `fertools/models`, `./my_net.py`, `./my_net.py:function` or an entry point
    of the group `fertools.models`. Raises `FerError` for a name or option that is not known, for a
    file without that function, and for values that a network of ours cannot be built with.
    """
    function = written(name)[1]
    build = getattr(module_of(name), function, None)
    if not callable(build):
        raise FerError(f"{name}: there is no function {function!r} in it; write one")
    takes = [*inspect.signature(build).parameters.values()][len(GIVEN) :]
    takes_all = any(each.kind is each.VAR_KEYWORD for each in takes)
    known = [each.name for each in takes if each.kind is not each.VAR_KEYWORD]
    for option in options or {}:
        if option not in known and not takes_all:
            raise unknown(f"option of model {name}", option, known)
    try:
        model = build(classes, channels, size, **(options or {}))
    except (TypeError, ValueError, RuntimeError, ArithmeticError, AttributeError) as error:
        if build.__module__ != f"fertools.models.{name}":
            error.add_note(f"while {name} was built")
        if hasattr(error, "__notes__"):  # a member's, too
            raise  # its author wants to see where
        raise _unbuilt(name, (classes, channels, size), options or {}, error) from error
    if not isinstance(model, nn.Module):
        raise FerError(f"{name}: {function} gives no torch.nn.Module; return one")
    return model


def _unbuilt(
    name: str, shape: tuple[int, int, int], options: Mapping[str, object], error: Exception
) -> FerError:
    classes, channels, size = shape
    given = ", ".join(f"{key}={value!r}" for key, value in options.items()) or "no options"
    complaint = str(error).partition("\n")[0] or type(error).__name__
    return FerError(
        f"model {name} cannot be built with {given} for {classes} classes at {size}x{size}"
        f"x{channels} ({complaint}); give other values"
    )


def module_of(name: str) -> ModuleType:
    """The module that a model's name means; beside `build` it may have `fit`."""
    return folder.load("models", written(name)[0])


def written(name: str) -> tuple[str, str]:
    """What a model's name means: the file, or the name of ours, and the function in it."""
    file, colon, function = name.partition(".py:")
    return (f"{file}.py", function or "build") if colon else (name, "build")
