"""The glossary: in order, in both languages, with links that lead somewhere; and every term that is used is in it."""

import re
import unicodedata

import nbformat
import pytest
from conftest import CHAPTERS, ROOT

PAGE = ROOT / "book" / "glossary.md"
BODY = re.search(r"```\{glossary\}\n(.*?)```", PAGE.read_text(), re.S)[1]
ENTRIES = [entry.split("\n") for entry in BODY.strip().split("\n\n")]
TERMS = [entry[0] for entry in ENTRIES]
CHINESE = [(word, entry[0]) for entry in ENTRIES for word in entry[1].strip().split(" · ")[0].split("；")]
INDEX = re.findall(r"^\| (.+?) \| (.+?) \| \{term\}`(.+?)` \|$", PAGE.read_text(), re.M)  # Chinese, pinyin, English
# what the source calls things, looked up in it
SOURCE = """
大模型 模型规模 模型深度 参数共享 剪枝 知识迁移 可解释性 局部解释方法
全局解释方法 混合解释方法 机器翻译 文本摘要 情感分析 物体检测 图像生成 语音合成
语音识别 语音命令 分布式计算 卷积神经网络 滤波器 隐藏层 过拟合 正则化
推理 可靠性 可信度 模型验证 模型监控
""".split()
PAGES = sorted((ROOT / "book").glob("*.md"))


def used_terms(text):
    """What each {term} role of a text points at: `term`, or the end of `shown text<term>`."""
    roles = re.findall(r"\{term\}`([^`]*)`", text)
    return [re.sub(r"^.+?\s*<([^<]*)>$", r"\1", role, flags=re.S) for role in roles]


def markdown_of(path):
    if path.suffix == ".md":
        return [path.read_text()]
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]


def test_there_are_enough_terms_and_each_is_there_once():
    folded = [term.casefold() for term in TERMS]
    assert len(folded) >= 60
    assert len(set(folded)) == len(folded)


def test_terms_are_in_alphabetical_order():
    assert TERMS == sorted(TERMS, key=str.casefold)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry[0])
def test_an_entry_has_a_chinese_term_and_a_definition(entry):
    term, definition = entry
    match = re.fullmatch(r"  ([^·]*[\u4e00-\u9fff][^·]*) · ([A-Z].*\.)", definition)
    assert match, f"write {term} as two spaces, Chinese · a definition in sentences"
    sentences = re.sub(r"Chapters? \[.*", "", match[2])
    assert 3 <= len(sentences.split()) <= 50


def test_chinese_terms_are_there_once():
    words = [word for word, _ in CHINESE]
    assert len(set(words)) == len(words)


def test_the_sources_own_words_are_there():
    assert set(SOURCE) <= {word for word, _ in CHINESE}


def test_the_table_by_the_chinese_holds_every_term_in_the_order_of_pinyin():
    assert sorted((chinese, english) for chinese, _, english in INDEX) == sorted(CHINESE)
    toneless = ["".join(c for c in unicodedata.normalize("NFD", p) if c.isascii()).lower() for _, p, _ in INDEX]
    assert toneless == sorted(toneless)


@pytest.mark.parametrize("row", INDEX, ids=lambda row: row[2])
def test_pinyin_has_a_syllable_for_each_character(row):
    chinese, pinyin, _ = row
    wanted = re.findall(r"[\u4e00-\u9fff]|[A-Za-z]+", chinese)
    syllables = pinyin.split()
    assert len(syllables) == len(wanted)
    for character, syllable in zip(wanted, syllables, strict=True):
        latin = character.isascii()
        assert syllable == character if latin else re.fullmatch(r"[a-zāáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜü]+", syllable)


def test_links_lead_to_the_chapter_that_they_name():
    links = re.findall(r"\[(\d+)\]\(([^)]*)\)", BODY)
    assert len(links) == BODY.count("](")
    for number, target in links:
        assert (PAGE.parent / target).is_file(), f"no {target}"
        assert target.startswith(f"../notebooks/{int(number):02d}_")


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("a {term}`mask` and", ["mask"]),
        ("{term}`Pruned<pruning>`, {term}`soft labels <soft label>`", ["pruning", "soft label"]),
        ("{cite:t}`shapley1953value`", []),
    ],
)
def test_roles_are_read(text, terms):
    assert used_terms(text) == terms


@pytest.mark.parametrize("path", [*CHAPTERS, *PAGES], ids=lambda path: path.stem)
def test_a_term_that_is_used_is_defined(path):
    missing = [term for text in markdown_of(path) for term in used_terms(text) if term not in TERMS]
    assert not missing, f"{path.name} links terms that the glossary does not define: {missing}"


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_links_its_terms_once_and_in_running_prose(path):
    used = [term for text in markdown_of(path) for term in used_terms(text)]
    assert len(set(used)) == len(used)
    for text in markdown_of(path):
        for line in text.splitlines():
            if re.match(r"#|\||\*\*You will\*\*", line):
                assert "{term}" not in line, f"no place for a link in {path.name}: {line}"
