"""Measures the Rust library through its Python wheel, on one thread."""

import json
import os
import resource
import sys
import time

os.environ['TOKENIZERS_PARALLELISM'] = 'false'
import tokenizers

answers = os.fdopen(3, 'w', buffering=1)
try:
    task = json.loads(sys.argv[1])['task']
    tokenizer = tokenizers.Tokenizer.from_file(task['tokenizer'])
    tokenizer.no_truncation()
    tokenizer.no_padding()
    with open(task['texts'], encoding='utf-8') as file:
        texts = json.load(file)
    print(json.dumps(dict(version=tokenizers.__version__, about='1 thread')), file=answers)
    for _ in sys.stdin:
        start = time.perf_counter()
        count = sum(len(encoding.ids) for encoding in tokenizer.encode_batch(texts))
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps(dict(seconds=seconds, value=count, peakBytes=peak)), file=answers)
except Exception as error:
    print(json.dumps(dict(error=str(error))), file=answers)
