#!/usr/bin/python3
"""Measures an epoch of LoRA with PEFT and a plain loop: python3 peft_loop.py float32|bfloat16 '{"task": ..., "threads": 2}'

Each run is a process of its own, started with a third argument, as a user starts a script; bfloat16 is autocast. tasks.ts has the
task, serve.ts the protocol.
"""
import csv
import json
import os
import resource
import subprocess
import sys
import time
from importlib.metadata import version

PRECISION, given = sys.argv[1], json.loads(sys.argv[2])
TASK, THREADS = given['task'], given['threads']


def serve():
    with os.fdopen(3, 'w', buffering=1) as answers:
        about = f'{THREADS} thread{"s" * (THREADS > 1)}, PyTorch {version("torch")}'
        print(json.dumps(dict(version=version('peft'), about=about)), file=answers)
        for _ in sys.stdin:
            start = time.perf_counter()
            done = subprocess.run([sys.executable] + sys.argv + ['once'], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            seconds = time.perf_counter() - start
            if done.returncode != 0:
                print(json.dumps(dict(error=done.stderr.strip().split('\n')[-1])), file=answers)
                return
            value = float(done.stdout.split()[-1])
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
            print(json.dumps(dict(seconds=seconds, value=value, peakBytes=peak)), file=answers)


def once():
    import torch
    from peft import LoraConfig, TaskType, get_peft_model
    from safetensors.torch import load_file
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    torch.set_num_threads(THREADS)
    torch.manual_seed(1)
    folder, size = TASK['model'], TASK['batchSize']
    config = BertConfig.from_pretrained(folder, num_labels=2)
    model = BertForSequenceClassification(config)
    weights = load_file(os.path.join(folder, next(name for name in os.listdir(folder) if name.endswith('.safetensors'))))
    model.bert.load_state_dict({name.removeprefix('bert.'): w.float() for name, w in weights.items()}, strict=False)
    lora = LoraConfig(task_type=TaskType.SEQ_CLS, r=TASK['rank'], lora_alpha=8, target_modules=['query', 'value'])
    model = get_peft_model(model, lora)
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=os.path.join(folder, 'tokenizer.json'), pad_token='[PAD]')

    def read(name):
        with open(os.path.join(TASK['data'], 'MRPC', name), encoding='utf-8-sig', newline='') as file:
            rows = list(csv.reader(file, delimiter='\t', quoting=csv.QUOTE_NONE))[1:]
        tokens = tokenizer([row[3] for row in rows], [row[4] for row in rows], truncation=True, max_length=128)['input_ids']
        return [(ids, int(row[0])) for ids, row in zip(tokens, rows)]

    def batches(items):
        for i in range(0, len(items), size):
            ids, labels = zip(*items[i : i + size])
            padded = tokenizer.pad(dict(input_ids=list(ids)), return_tensors='pt')
            yield padded['input_ids'], padded['attention_mask'], torch.tensor(labels)

    def logits(ids, mask):
        with torch.autocast('cpu', torch.bfloat16, enabled=PRECISION == 'bfloat16'):
            return model(input_ids=ids, attention_mask=mask).logits.float()

    items, evaluated = read('train.tsv'), read('dev.tsv')
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-3, betas=(0.9, 0.98), weight_decay=0.1)
    model.train()
    losses = []
    order = [items[i] for i in torch.randperm(len(items)).tolist()]
    for ids, mask, labels in batches(order):
        loss = torch.nn.functional.cross_entropy(logits(ids, mask), labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    model.eval()
    with torch.inference_mode():
        for ids, mask, labels in batches(evaluated):
            logits(ids, mask).argmax(-1)
    print(sum(losses) / len(losses))


once() if sys.argv[3:] == ['once'] else serve()
