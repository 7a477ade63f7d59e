"""Label Studio: `tasks.json` to import, `label_config.xml`, and the pictures below `images/`.

The labels are pre-annotations (`predictions`), so that every face is still to be judged. The URLs
are those of local-file serving, seen from this folder: start Label Studio with
`LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true` and `LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT` set to
this folder, add its `images` as local storage to the project (no sync), then import `tasks.json`.
What comes out (CSV) is read by `fertools ingest table result.csv --path file_name
--label expression --images THIS_FOLDER -o OUT`.
"""

from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from fertools.export._chosen import Chosen, Sample
from fertools.export._files import about, picture, put, put_json, title

READ_BY = "Label Studio"
KEEPS = "labels as pre-annotations, all columns in the data of each task"
LOSES = "parts as such (a column `part` of the data), types (those of JSON)"
SERVED = "/data/local-files/?d="


def write(chosen: Chosen, out: Path) -> None:
    """Write tasks, configuration, pictures and a README with the steps."""
    tasks = []
    for sample in chosen.samples():
        file = picture(chosen, sample)
        put(out, file, sample)
        tasks.append(_task(sample, file))
    put_json(out / "tasks.json", tasks)
    (out / "label_config.xml").write_text(_config(chosen), encoding="utf-8", newline="\n")
    text = f"{title(chosen)}\n\n{STEPS}\n{about(chosen)}"
    (out / "README.md").write_text(text, encoding="utf-8", newline="\n")


def _task(sample: Sample, file: str) -> dict[str, Any]:
    choice = {
        "from_name": "expression",
        "to_name": "image",
        "type": "choices",
        "value": {"choices": [sample.label]},
    }
    told = {"file_name": file, "label": sample.label, "part": sample.part or None}
    return {
        "data": {"image": SERVED + quote(file), **told, **sample.about},
        "predictions": [{"model_version": "manifest", "result": [choice]}],
    }


def _config(chosen: Chosen) -> str:
    choices = "\n".join(f"    <Choice value={quoteattr(word)}/>" for word in chosen.classes)
    return (
        "<View>\n"
        '  <Image name="image" value="$image"/>\n'
        '  <Choices name="expression" toName="image" choice="single" showInline="true">\n'
        f"{choices}\n"
        "  </Choices>\n"
        "</View>\n"
    )


STEPS = """## How to open it

1. `LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT=$PWD
   label-studio start`, in this folder.
2. A new project with the labelling interface of `label_config.xml`.
3. Settings, Cloud Storage, Add Source Storage, Local files: the absolute path of `images` in this
   folder. Do not sync: the storage only allows the pictures to be shown.
4. Import `tasks.json`.
5. Export as CSV, then: `fertools ingest table result.csv --path file_name --label expression
   --images . -o data/judged`
"""
