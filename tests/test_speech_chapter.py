"""What chapter 15 writes by hand: how far a stack hears, its rivals, the μ-law, the parts of a sound, speaking step by
step, and a published detector of voices rebuilt."""

import wave
from itertools import pairwise

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import ROOT, defined_in
from IPython.display import Audio
from keras import layers
from scipy.signal import resample_poly

from utils import attributions, checkpoint, pretrained

CHAPTER = ROOT / "notebooks" / "15_speech.ipynb"
RATE, SYLLABLE, LEVELS, MU = 4000, 128, 64, 63
CHUNK, BEFORE, AFTER, SLOT = 512, 64, 64, 16
EDGES = [0, 250, 650, 1100, 1520, 2001]
VAD = "c59271c284ae9c8335d795d60e0bfdb71aaaceec578d9bd9ffc1b8153c319ea1"
BECKETT = "e5a26b3d29e5b0bc8dbd72c11d16a3808a4ec0ac45b21f12a27d2a2fe5c5ae61"
GIVEN = {"keras": keras, "layers": layers, "np": np, "tf": tf, "pairwise": pairwise}
GIVEN |= {"SEEDS": [0], "RATE": RATE, "SYLLABLE": SYLLABLE, "LEVELS": LEVELS, "MU": MU, "EDGES": EDGES}


def take(*names, **more):
    return defined_in(CHAPTER, *names, **GIVEN, **more)


@pytest.mark.parametrize("dilations", [[1], [1, 1, 1], [1, 2, 4, 8, 16], [5, 3], [64]])
def test_the_receptive_field_is_that_of_the_formula(dilations):
    _, reach = take("stack", "reach")
    assert reach(dilations, at=150, length=300) == (-sum(dilations), 0)


def test_padding_same_reaches_ahead():
    _, reach = take("stack", "reach")
    assert reach([1, 2, 4], "same", at=150, length=300)[1] > 0


def test_mu_law_round_trip():
    encode, decode = take("encode", "decode")
    levels = np.arange(LEVELS)
    values = decode(levels)
    assert np.array_equal(encode(values), levels)
    assert values[0] == pytest.approx(-1) and values[-1] == pytest.approx(1)
    steps = np.diff(values)
    x = np.linspace(-1, 1, 2001)
    assert np.all(np.abs(decode(encode(x)) - x) <= steps.max())
    assert np.allclose(steps, steps[::-1]) and steps[31] < steps[40] < steps[62], "quiet sounds have finer levels"


def test_a_sound_is_the_sum_of_its_parts():
    (parts,) = take("parts")
    x = np.random.default_rng(1).normal(size=(3, 256, 1)).astype("float32")
    assert parts(x).shape == (3, 2, 5, 256)
    assert np.allclose(parts(x).sum(axis=(1, 2)), x[..., 0], atol=1e-5)
    tone = np.sin(2 * np.pi * 1000 / RATE * np.arange(256))[None, :, None]
    energy = (parts(tone) ** 2).sum(axis=3)[0]
    assert energy[:, 2].sum() > 0.99 * energy.sum(), "1000 Hz lies in band 2"
    assert not parts(x)[:, 0, :, SYLLABLE:].any() and not parts(x)[:, 1, :, :SYLLABLE].any()


def test_credit_of_parts_is_the_packages():
    parts, credit = take("parts", "credit")
    keras.utils.set_random_seed(0)
    body = [layers.Conv1D(4, 8, strides=8, activation="softplus"), layers.Flatten(), layers.Dense(3)]
    model = keras.Sequential([layers.Input((256, 1)), *body])
    x, y = np.random.default_rng(2).normal(size=(4, 256, 1)).astype("float32"), np.array([0, 1, 2, 1])
    split = parts(x)
    theirs, _ = attributions.integrated_gradients(
        lambda p: model(tf.reduce_sum(p, axis=(1, 2))[..., None]), split, 0 * split[0], y, steps=6
    )
    ours = credit(model, x, split, y, steps=6)
    assert np.allclose(ours, theirs.sum(axis=3), atol=1e-4) and np.abs(ours).max() > 0.01


@pytest.mark.parametrize("dilations", [[1, 2, 4, 8], [1, 1], [5, 3]])
def test_speaking_step_by_step_is_the_network_on_the_whole_sound(dilations):
    _, generator, feed, generate = take("stack", "generator", "feed", "generate")
    keras.utils.set_random_seed(0)
    model, vowels = generator(dilations), np.array([0, 1, 2, 2])
    model.set_weights([w + 0.1 * np.random.default_rng(3).normal(size=w.shape) for w in model.get_weights()])
    levels = generate(model, vowels, samples=60, seed=7)
    assert levels.shape == (4, 61) and len(np.unique(levels)) > 5
    logits = model(feed(levels[:, :-1], vowels)).numpy()
    rng = np.random.default_rng(7)  # the same draws, now on the logits of the whole
    drawn = [(logits[:, t] + rng.gumbel(size=(4, LEVELS))).argmax(axis=1) for t in range(60)]
    assert np.array_equal(levels[:, 1:], np.stack(drawn, axis=1))


def test_a_sound_plays_in_the_page_without_another_host():
    (play,) = take("play", Audio=Audio, resample_poly=resample_poly)
    page = play(*np.random.default_rng(4).normal(size=(3, 1600)))._repr_html_()
    assert "data:audio/wav;base64," in page and "http" not in page
    assert len(page) < 50_000


def recognisers():
    more = {"WORD": 2 * SYLLABLE, "END": 112, "FRAME": 16, "DILATIONS": [2**i for i in range(8)]}
    names = ("stack", "answer", "wavenet", "strided", "frames", "recurrent", "Positions", "attention")
    return dict(zip(names, take(*names, **more), strict=True))


def test_the_rivals_have_about_as_many_weights_and_hear_the_whole_word():
    made = recognisers()
    x = np.random.default_rng(5).normal(size=(8, 256, 1)).astype("float32")
    sizes = []
    for name in ("wavenet", "strided", "recurrent", "attention"):
        keras.utils.set_random_seed(1)
        model = made[name]()
        sizes.append(model.count_params())
        with tf.GradientTape() as tape:
            point = tf.constant(x)
            tape.watch(point)
            logit = model(point)[:, 0]
        slope = np.abs(tape.gradient(logit, point).numpy()).sum(axis=(0, 2))
        assert (slope > 0).mean() > 0.95, f"{name} is deaf to a part of the word"
        assert slope[:SYLLABLE].any(), name
    assert max(sizes) / min(sizes) < 1.06


def test_without_dilation_the_end_of_the_word_knows_nothing_of_its_beginning():
    stack, _ = take("stack", "reach")
    inputs = layers.Input((256, 1))
    model = keras.Model(inputs, stack(layers.Dense(16)(inputs), [1] * 8, 16)[:, -112:])
    x = np.random.default_rng(6).normal(size=(4, 256, 1)).astype("float32")
    other = x.copy()
    other[:, :SYLLABLE] = 0
    assert np.array_equal(model(x).numpy(), model(other).numpy())


def voice_detector():
    given = {"CHUNK": CHUNK, "BEFORE": BEFORE, "AFTER": AFTER, "SLOT": SLOT}
    return take("detector", "weights_of", "bordered", "silenced", **given)


def made_up(rng):
    """Weights by the names and shapes of the published file."""
    shapes = {"stft_conv.weight": (258, 1, 256), "conv1.weight": (128, 129, 3), "conv2.weight": (64, 128, 3)}
    shapes |= {"conv3.weight": (64, 64, 3), "conv4.weight": (128, 64, 3), "final_conv.weight": (1, 128, 1)}
    shapes |= {"conv1.bias": (128,), "conv2.bias": (64,), "conv3.bias": (64,), "conv4.bias": (128,)}
    shapes |= {f"lstm_cell.weight_{part}": (512, 128) for part in ("ih", "hh")}
    shapes |= {f"lstm_cell.bias_{part}": (512,) for part in ("ih", "hh")} | {"final_conv.bias": (1,)}
    return {name: (0.15 * rng.normal(size=shape)).astype("float32") for name, shape in shapes.items()}


def by_hand(stored, sound):
    """Silero VAD in numpy, chunk by chunk, as its package writes it: log-odds for one sound."""

    def convolve(x, kernel, bias=0.0, stride=1, padding=0):  # x (channels, time), PyTorch's order
        x = np.pad(x, ((0, 0), (padding, padding)))
        starts = range(0, x.shape[1] - kernel.shape[2] + 1, stride)
        return np.stack([np.tensordot(kernel, x[:, t : t + kernel.shape[2]], 2) + bias for t in starts], axis=1)

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    h, c, said = np.zeros(128), np.zeros(128), []
    sound = np.pad(sound, (BEFORE, 0))
    for start in range(0, len(sound) - BEFORE, CHUNK):
        x = np.pad(sound[start : start + BEFORE + CHUNK], (0, AFTER), mode="reflect")[None]
        x = convolve(x, stored["stft_conv.weight"], stride=128)
        x = np.sqrt(x[:129] ** 2 + x[129:] ** 2)
        for k, stride in enumerate((1, 2, 2, 1), 1):
            kernel, bias = stored[f"conv{k}.weight"], stored[f"conv{k}.bias"]
            x = np.maximum(convolve(x, kernel, bias, stride, 1), 0)
        gates = stored["lstm_cell.weight_ih"] @ x[:, 0] + stored["lstm_cell.bias_ih"]
        gates = gates + stored["lstm_cell.weight_hh"] @ h + stored["lstm_cell.bias_hh"]
        i, f, g, o = np.split(gates, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        said.append(stored["final_conv.weight"][0, :, 0] @ np.maximum(h, 0) + stored["final_conv.bias"][0])
    return np.array(said)


def test_the_rebuilt_detector_is_the_published_one_written_by_hand():
    detector, weights_of, bordered, _ = voice_detector()
    stored, sound = made_up(np.random.default_rng(7)), np.random.default_rng(8).normal(size=4 * CHUNK)
    model = detector(4)
    model.set_weights(weights_of(stored))
    said = model(bordered(sound[None])).numpy()[0]
    assert np.ptp(said) > 0.01
    assert np.allclose(said, by_hand(stored, sound), atol=2e-3)


def test_silencing_a_slot_costs_what_the_slot_gave():
    *_, silenced = voice_detector()
    sounds = np.random.default_rng(9).normal(size=(3, 4, SLOT * CHUNK))

    class Loudness:  # answers with the energy of each chunk
        def __call__(self, x):
            return tf.reduce_sum(x[..., BEFORE : BEFORE + CHUNK] ** 2, axis=2)

    said, losses = silenced(Loudness(), sounds)
    assert said.shape == (3, 4 * SLOT)
    assert np.allclose(losses, (sounds**2).sum(axis=2) / (4 * SLOT), rtol=1e-3)


def test_clips_hold_one_voice_among_noise_of_its_spectra_as_loud():
    recorded, starts = np.random.default_rng(10).normal(size=40 * CHUNK), [0, 10, 20]
    (clips,) = take("clips", recorded=recorded, SENTENCES=starts, SLOT=SLOT, CHUNK=CHUNK)
    sounds, slot = clips(3)
    assert sounds.shape == (12, 4, SLOT * CHUNK) and sorted(slot) == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert np.allclose(sounds.std(axis=2), 0.05)
    spoken = [recorded[s * CHUNK : (s + SLOT) * CHUNK] for s in starts]
    shapes = [np.abs(np.fft.rfft(s)) / s.std() for s in spoken]
    for clip, place in zip(sounds, slot, strict=True):
        for k, sound in enumerate(clip):
            same = [np.corrcoef(sound, s)[0, 1] > 0.999 for s in spoken]
            assert any(same) == (k == place)
            here = np.abs(np.fft.rfft(sound)) / sound.std()
            assert any(np.allclose(here[1:-1], shape[1:-1], rtol=0.05) for shape in shapes)


def test_the_published_weights_answer_as_their_package_does():
    """The first chunk of the recording: the package's own code, run once in tinygrad, gave .0327."""
    path = pretrained.find("silero-vad", "silero_vad_16k.safetensors", VAD)
    voice = pretrained.find("useful-moonshine-onnx", "beckett.wav", BECKETT)
    if path is None or voice is None:
        pytest.skip("silero-vad or useful-moonshine-onnx is not installed, and COURSE_WEIGHTS does not have its file")
    detector, weights_of, bordered, _ = voice_detector()
    with wave.open(str(voice)) as file:
        recorded = np.frombuffer(file.readframes(14 * CHUNK), np.int16) / 2**15
    model = detector(14)
    model.set_weights(weights_of(checkpoint.safetensors(path)))
    said = model(bordered(recorded[None])).numpy()[0]
    assert 1 / (1 + np.exp(-said[0])) == pytest.approx(0.0327, abs=1e-4)
    assert np.allclose(said, by_hand(checkpoint.safetensors(path), recorded), atol=5e-3)
    assert (said[:8] < 0).all() and (said[11:] > 0).all(), "the first sentence begins at the tenth chunk"
