#!/usr/bin/python3
"""Measures PyTorch on the CPU: python3 pytorch.py tuned|bfloat16|int8|as-is '{"task": ..., "threads": 2}'

tuned: the process starts itself again with the environment in which PyTorch is fastest on machines with few cores
  OMP_NUM_THREADS, OPENBLAS_NUM_THREADS      the threads to measure with, and torch.set_num_threads
  OMP_WAIT_POLICY, OPENBLAS_THREAD_TIMEOUT   the two pools of threads do not spin while the other one works
  MALLOC_*                                   freed activations are kept instead of being returned to the system
  OPENBLAS_CORETYPE=SkylakeX with AVX-512    an OpenBLAS older than the processor takes its AVX2 kernels
  oneDNN where it multiplies with the frozen weights faster than the library that PyTorch takes by itself
bfloat16: the same under autocast, with the frozen matrices of the encoder stored as bfloat16, so that none is converted twice.
int8: the same with dynamic quantisation of these matrices, for forward passes.
as-is: nothing is set, as after installing it.

serve.ts, job.ts, numbers.ts and tasks.ts have the protocol, the weights and the tasks.
"""
import contextlib
import functools
import json
import math
import os
import re
import resource
import sys
import time

SETTINGS, given = sys.argv[1], json.loads(sys.argv[2])
TUNED = SETTINGS != 'as-is'
TASK, THREADS = given['task'], given['threads']

if TUNED and 'SPARSE_ADAPTER_TUNED' not in os.environ:
    tuned = dict(
        os.environ,
        SPARSE_ADAPTER_TUNED='1',
        OMP_NUM_THREADS=str(THREADS),
        OPENBLAS_NUM_THREADS=str(THREADS),
        OMP_WAIT_POLICY='PASSIVE',
        OPENBLAS_THREAD_TIMEOUT='16',
        MALLOC_MMAP_THRESHOLD_='33554432',
        MALLOC_TRIM_THRESHOLD_='8589934592',
        MALLOC_TOP_PAD_='67108864',
    )
    tuned.pop('OPENBLAS_CORETYPE', None)
    try:
        if ' avx512f' in open('/proc/cpuinfo').read():
            tuned['OPENBLAS_CORETYPE'] = 'SkylakeX'
    except OSError:
        pass
    os.execve(sys.executable, [sys.executable] + sys.argv, tuned)

import numpy as np
import torch
import torch.nn.functional as F

if TUNED:
    torch.set_num_threads(THREADS)


# --- numbers.ts ---------------------------------------------------------------------------------------------------------------

def seed_of(name):
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x01000193) & 0xFFFFFFFF
    return seed


def scramble(h):
    h = (h ^ (h >> np.uint32(16))) * np.uint32(0x7FEB352D)
    h = (h ^ (h >> np.uint32(15))) * np.uint32(0x846CA68B)
    return h ^ (h >> np.uint32(16))


def uniform(name, start, stop):
    i = np.arange(start, stop, dtype=np.uint32) + np.uint32(seed_of(name))
    return (scramble(i) >> np.uint32(8)).astype(np.float64) / 2**24


def filled(shape, values):
    """A tensor made in pieces, so that making it takes little memory."""
    out = np.empty(math.prod(shape), dtype=np.float32)
    for start in range(0, out.size, 1 << 18):
        stop = min(out.size, start + (1 << 18))
        out[start:stop] = values(start, stop)
    return torch.from_numpy(out).view(*shape)


def weight(name, *shape):
    center = 1 if name.endswith('LayerNorm.weight') else 0
    half_width = 0.02 * math.sqrt(3)
    return filled(shape, lambda start, stop: center + half_width * (2 * uniform(name, start, stop) - 1))


def mask(name, *shape):
    return filled(shape, lambda start, stop: uniform(f'{name}.mask', start, stop) >= TASK['sparsity'])


def token_ids(batch, sequence, length):
    i = np.arange(length, dtype=np.uint32) + np.uint32((batch * 1_000_003 + sequence * 1009) & 0xFFFFFFFF)
    return torch.from_numpy(scramble(i).astype(np.int64) % TASK['model']['vocabulary'])


# --- the model ----------------------------------------------------------------------------------------------------------------

class Linear:
    def __init__(self, name, outputs, inputs):
        self.name = name
        self.weight = weight(f'{name}.weight', outputs, inputs)
        self.bias = weight(f'{name}.bias', outputs)

    def __call__(self, x):
        return F.linear(x, self.weight, self.bias)


def onednn(x, w, b=None):
    return torch.ops.mkldnn._linear_pointwise(x, w, b, 'none', [], '')


class OneDnnLinear(torch.autograd.Function):
    """x Wᵀ + b for a frozen W. Its derivative is the same kind of product, so that it has one too."""

    @staticmethod
    def forward(ctx, x, w, b):
        ctx.save_for_backward(w)
        return onednn(x, w, b)

    @staticmethod
    def backward(ctx, dy):
        return OneDnnLinear.apply(dy.contiguous(), ctx.saved_tensors[0].t(), None), None, None


def seconds_of(multiply):
    multiply()
    return min(timed(multiply)[0] for _ in range(5))


@functools.cache
def takes_onednn():
    """Whether oneDNN is faster, in a layer's largest product and its derivative."""
    if SETTINGS != 'tuned' or not hasattr(torch.ops.mkldnn, '_linear_pointwise'):
        return False
    size = TASK['model']
    w = torch.randn(size['intermediate'], size['hidden'])
    x, dy = torch.randn(256, size['hidden']), torch.randn(256, size['intermediate'])
    with torch.inference_mode():
        own = seconds_of(lambda: (F.linear(x, w), dy @ w))
        return seconds_of(lambda: (onednn(x, w), onednn(dy, w.t()))) < own


class FrozenLinear:
    """x Wᵀ + b in the precision of the settings."""

    def __init__(self, w, b):
        self.weight, self.bias = w, b
        if SETTINGS == 'bfloat16':
            self.weight, self.bias = w.bfloat16(), b.bfloat16()
        elif SETTINGS == 'int8':
            scales = (w.abs().amax(1) / 127).double()
            quantised = torch.quantize_per_channel(w, scales, torch.zeros(len(w), dtype=torch.int64), 0, torch.qint8)
            self.weight = torch.ops.quantized.linear_prepack(quantised, b)

    def __call__(self, x):
        if SETTINGS == 'int8':
            return torch.ops.quantized.linear_dynamic(x, self.weight)
        if takes_onednn():
            return OneDnnLinear.apply(x, self.weight, self.bias)
        return F.linear(x, self.weight, self.bias)


def frozen(name, outputs, inputs):
    return FrozenLinear(weight(f'{name}.weight', outputs, inputs), weight(f'{name}.bias', outputs))


class MaskedLinear(Linear):
    def __init__(self, name, outputs, inputs):
        super().__init__(name, outputs, inputs)
        self.mask = mask(f'{name}.weight', outputs, inputs)
        self.weight *= self.mask

    def __call__(self, x):
        return F.linear(x, self.weight * self.mask, self.bias)


class LayerNorm:
    def __init__(self, name, width):
        self.weight, self.bias = weight(f'{name}.weight', width), weight(f'{name}.bias', width)

    def __call__(self, x):
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias, 1e-12)


class Adapter:
    """x + up(silu(down(x)))"""

    def __init__(self, name, hidden, masked):
        kind = MaskedLinear if masked else Linear
        self.down = kind(f'{name}.adapters.default.adapter_down.0', TASK['bottleneck'], hidden)
        self.up = kind(f'{name}.adapters.default.adapter_up', hidden, TASK['bottleneck'])

    def __call__(self, x):
        return x + self.up(F.silu(self.down(x)))


class Layer:
    def __init__(self, name, hidden, heads, intermediate, masked):
        self.heads = heads
        parts = [f'{name}.attention.self.{part}' for part in ('query', 'key', 'value')]
        # One product for all three, as an implementer who wants speed writes it.
        self.qkv = FrozenLinear(
            torch.cat([weight(f'{part}.weight', hidden, hidden) for part in parts]),
            torch.cat([weight(f'{part}.bias', hidden) for part in parts]),
        )
        self.attention_dense = frozen(f'{name}.attention.output.dense', hidden, hidden)
        self.attention_norm = LayerNorm(f'{name}.attention.output.LayerNorm', hidden)
        self.intermediate = frozen(f'{name}.intermediate.dense', intermediate, hidden)
        self.dense = frozen(f'{name}.output.dense', hidden, intermediate)
        self.norm = LayerNorm(f'{name}.output.LayerNorm', hidden)
        self.adapters = [Adapter(f'{name}.attention.output', hidden, masked), Adapter(f'{name}.output', hidden, masked)]

    def __call__(self, x, scores_mask):
        B, T, D = x.shape
        qkv = self.qkv(x).view(B, T, 3, self.heads, D // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).reshape(3, B * self.heads, T, -1)
        scores = torch.baddbmm(scores_mask, q, k.transpose(1, 2), alpha=(D // self.heads) ** -0.5)
        context = torch.bmm(torch.softmax(scores, -1), v).view(B, self.heads, T, -1).transpose(1, 2).reshape(B, T, D)
        x = self.attention_norm(self.adapters[0](self.attention_dense(context)) + x)
        return self.norm(self.adapters[1](self.dense(F.gelu(self.intermediate(x)))) + x)


def precision():
    return torch.autocast('cpu', torch.bfloat16) if SETTINGS == 'bfloat16' else contextlib.nullcontext()


class Model:
    def __init__(self, masked):
        size = TASK['model']
        hidden = size['hidden']
        self.heads = size['heads']
        self.words = weight('bert.embeddings.word_embeddings.weight', size['vocabulary'], hidden)
        self.positions = weight('bert.embeddings.position_embeddings.weight', size['positions'], hidden)
        self.types = weight('bert.embeddings.token_type_embeddings.weight', 2, hidden)
        self.norm = LayerNorm('bert.embeddings.LayerNorm', hidden)
        self.layers = [
            Layer(f'bert.encoder.layer.{i}', hidden, self.heads, size['intermediate'], masked) for i in range(size['layers'])
        ]
        self.pooler = Linear('bert.pooler.dense', hidden, hidden)
        self.classifier = Linear('classifier', 2, hidden)
        self.projections = [linear for layer in self.layers for a in layer.adapters for linear in (a.down, a.up)]

    def forward(self, batch):
        with precision():
            return self.logits(batch).float()

    def logits(self, batch):
        ids, padding = batch['ids'], batch['padding']
        B, T = ids.shape
        x = self.norm(F.embedding(ids, self.words) + self.positions[:T] + self.types[0])
        scores_mask = padding[:, None, None].expand(B, self.heads, T, T).reshape(B * self.heads, T, T)
        for layer in self.layers:
            x = layer(x, scores_mask)
        return self.classifier(torch.tanh(self.pooler(x[:, 0])))

    def loss(self, batch):
        return F.cross_entropy(self.forward(batch), batch['labels'])


def padded(b, lengths):
    """A batch padded to its longest sequence."""
    T = max(lengths)
    ids, padding = torch.zeros(len(lengths), T, dtype=torch.int64), torch.zeros(len(lengths), T)
    for s, length in enumerate(lengths):
        ids[s, :length] = token_ids(b, s, length)
        padding[s, length:] = -1e9
    return dict(ids=ids, padding=padding, labels=torch.arange(len(lengths)) % 2)


class Batches:
    """The batches one after the other, again and again. They are made when they are asked for."""

    def __init__(self):
        self.count = 0

    def next(self):
        b = self.count % len(TASK['batches'])
        self.count += 1
        return padded(b, TASK['batches'][b])


# --- the tasks: each returns a function that gives (seconds, value) -------------------------------------------------------------

def timed(run):
    start = time.perf_counter()
    value = run()
    return time.perf_counter() - start, value


def gemm():
    m, n, k = TASK['m'], TASK['n'], TASK['k']
    x, w = weight('x', m, k), weight('w', n, k)
    count = max(1, round(2e9 / (2 * m * n * k)))

    def products():
        with torch.inference_mode():
            for _ in range(count):
                y = F.linear(x, w)
            return y

    def run():
        seconds, y = timed(products)
        return seconds / count, y[-1, -1].item()

    return run


class SparseLinear(torch.autograd.Function):
    """x Wᵀ + b with the kept values of W in CSR, as fast as torch.sparse can: its own derivative of the product takes several times as long."""

    @staticmethod
    def forward(ctx, x, values, b, places):
        w = torch.sparse_csr_tensor(*places['rows'], values, places['shape'])
        ctx.save_for_backward(x, values)
        ctx.places = places
        return torch.sparse.mm(w, x.t()).t() + b

    @staticmethod
    def backward(ctx, dy):
        x, values = ctx.saved_tensors
        places = ctx.places
        transposed = torch.sparse_csr_tensor(*places['columns'], values[places['order']], places['shape'][::-1])
        dx = torch.sparse.mm(transposed, dy.t()).t()
        empty = torch.sparse_csr_tensor(*places['rows'], torch.zeros_like(values), places['shape'])
        dw = torch.sparse.sampled_addmm(empty, dy.t(), x, beta=0).values()
        return dx, dw, dy.sum(0), None


def kept(name, *shape):
    m = mask(name, *shape).bool()
    values = weight(name, *shape)[m]
    numbers = torch.zeros(shape)
    numbers[m] = torch.arange(1, len(values) + 1, dtype=torch.float32)
    rows, order = numbers.to_sparse_csr(), numbers.t().contiguous().to_sparse_csr()
    places = dict(
        rows=(rows.crow_indices(), rows.col_indices()),
        columns=(order.crow_indices(), order.col_indices()),
        order=order.values().long() - 1,
        shape=shape,
    )
    return values, places


def adapter():
    rows, hidden, inner, form = (TASK[name] for name in ['rows', 'hidden', 'bottleneck', 'form'])
    x, dy = weight('x', rows, hidden).requires_grad_(), weight('dy', rows, hidden)
    biases = weight('downBias', inner).requires_grad_(), weight('upBias', hidden).requires_grad_()
    shapes = (inner, hidden), (hidden, inner)
    if form == 'sparse':
        values, places = zip(*(kept(name, *shape) for name, shape in zip(['down', 'up'], shapes)))
        weights = [v.requires_grad_() for v in values]
        products = [lambda y, i=i: SparseLinear.apply(y, weights[i], biases[i], places[i]) for i in range(2)]
    else:
        masks = [mask(name, *shape) for name, shape in zip(['down', 'up'], shapes)]
        weights = [weight(name, *shape).requires_grad_() for name, shape in zip(['down', 'up'], shapes)]
        products = [lambda y, i=i: F.linear(y, weights[i] * masks[i], biases[i]) for i in range(2)]
    count = max(1, round(2e9 / (12 * rows * hidden * inner)))

    def step():
        y = x + products[1](F.silu(products[0](x)))
        return torch.autograd.grad(y, [x, *weights, *biases], dy)[0]

    def steps():
        for _ in range(count):
            dx = step()
        return dx

    def run():
        seconds, dx = timed(steps)
        return seconds / count, dx[-1, -1].item()

    return run


def forward():
    model, batches = Model(masked=True), Batches()

    def one():
        with torch.inference_mode():
            return model.forward(batches.next())[0, 0].item()

    return lambda: timed(one)


def train():
    model, batches = Model(masked=True), Batches()
    matrices = [linear.weight for linear in model.projections] + [model.classifier.weight]
    biases = [linear.bias for linear in model.projections] + [model.classifier.bias]
    for parameter in matrices + biases:
        parameter.requires_grad_()
    groups = [dict(params=matrices, weight_decay=0.1), dict(params=biases, weight_decay=0)]
    optimizer = torch.optim.AdamW(groups, lr=1e-4, betas=(0.9, 0.98), eps=1e-8, foreach=True)

    def steps():
        for _ in range(TASK['perRun']):
            optimizer.zero_grad(set_to_none=True)
            loss = model.loss(batches.next())
            loss.backward()
            torch.nn.utils.clip_grad_norm_(matrices + biases, 1.0)
            optimizer.step()
        return loss.item()

    return lambda: timed(steps)


def scored(score):
    model = Model(masked=False)
    weights = [linear.weight.requires_grad_() for linear in model.projections]
    losses = [lambda b=b, lengths=lengths: model.loss(padded(b, lengths)) for b, lengths in enumerate(TASK['batches'])]
    return lambda: timed(lambda: sum(z.double().sum().item() for z in score(weights, losses)))


def added(parts):
    return [sum(tensors) for tensors in zip(*parts)]


def snip():
    def score(weights, losses):
        g = added(torch.autograd.grad(loss(), weights) for loss in losses)
        return [(w.detach() * x).abs() for w, x in zip(weights, g)]

    return scored(score)


def grasp():
    def score(weights, losses):
        """H and g are sums over the batches. With one batch g is that of the same graph, so a pass is saved."""
        if len(losses) == 1:
            g = torch.autograd.grad(losses[0](), weights, create_graph=True)
            h = torch.autograd.grad(sum((x * x.detach()).sum() for x in g), weights)
        else:
            total = added(torch.autograd.grad(loss(), weights) for loss in losses)
            h = added(
                torch.autograd.grad(
                    sum((x * t).sum() for x, t in zip(torch.autograd.grad(loss(), weights, create_graph=True), total)),
                    weights,
                )
                for loss in losses
            )
        return [w.detach() * x for w, x in zip(weights, h)]

    return scored(score)


# --- serve.ts -----------------------------------------------------------------------------------------------------------------

def peak_bytes():
    try:
        return int(re.search(r'VmHWM:\s*(\d+) kB', open('/proc/self/status').read())[1]) * 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


run = dict(gemm=gemm, adapter=adapter, forward=forward, train=train, snip=snip, grasp=grasp)[TASK['kind']]()
count = torch.get_num_threads()
with os.fdopen(3, 'w', buffering=1) as answers:
    about = f'{count} thread{"s" * (count > 1)}' + ', products of oneDNN' * ('model' in TASK and takes_onednn())
    print(json.dumps(dict(version=torch.__version__, about=about)), file=answers)
    for _ in sys.stdin:
        seconds, value = run()
        print(json.dumps(dict(seconds=seconds, value=value, peakBytes=peak_bytes())), file=answers)
