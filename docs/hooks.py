"""Pages that the code writes: data sets, commands, protocols, the columns of a manifest.

MkDocs calls `on_files` before it reads the pages; each of these stands in the navigation or is
linked from a page that does.
"""

import io
from collections.abc import Iterator
from html import escape
from typing import Any

import click
import pyarrow as pa
from mkdocs.structure.files import File, Files

from fertools import folder
from fertools.manifest.schema import CURATED, DEALT, INGESTED, VOTES
from fertools.protocol import read_protocol
from fertools.resources import names


def on_files(files: Files, config: Any) -> Files:
    """Add the pages and the chart."""
    for path, text in pages():
        files.append(File.generated(config, path, content=text))
    files.append(File.generated(config, "leak.svg", content=leak_chart()))
    return files


def pages() -> Iterator[tuple[str, str]]:
    """(path, Markdown) of every page that the code writes."""
    sources = folder.names("sources")
    yield "data-sets/index.md", data_sets(sources)
    for name in sources:
        yield f"data-sets/{name}.md", data_set(name)
    yield "reference/commands.md", commands()
    yield "reference/protocols.md", protocols()
    yield "reference/columns.md", columns()


def data_sets(sources: list[str]) -> str:
    """The list of data sets."""
    rows = [f"| [`{name}`]({name}.md) | {folder.summary('sources', name)} |" for name in sources]
    text = (
        "# Data sets\n\nWhat `fertools ingest SOURCE` reads. Each page says where to get the data, "
        "how it lies on the disk, and what goes wrong with it.\n\n"
        "| source | what it is |\n|---|---|"
    )
    return "\n".join([text, *rows]) + "\n"


def data_set(name: str) -> str:
    """One data set: what its reader says of it, how to read it, who made it."""
    module = folder.load("sources", name)
    about = [
        f"- **{word}**: {escape(str(value))}"
        for word in ("Licence", "Citation", "Homepage")
        if (value := getattr(module, word.upper(), ""))
    ]
    labels = sorted(set(getattr(module, "LABELS", {}).values()))
    defaults = getattr(module, "DEFAULTS", {})
    said = ", ".join(f"{key} `{value}`" for key, value in defaults.items())
    parts = [
        f"# {name}",
        module.__doc__ or "",
        "## Read it",
        f"```\nfertools ingest {name} RAW -o data/{name}\n```",
        f"By default: {said}." if said else "",
        f"Labels: {', '.join(labels)}." if labels else "",
        "## Terms",
        "\n".join(about),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def commands() -> str:
    """Every command with its help."""
    from fertools.cli import cli

    root = click.Context(cli, info_name="fertools")
    parts = ["# Commands", "Exit codes: 0 fine, 1 a mistake or bad data, 2 wrong usage, 3 a gate "
             "failed, 4 a gate could not be checked, 130 interrupted."]  # fmt: skip
    for name in cli.list_commands(root):
        command = cli.get_command(root, name)
        assert command is not None
        context = click.Context(command, info_name=name, parent=root, max_content_width=96)
        parts.append(f"## {name}\n\n```text\n{command.get_help(context)}\n```")
    return "\n\n".join(parts) + "\n"


def protocols() -> str:
    """Every published protocol."""
    parts = ["# Protocols", "A protocol fixes the parts, the label rule, the classes, which rows "
             "choose the model, the metric, and whether mirror images are averaged. "
             "`fertools split DATA --protocol NAME -o OUT` follows one."]  # fmt: skip
    for name in names("manifests", ".toml"):
        found = read_protocol(name)
        facts = [
            f"- data: [`{found.data}`](../data-sets/{found.data}.md)",
            f"- classes: {', '.join(found.classes)}",
            f"- label rule `{found.label_rule}`, metric `{found.metric}`, tta `{found.tta}`",
        ]
        parts += [f"## {name}", f"{found.title}.", "\n".join(facts), found.note]
    return "\n\n".join(parts) + "\n"


def columns() -> str:
    """The columns of a manifest, by the command that writes them."""
    parts = [
        "# Columns of a manifest",
        "A Parquet table with one row per face, or per image that gave none. Unknown values are "
        "null; further columns pass through. Types are Arrow's.",
    ]
    for command, fields in (("ingest", INGESTED), ("curate", CURATED), ("split", DEALT)):
        rows = [f"| `{name}` | {escape(_type(kind))} | {text} |" for name, kind, text in fields]
        parts.append(f"## Written by `{command}`\n\n| column | type | meaning |\n|---|---|---|\n"
                     + "\n".join(rows))  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _type(kind: pa.DataType) -> str:
    """A type's name; a struct of many fields by its kind alone."""
    return f"struct of {kind.num_fields} {kind.field(0).type}" if kind == VOTES else str(kind)


# Share of the PrivateTest images of each class with a near-twin in training: rows, of
LEAKED = {"disgust": (22, 55), "surprise": (165, 416), "all": (514, 3589)}


def leak_chart() -> str:
    """How many of FER2013's test images have a twin in training, as SVG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6.4, 1.9))
    shares = [100 * rows / of for rows, of in LEAKED.values()]
    drawn = axes.barh(list(LEAKED), shares, color="#0072B2")
    texts = [f"{rows} of {of:,}" for rows, of in LEAKED.values()]
    axes.bar_label(drawn, texts, padding=4)
    axes.set_xlabel("PrivateTest images with a near-twin in training, %")
    axes.set_xlim(0, 50)
    axes.spines[["top", "right"]].set_visible(False)
    buffer = io.StringIO()
    figure.tight_layout()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    pyplot.close(figure)
    return buffer.getvalue()
