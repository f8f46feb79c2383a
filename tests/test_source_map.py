"""Every section of the source has its place in the course; its questions have their answers, and their code runs."""

import re

import keras
import numpy as np
import pytest
from conftest import ROOT

BOOK = ROOT / "book"
# the headings of the source; of a question, the words
HEADINGS = """
1 背景介绍
2 核心概念与联系
2.1 大模型与传统模型的区别
2.2 模型结构的创新与模型可解释性研究的重要性
2.3 模型结构的创新与模型可解释性研究之间的联系
3 核心算法原理和具体操作步骤以及数学模型公式详细讲解
3.1 模型结构的创新
3.1.1 模型的规模
3.1.2 模型的深度
3.1.3 模型的参数共享
3.1.4 模型的结构优化
3.2 模型可解释性研究
3.2.1 模型解释性的定义
3.2.2 模型解释性的方法
3.2.3 模型解释性的应用
4 具体最佳实践：代码实例和详细解释说明
4.1 模型结构的创新
4.1.1 模型的规模
4.1.2 模型的深度
4.1.3 模型的参数共享
4.1.4 模型的结构优化
4.2 模型可解释性研究
4.2.1 模型解释性的方法
5 实际应用场景
5.1 自然语言处理
5.2 图像识别
5.3 语音识别
6 工具和资源推荐
6.1 工具推荐
6.2 资源推荐
7 总结：未来发展趋势与挑战
8 附录：常见问题与答案
8.1 大模型与传统模型的区别是什么？
8.2 模型结构的创新与模型可解释性研究之间有什么联系？
8.3 大模型的未来发展趋势有哪些？
8.4 如何使用LIME来解释模型？
8.5 如何使用Hugging Face Transformers库来使用大模型？
8.6 如何使用TensorFlow和PyTorch来训练大模型？
8.7 如何使用TensorFlow和PyTorch来优化大模型的性能？
8.8 如何使用TensorFlow和PyTorch来优化大模型的可解释性？
8.9 如何使用TensorFlow和PyTorch来优化大模型的可靠性？
8.10 如何使用TensorFlow和PyTorch来优化大模型的可信度？
8.11 如何使用TensorFlow和PyTorch来优化大模型的可解释性？
8.12 如何使用TensorFlow和PyTorch来优化大模型的可靠性？
8.13 如何使用TensorFlow和PyTorch来优化大模型的可信度？
"""
SOURCE = dict(line.split(" ", 1) for line in HEADINGS.strip().splitlines())
QUESTIONS = [section for section in SOURCE if section.startswith("8.")]
FAQ = (BOOK / "faq.md").read_text()
MAP = (BOOK / "source_map.md").read_text()
CODE = re.findall(r"```python\n(.*?)```", FAQ, re.S)


def test_every_section_of_the_source_is_mapped():
    rows = [line.strip("| ").split(" | ") for line in MAP.splitlines() if line.startswith("| `")]
    assert {row[0].strip("`"): row[1] for row in rows} == SOURCE and len(rows) == len(SOURCE)
    assert [row[0].strip("`") for row in rows] == list(SOURCE)
    assert all(len(row) == 4 and len(row[3]) > 5 and re.fullmatch(r"[ -~]+", row[2]) for row in rows)


def test_nothing_is_still_to_come():
    for page in [*BOOK.glob("*.md"), ROOT / "README.md"]:
        assert not re.search(r", to come\b|\byet to be written|not in the course yet", page.read_text()), page.name


@pytest.mark.parametrize("page", ["faq.md", "source_map.md", "errata.md"])
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (BOOK / page).read_text()):
        assert (BOOK / target).is_file(), f"{page} links {target}"


def test_every_question_is_answered_once():
    asked = [number for title in re.findall(r"^## .*", FAQ, re.M) for number in re.findall(r"\b8\.\d+", title)]
    assert sorted(asked) == sorted(QUESTIONS) and len(QUESTIONS) == 13


def _other(code):
    """PyTorch is not installed by the course: its code is compiled here, and run where it is (-m other_libraries)."""
    return pytest.param(code, marks=pytest.mark.other_libraries) if "import torch" in code else code


@pytest.mark.parametrize("code", CODE, ids=lambda code: code.split()[1])
def test_code_of_an_answer_is_python(code):
    compile(code, "faq.md", "exec")


@pytest.mark.parametrize("code", [_other(code) for code in CODE], ids=lambda code: code.split()[1])
def test_code_of_an_answer_runs(code):
    compiled = compile(code, "faq.md", "exec")
    if "from_pretrained" in code:
        return  # would download
    x = np.random.default_rng(0).normal(size=(90, 4))  # float64, as NumPy has it
    x[75, 0] = -1
    y = (x[:, 0] > 0).astype(int)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="softmax")])
    model.set_weights([np.eye(4)[:, :1] * [[-3, 3]], np.zeros(2)])  # it knows the rule; the first row is no class 1
    given = {"x_train": x[:60], "y_train": y[:60], "x_val": x[60:75], "y_val": y[60:75], "x_test": x[75:]}
    names = {**given, "model": model, "names": list("abcd"), "classes": ["no", "yes"]}
    exec(compiled, names)
    if "values" in names:
        assert names["values"].shape == (2, 4, 2)
    if "explanation" in names:
        assert names["explanation"].available_labels() == [0], "it explains the class that was predicted"
        assert len(names["explanation"].as_list(label=0)) == 3


def test_tensors_have_the_type_that_a_layer_takes():
    """PyTorch is not installed by the course, so this is read and not run."""
    tensors = re.findall(r"torch\.tensor\(.*", FAQ)
    assert len(tensors) == 2 and all("dtype=torch." in tensor for tensor in tensors)
