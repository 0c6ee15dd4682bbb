"""The seams, read from the source: who may import whom, what is light, how long a file is."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# checkpoints, training <- conditioning <- generators <- studio <- app
ALLOWED = {
    "training": set(),
    "checkpoints": set(),
    "conditioning": {"checkpoints", "training"},
    "generators": {"checkpoints", "training", "conditioning"},
    "studio": {"checkpoints", "training", "conditioning", "generators"},
    "app": {"checkpoints", "training", "conditioning", "generators", "studio"},
    "benchmarks": {"checkpoints", "training", "conditioning", "generators", "studio"},
}
OURS = set(ALLOWED)
HEAVY = {
    "torch",
    "transformers",
    "diffusers",
    "accelerate",
    "matplotlib",
    "symusic",
    "scipy",
    "gradio",
    "partitura",
    "av",
    "cv2",
    "mediapipe",
    "pysubs2",
    "ray",
    "fsspec",
}
MOST_LINES = 400
SHARED = "voice"  # what every medium that hears or makes a voice stands on


def sources():
    found = [path for name in OURS - {"app"} for path in (ROOT / name).rglob("*.py")]
    return sorted([*found, *ROOT.glob("app.py")])


def layer(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


def imports(tree, path, top_only=False):
    """Gives the dotted names that a module imports; `top_only` leaves functions and type checking out."""
    package = module_name(path) if path.name == "__init__.py" else module_name(path)[:-1]
    todo, found = [tree], []
    while todo:
        node = todo.pop()
        if top_only and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if top_only and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            todo += node.orelse
            continue
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            stem = ".".join(part for part in (base, node.module) if part)
            found += [f"{stem}.{alias.name}" for alias in node.names]
        todo += list(ast.iter_child_nodes(node))
    return found


TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sources()}
IDS = [str(path.relative_to(ROOT)) for path in TREES]


@pytest.mark.parametrize("path", TREES, ids=IDS)
def test_layers_import_downwards_only(path):
    own = layer(path)
    for name in imports(TREES[path], path):
        top = name.split(".")[0]
        if top in OURS and top != own:
            assert top in ALLOWED[own], f"{own} imports {name}"


@pytest.mark.parametrize("path", TREES, ids=IDS)
def test_modalities_never_import_one_another(path):
    parts = module_name(path)
    if parts[0] == "generators" and len(parts) > 1 and (ROOT / "generators" / parts[1]).is_dir():
        others = {folder.name for folder in (ROOT / "generators").iterdir() if folder.is_dir()}
        others -= {parts[1], SHARED}
        for name in imports(TREES[path], path):
            assert not (name.startswith("generators.") and name.split(".")[1] in others), name


@pytest.mark.parametrize("path", TREES, ids=IDS)
def test_gradio_and_command_line_stay_in_their_places(path):
    relative = path.relative_to(ROOT).as_posix()
    tops = {name.split(".")[0] for name in imports(TREES[path], path)}
    if not (relative == "app.py" or relative.startswith("studio/ui/")):
        assert "gradio" not in tops
    command_line = relative.startswith("studio/cli") or relative.startswith("benchmarks/")
    if not command_line:
        assert not tops & {"typer", "click", "argparse"}
        reads = {ast.unparse(node) for node in ast.walk(TREES[path]) if isinstance(node, ast.Attribute)}
        assert "sys.argv" not in reads


def reached():
    """Gives every module of ours that runs when `import studio` and each command's module are imported."""
    by_name = {".".join(module_name(path)): path for path in TREES}
    start = [
        "studio",
        "studio.session",
        "studio.jobs",
        "studio.library",
        "studio.result",
        "studio.export",
        "studio.cli",
    ]
    todo, seen = [name for name in start if name in by_name], set()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        for found in imports(TREES[by_name[name]], by_name[name], top_only=True):
            parts = found.split(".")
            todo += [".".join(parts[:n]) for n in range(1, len(parts) + 1) if ".".join(parts[:n]) in by_name]
    return {name: by_name[name] for name in sorted(seen)}


@pytest.mark.parametrize(("name", "path"), reached().items(), ids=list(reached()))
def test_what_import_studio_reaches_is_light(name, path):
    tops = {found.split(".")[0] for found in imports(TREES[path], path, top_only=True)}
    assert not tops & HEAVY, f"{name} imports {tops & HEAVY} when it is imported"


@pytest.mark.parametrize("path", TREES, ids=IDS)
def test_files_are_short_and_do_not_print(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= MOST_LINES
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print"
        assert not (isinstance(node, ast.ExceptHandler) and node.type is None), "a bare except"


@pytest.mark.parametrize("path", TREES, ids=IDS)
def test_names_that_say_nothing_are_absent(path):
    assert path.stem not in {"utils", "common", "helpers", "manager"}
    for node in ast.walk(TREES[path]):
        assert not (isinstance(node, ast.ClassDef) and node.name.endswith("Manager"))


@pytest.mark.parametrize("path", TREES, ids=IDS)
def test_nothing_is_pickled(path):
    tops = {name.split(".")[0] for name in imports(TREES[path], path)}
    assert not tops & {"pickle", "cloudpickle", "joblib", "dill", "shelve"}
    calls = [ast.unparse(node.func) for node in ast.walk(TREES[path]) if isinstance(node, ast.Call)]
    assert not {"torch.load", "torch.save"} & set(calls)


def test_no_machine_paths():
    """No committed file names a folder of somebody's machine."""
    signs = ("/wor" + "k/", "/ro" + "ot/", "/ho" + "me/", "/Us" + "ers/")
    files = [
        *sources(),
        *(ROOT / "tests").glob("*.py"),
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("*.toml"),
    ]
    for path in files:
        for sign in signs:
            assert sign not in path.read_text(encoding="utf-8"), f"{path.name} names {sign}"
