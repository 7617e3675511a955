"""Times PyTorch at what benchmarks/architectures.ts times: the same sizes, batch and LoRA, one thread, with transformers and peft.

    python benchmarks/architectures.py [rounds]

Prints processor milliseconds of a forward pass and of a training step, medians of the rounds. Texts are padded to the longest.
"""
import statistics
import sys
import time

import torch
import transformers
from peft import LoraConfig, get_peft_model

LAYERS, HIDDEN, HEADS, INNER, VOCABULARY = 6, 384, 12, 1536, 8000
GATED = 2 * INNER // 3
TEXTS = [47, 71, 55, 64, 60, 52, 68, 63]

BERT = dict(
    vocab_size=VOCABULARY, max_position_embeddings=2048, hidden_size=HIDDEN, num_hidden_layers=LAYERS,
    num_attention_heads=HEADS, intermediate_size=INNER, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
)  # fmt: skip
MODERN = {**BERT, "intermediate_size": GATED, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
          "cls_token_id": 1, "sep_token_id": 2}  # fmt: skip
T5 = dict(
    vocab_size=VOCABULARY, d_model=HIDDEN, d_kv=HIDDEN // HEADS, num_heads=HEADS, d_ff=INNER, num_layers=LAYERS,
    dropout_rate=0.0, decoder_start_token_id=0,
)  # fmt: skip
DEBERTA = dict(
    type_vocab_size=0, relative_attention=True, position_buckets=256, position_biased_input=False,
    pos_att_type=["p2c", "c2p"], norm_rel_ebd="layer_norm", share_att_key=True,
)  # fmt: skip

CONTENDERS = {
    "bert": (transformers.BertConfig(**BERT), TEXTS, ["query", "value"]),
    "mpnet": (transformers.MPNetConfig(**BERT), TEXTS, ["q", "v"]),
    "deberta-v2": (transformers.DebertaV2Config(**BERT, **DEBERTA), TEXTS, ["query_proj", "value_proj"]),
    "modernbert": (transformers.ModernBertConfig(**MODERN), TEXTS, ["Wqkv"]),
    "modernbert, 2 x 1024": (transformers.ModernBertConfig(**MODERN), [1024, 1024], ["Wqkv"]),
    "t5": (transformers.T5Config(**T5), TEXTS, ["q", "v"]),
}


def ids_of(lengths):
    ids = torch.zeros(len(lengths), max(lengths), dtype=torch.long)
    for s, length in enumerate(lengths):
        ids[s, :length] = torch.randint(4, VOCABULARY, (length,))
    return ids


def measured(run, rounds):
    run(), run()
    times = []
    for _ in range(rounds):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return 1000 * statistics.median(times)


def main(rounds):
    torch.set_num_threads(1)
    torch.manual_seed(1)
    for name, (config, lengths, targets) in CONTENDERS.items():
        is_pair = config.model_type == "t5"
        kind = transformers.AutoModelForSeq2SeqLM if is_pair else transformers.AutoModelForSequenceClassification
        model = get_peft_model(kind.from_config(config), LoraConfig(r=8, lora_dropout=0.0, target_modules=targets))
        ids = ids_of(lengths)
        labels = ids_of([length >> 1 for length in lengths]) if is_pair else torch.arange(len(lengths)) % 2
        if is_pair:
            labels[labels == 0] = -100
        batch = dict(input_ids=ids, attention_mask=(ids != 0).long(), labels=labels)
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        optimizer = torch.optim.AdamW(trained)

        def forward():
            with torch.no_grad():
                model(**batch)

        def step():
            optimizer.zero_grad()
            model(**batch).loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()

        print(f"{name}: forward {measured(forward, rounds):.0f} ms, step {measured(step, rounds):.0f} ms", flush=True)


main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
