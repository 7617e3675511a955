"""Cases of test/text/folders.json: folders with a small model of sentencepiece, and what transformers makes of them.

Run with transformers 4.57, sentencepiece and protobuf: python test/peers/folder_cases.py. It takes the place of the cases of
the same names, and leaves the others.
"""

import base64
import io
import json
import pathlib
import tempfile

import sentencepiece
import transformers

FILE = pathlib.Path(__file__).parents[1] / "text" / "folders.json"
LIBRARY = (4, 57)

CORPUS = [
    "the cat sat on the mat and the man and a dog had hats",
    "The Cat sat On the Mat, 12 3, café naïve 3,000",
    "a man had a hat, the hats and the mats: abc ab abc",
    "don't ''quoted``  ﬁne 1,2, the cat and the dog\tsat",
] * 8

# What the small map of characters does: code points in hexadecimal, from and to.
RULES = "FB01\t66 69\n9\t20\n3000\t20\n65 301\tE9\n41 30A\tC5\n"


def trained(model_type, vocab_size, **settings):
    model = io.BytesIO()
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as rules:
        if settings.pop("has_map", True):
            rules.write(RULES)
            rules.flush()
            settings["normalization_rule_tsv"] = rules.name
        else:
            settings["normalization_rule_name"] = "identity"
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(CORPUS),
            model_writer=model,
            model_type=model_type,
            vocab_size=vocab_size,
            hard_vocab_limit=False,
            minloglevel=2,
            **settings,
        )
    return model.getvalue()


def vocabulary_of(model, lacks):
    """A vocab.json: the special tokens and the pieces, in another order than in the model, without one."""
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    ids = [i for i in range(len(processor)) if not processor.is_control(i) and not processor.is_unknown(i)]
    pieces = sorted((processor.id_to_piece(i) for i in ids), key=lambda piece: piece[::-1])
    pieces.remove(lacks)
    return {piece: i for i, piece in enumerate(["<s>", "<pad>", "</s>", "<unk>", *pieces])}


def flags(**true):
    return {name: name in true for name in ("lstrip", "normalized", "rstrip", "single_word", "special")}


def cases():
    from transformers.models.nllb.tokenization_nllb_fast import FAIRSEQ_LANGUAGE_CODES

    bpe, unigram = trained("bpe", 70), trained("unigram", 50)
    marked = trained("unigram", 50, user_defined_symbols=["<u>", "dog"])
    begun = {"pad_id": 0, "eos_id": 1, "bos_id": 2, "unk_id": 3, "bos_piece": "<bos>", "eos_piece": "<eos>"}
    spaced = {"has_map": False, "byte_fallback": True, "remove_extra_whitespaces": False}
    turns = ["<start_of_turn>", "<end_of_turn>"]
    gemma = trained("bpe", 330, user_defined_symbols=[*turns, "<u>"], **begun, **spaced)
    tabs = trained("unigram", 310, user_defined_symbols=["\t"], **begun, **spaced)
    llama = trained("bpe", 320, **spaced)
    bare = trained("bpe", 330, add_dummy_prefix=False, user_defined_symbols=turns, **begun, **spaced)
    papers = trained("unigram", 50, pad_id=0, eos_id=1, bos_id=2, unk_id=3, control_symbols=["[MASK]"])
    bert = {"bos_piece": "[CLS]", "eos_piece": "[SEP]", "pad_piece": "[PAD]"}
    rembert = trained("unigram", 50, pad_id=0, unk_id=1, bos_id=2, eos_id=3, control_symbols=["[MASK]"], **bert)
    fnet = trained("unigram", 50, pad_id=3, control_symbols=["[CLS]", "[SEP]", "[MASK]"])
    reformer = trained("bpe", 60, unk_id=2, eos_id=1, pad_id=0, bos_id=-1)

    # The ids that the models were trained with, which the library knows only if a file has them.
    size = len(sentencepiece.SentencePieceProcessor(model_proto=bpe))
    named = {i: (token, flags(special=1)) for i, token in enumerate(["<s>", "<pad>", "</s>", "<unk>"])}
    named |= {size + 1 + i: (token, flags(special=1)) for i, token in enumerate(FAIRSEQ_LANGUAGE_CODES)}
    named[max(named) + 1] = ("<mask>", flags(special=1, normalized=1, lstrip=1))
    decoder = {"added_tokens_decoder": {str(i): {"content": token} | one for i, (token, one) in named.items()}}
    few = {"4": "eng_Latn", "5": "<mask>"}
    few = {"added_tokens_decoder": {str(size - 3 + int(i)): {"content": one} | flags(special=1) for i, one in few.items()}}

    source = "sentencepiece.bpe.model"
    language = ["eng_Latn hi <mask> the cat zho_Hans", "</s>fra_Latn", "__eng__ the __fr__cat __java__"]
    yield "nllb", "NllbTokenizer", {source: bpe}, {}, language, decoder
    yield "nllb-source", "NllbTokenizer", {source: bpe}, {"src_lang": "fra_Latn"}, language, decoder
    yield "nllb-old", "NllbTokenizer", {source: bpe}, {"src_lang": "deu_Latn", "legacy_behaviour": True}, [], decoder
    yield "nllb-decoder", "NllbTokenizer", {source: bpe}, {**few, "additional_special_tokens": ["eng_Latn"]}, language, {}
    tongues = {"additional_special_tokens": ["__eng__", "__deu__"]}
    yield "seamless", "SeamlessM4TTokenizer", {source: unigram}, tongues, language, {}
    yield "seamless-source", "SeamlessM4TTokenizer", {source: unigram}, {**tongues, "src_lang": "deu"}, [], {}
    yield "xglm", "XGLMTokenizer", {source: marked}, {}, ["a <madeupword3>dog <u>b"], {}
    yield "reformer", "ReformerTokenizer", {"spiece.model": reformer}, {}, [], {}
    yield "rembert", "RemBertTokenizer", {"sentencepiece.model": rembert}, {}, ["The [MASK] ``Café''"], {}
    plain = {"do_lower_case": True, "keep_accents": False, "unk_token": "<unk>"}
    yield "rembert-plain", "RemBertTokenizer", {"sentencepiece.model": rembert}, plain, ["The [MASK] ``Café''"], {}
    yield "fnet", "FNetTokenizer", {"spiece.model": fnet}, {}, ["The [MASK] ``Café'' 3,"], {}
    chat = ["<start_of_turn>user\n\tthe  cat<end_of_turn>", "a\tb", "  日 the"]
    yield "gemma", "GemmaTokenizer", {"tokenizer.model": gemma}, {}, chat, {}
    yield "gemma-tab", "GemmaTokenizer", {"tokenizer.model": tabs}, {"add_eos_token": True}, chat, {}
    yield "gemma-bare", "GemmaTokenizer", {"tokenizer.model": bare}, {}, chat, {}
    shifted = {"offset": 0, "mask_token": "[MASK]", "mask_token_sent": None}
    yield "bigbird-pegasus", "PegasusTokenizer", {"spiece.model": papers}, shifted, ["the [MASK] ab"], {}
    yield "code-llama", "CodeLlamaTokenizer", {"tokenizer.model": llama}, {}, ["a▁<PRE> the▁<EOT>"], {}
    spaces = [" ▁the  cat ▁ ", "e\u0301ﬁ\u3000\t A\u030a", "日本 ab日", "fifi <mask>▁"]
    by_both = {source: unigram, "vocab.json": vocabulary_of(unigram, "▁sat")}
    yield "m2m100", "M2M100Tokenizer", by_both, {}, [*language, *spaces], {}
    merged = {source: bpe, "vocab.json": vocabulary_of(bpe, "▁the")}
    named = {"src_lang": "fr", "additional_special_tokens": [f"__{code}__" for code in ("af", "am", "ar", "ast")]}
    yield "m2m100-source", "M2M100Tokenizer", merged, named, ["</s>__am__ the __fr__cat", *spaces], {}
    wmt = {"src_lang": "de", "language_codes": "wmt21"}
    yield "m2m100-wmt", "M2M100Tokenizer", by_both, wmt, [], {}
    yield "bert-generation", "BertGenerationTokenizer", {"spiece.model": bpe}, {}, ["a <::::> b", *spaces], {}


def letters(token):
    named = {"w": "single_word", "l": "lstrip", "r": "rstrip", "n": "normalized", "s": "special"}
    return "".join(letter for letter, name in named.items() if token[name])


def definition_of(tokenizer):
    """The stages, without what a template does not use."""
    definition = json.loads(tokenizer.backend_tokenizer.to_str())
    for name in ("version", "truncation", "padding"):
        del definition[name]
    definition["added_tokens"] = [f"{one['id']} {letters(one)} {one['content']}" for one in definition["added_tokens"]]
    template = definition["post_processor"]
    if template:
        used = json.dumps([template["single"], template["pair"]])
        known = template["special_tokens"]
        template["special_tokens"] = {name: known[name] for name in sorted(known) if json.dumps(name) in used}
    return definition


def written(name, cls, files, config, more, told, texts, pairs):
    config = {"tokenizer_class": cls, **config}
    contents = {file: one if isinstance(one, bytes) else json.dumps(one).encode() for file, one in files.items()}
    with tempfile.TemporaryDirectory() as folder:
        for file, content in contents.items():
            pathlib.Path(folder, file).write_bytes(content)
        pathlib.Path(folder, "tokenizer_config.json").write_text(json.dumps(config | told))
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)

    def encode(*given):
        if len(given) == 2 and cls == "CodeLlamaTokenizer":
            # The class itself would fill in code between both.
            return [tokenizer.backend_tokenizer.encode(*given).ids]
        encoded = tokenizer(*given, padding=False)
        types = encoded.get("token_type_ids")
        return [encoded["input_ids"], types] if types and any(types) else [encoded["input_ids"]]

    first, second = pairs
    roles = ("bos", "eos", "unk", "sep", "pad", "cls", "mask")
    case = {
        "name": name,
        "settings": {
            "specialTokens": {
                role: tokenizer.special_tokens_map[f"{role}_token"]
                for role in roles
                if f"{role}_token" in tokenizer.special_tokens_map
            },
            "modelMaxLength": None if tokenizer.model_max_length > 1e9 else tokenizer.model_max_length,
            "truncationSide": tokenizer.truncation_side,
            "usesTypeIds": "token_type_ids" in tokenizer.model_input_names,
        },
        "ids": [encode(text)[0] for text in texts],
        "pairs": [encode(*first), encode(*second)],
        "more": [[text, encode(text)[0]] for text in more],
        "files": {
            file: content.decode() if file.endswith(".json") else {"base64": base64.b64encode(content).decode()}
            for file, content in contents.items()
        }
        | {"tokenizer_config.json": json.dumps(config)},
    }
    if tokenizer.is_fast:
        case["definition"] = definition_of(tokenizer)
    return case


def main():
    found = tuple(int(part) for part in transformers.__version__.split(".")[:2])
    if found != LIBRARY:
        raise SystemExit(f"transformers {'.'.join(map(str, LIBRARY))} is needed, not {transformers.__version__}")
    content = json.loads(FILE.read_text())
    by_name = {case["name"]: case for case in content["cases"]}
    for case in cases():
        by_name[case[0]] = written(*case, content["texts"], content["textPairs"])
    content["cases"] = list(by_name.values())
    FILE.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n")


main()
