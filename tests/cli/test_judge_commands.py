"""``fastconv evaluate`` and ``fastconv predict``."""

import re
import shutil

import pytest
from command_checks import one_line
from PIL import Image

from fastconv.layers import Dense, Flatten, Input
from fastconv.models import Sequential, load_model


@pytest.fixture
def trained(folder, train):
    """The best accuracy that a run printed, as it printed it."""
    result = train("--epochs 3 --out run")
    return re.search(r"Best test accuracy (\S+ % \(\d+/20\))", result.out)[1]


def test_evaluate_repeats_the_runs_figure(trained, folder, run):
    for place in ("run", "run/best.safetensors", f"{folder}/run"):
        result = run(f"evaluate {place}")
        assert result.code == 0
        assert result.err == ""
        assert result.out.startswith(f"Test accuracy {trained}, loss ")


def test_evaluate_repeats_the_figure_of_a_split(folder, run):
    out = run("train pets/train --model mnist --epochs 2 --batch-size 8 --limit 9 --out run").out
    figure = re.search(r"Best test accuracy (\S+ % \(\d+/9\))", out)[1]
    assert f"Test accuracy {figure}" in run("evaluate run").out
    assert f"Test accuracy {figure}" in run("evaluate run pets/train").out


def test_evaluate_other_data(trained, folder, run):
    assert f"Test accuracy {trained}" in run("evaluate run pets").out
    shutil.copytree(folder / "pets" / "train", folder / "more")
    for image in (folder / "more").glob("*/*.png"):
        Image.open(image).resize((20, 15)).save(image)
    result = run("evaluate run more")  # all of it, at the network's size
    assert result.code == 0
    assert re.match(r"Test accuracy \d+\.\d\d % \(\d+/48\)", result.out)


def test_predict(trained, folder, run):
    cat, dog = "pets/test/cat/00.png", "pets/test/dog/09.png"
    result = run(f"predict run {cat} {dog}")
    assert result.code == 0
    first, second = result.out.splitlines()
    assert re.match(rf"{cat}  cat \d+\.\d %  dog \d+\.\d %$", first)
    assert re.match(rf"{dog}  dog \d+\.\d %  cat \d+\.\d %$", second)
    shares = [float(s) for s in re.findall(r"(\d+\.\d) %", first)]
    assert shares[0] >= shares[1]
    assert abs(sum(shares) - 100) < 0.2


def test_predict_top_and_other_sizes(trained, folder, run):
    Image.new("L", (40, 30), 200).save(folder / "grey.bmp")
    assert re.match(r"grey\.bmp  dog \d+\.\d %\n$", run("predict run grey.bmp --top 1").out)


def test_predict_unreadable_images(trained, folder, run):
    (folder / "bad.jpg").write_bytes(b"no image")
    good = "pets/test/cat/00.png"
    result = run(f"predict run bad.jpg {good}")
    assert result.code == 1
    assert "bad.jpg: is an unreadable image (is no image" in one_line(result.err)
    assert result.out.startswith(good)
    result = run(f"predict run bad.jpg {good} --strict")
    assert result.code == 1
    assert result.out == ""
    assert "bad.jpg: is an unreadable image" in one_line(result.err)
    assert run("predict run bad.jpg").code == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("evaluate nowhere", "nowhere: there is no such folder; `fastconv train` makes one"),
        ("evaluate pets", "pets: must be the folder of a training run; it holds no best"),
        ("evaluate run shapes", "the classes must be those of the run, cat, dog; received arrow"),
        ("evaluate run shape", "received 'shape' (did you mean 'shapes'?)"),
        ("evaluate other.safetensors", "must be a checkpoint of `fastconv train`"),
        ("evaluate pets/test/cat/00.png", "00.png"),
        ("predict nowhere a.png", "nowhere: there is no such folder"),
        ("predict run a.png", "a.png: cannot be read (No such file"),
        ("predict run pets", "pets: IMAGE must be a file; received a folder"),
        ("predict run", "the following arguments are required: IMAGE"),
        ("evaluate", "the following arguments are required: DIR"),
        ("evaluate run --threads 0", "argument --threads: must be a whole number, 1 or more"),
        ("predict run a.png --top 0", "argument --top: must be a whole number, 1 or more"),
    ],
)
def test_mistakes(trained, folder, run, words, said):
    from fastconv.layers import Dense, Input

    Sequential([Input((3,)), Dense(2)]).save(folder / "other.safetensors")
    result = run(words)
    assert result.code == 2
    assert said in one_line(result.err)
    assert result.out == ""


def test_evaluate_after_the_images_have_gone(trained, folder, run):
    shutil.rmtree(folder / "pets")
    result = run("evaluate run")
    assert result.code == 2
    assert "pets: no such folder" in one_line(result.err)


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ([Input((12, 12, 3)), Dense(2)], r"whose output \(None, 12, 12, 2\) is not one number"),
        ([Input((12, 12, 3)), Flatten(), Dense(3)], r"whose output \(None, 3\) is not one number"),
        ([Input((12, 12)), Flatten(), Dense(2)], r"whose input is no grey image and none in col"),
        ([Input((12, 12, 2)), Flatten(), Dense(2)], r"whose input is no grey image and none in c"),
    ],
)
def test_a_network_that_does_not_fit_its_classes(trained, folder, run, layers, said):
    run_of = load_model(folder / "run" / "best.safetensors").user_metadata
    model = Sequential(layers)
    model.user_metadata = run_of
    model.save(folder / "other.safetensors")
    result = run("predict other.safetensors pets/test/cat/00.png")
    assert result.code == 2
    assert re.search(f"other.safetensors: must be a checkpoint of .* {said}", one_line(result.err))


@pytest.mark.parametrize(
    "change",
    [
        {"class_names": 3}, {"class_names": [1, 2]}, {"images": [1]}, {"images": ["a", 2]},
        {"settings": {}}, {"seed": "x"}, {"batch_size": 0}, {"source": {"place": 3}},
        {"source": {"place": "pets", "limit": None, "image_size": [1], "color_mode": "auto"}},
    ],
)  # fmt: skip
def test_a_run_that_is_not_described(trained, folder, run, change):
    model = load_model(folder / "run" / "best.safetensors")
    entry = model.user_metadata["training_run"]
    entry |= {key: change[key] for key in change if key in entry}
    entry["settings"] |= {key: change[key] for key in change if key not in entry}
    model.save(folder / "other.safetensors")
    result = run("predict other.safetensors pets/test/cat/00.png")
    assert result.code == 2
    assert "other.safetensors: must be a checkpoint" in one_line(result.err)
