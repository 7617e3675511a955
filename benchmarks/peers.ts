import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { HeldDType } from '../src/nn/index.ts';
import type { PeerName } from './plan.ts';
import type { Task } from './tasks.ts';

export interface Peer {
  /** For tables. */
  readonly title: string;
  readonly kinds: readonly Task['kind'][];
  /** How it holds a frozen backbone, if it is ours. */
  readonly backboneDtype?: HeldDType;
  /** How far its results may be from those of ours in float32, absolute below 1 and relative above. */
  tolerance(kind: Task['kind']): number;
  /** Program and arguments of its worker, which gets its input as a last argument; null if it is not installed. */
  command(): readonly string[] | null;
  /** The command that installs it. */
  readonly install: string;
}

const npmPeers = 'npm run bench:peers';
const pipTorch = 'pip install torch --index-url https://download.pytorch.org/whl/cpu, and PYTHON names the Python';
const debianTorch = 'apt-get install python3-torch libopenblas0-pthread';

const worker = (name: string): string => join(import.meta.dirname, 'workers', name);
const require = createRequire(import.meta.url);

export function isInstalled(name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** That of float32. */
const tolerance = (): number => 2e-4;

function npmPeer(title: string, file: string, packages: readonly string[], kinds: readonly Task['kind'][]): Peer {
  const command = () => (packages.every(isInstalled) ? [process.execPath, worker(file)] : null);
  return { title, kinds, tolerance, command, install: npmPeers };
}

interface Python {
  readonly program: string;
  /** Where it has the module. */
  readonly file: string;
}

const pythons = new Map<string, Python | null>();

/** The module that a Python imports; null if there is none. */
function pythonWith(module: string, program: string): Python | null {
  const key = `${module} ${program}`;
  let python = pythons.get(key);
  if (python === undefined) {
    const { status, stdout } = spawnSync(program, ['-c', `import ${module}; print(${module}.__file__)`]);
    python = status === 0 ? { program, file: String(stdout) } : null;
    pythons.set(key, python);
  }
  return python;
}

const SYSTEM_PYTHON = '/usr/bin/python3';

/** The first Python that has a module. */
function findPython(module: string): Python | null {
  for (const program of [process.env.PYTHON, 'python3', SYSTEM_PYTHON]) {
    const python = program === undefined ? null : pythonWith(module, program);
    if (python) return python;
  }
  return null;
}

/** The PyTorch of the system, if the first one is another. */
function findDebianTorch(): Python | null {
  const python = pythonWith('torch', SYSTEM_PYTHON);
  return python?.file === findPython('torch')?.file ? null : python;
}

type TorchPeer = Pick<Peer, 'title' | 'kinds'> & Partial<Peer>;

/** `settings` is the first argument of pytorch.py. */
function torch(settings: string, peer: TorchPeer, find = () => findPython('torch')): Peer {
  const command = () => {
    const python = find();
    return python === null ? null : [python.program, worker('pytorch.py'), settings];
  };
  return { tolerance, command, install: pipTorch, ...peer };
}

/** Its runs draw other random numbers than ours, so losses are shown and not compared. */
function peft(title: string, precision: string): Peer {
  const command = () => {
    const python = findPython('peft');
    return python === null ? null : [python.program, worker('peft_loop.py'), precision];
  };
  const install = 'pip install torch peft transformers, and PYTHON names the Python';
  return { title, kinds: ['program'], tolerance: () => Number.POSITIVE_INFINITY, command, install };
}

const torchKinds = ['gemm', 'adapter', 'forward', 'train', 'snip', 'grasp'] as const;

/**
 * That of numbers with 8 bits: a bfloat16 near 1 is off by up to 2⁻⁸, and so are 8 bits with a sign, whose largest number is 1. The
 * errors of 6 to 12 layers add up: logits of these models moved by up to 0.006. Four times 2⁻⁸ is allowed.
 */
const tolerance8Bits = 2 ** -6;

/**
 * Of our 8 bits. Texts may take another way where two tokens are nearly as likely, and an epoch drifts away; scores are computed in
 * float32.
 */
function int8Tolerance(kind: Task['kind']): number {
  if (kind === 'snip') return tolerance();
  return kind === 'write' || kind === 'program' ? Number.POSITIVE_INFINITY : tolerance8Bits;
}

export const peers: { readonly [Name in PeerName]: Peer } = {
  ours: {
    title: 'sparse-adapter',
    kinds: [
      'gemm',
      'peak',
      'adapter',
      'forward',
      'train',
      'profile',
      'train-pairs',
      'write',
      'snip',
      'grasp',
      'tokenize',
      'end-to-end',
      'program',
    ],
    tolerance,
    command: () => [process.execPath, worker('ours.ts')],
    install: 'npm ci',
  },
  'ours-int8': {
    title: 'sparse-adapter, int8',
    kinds: ['forward', 'train', 'profile', 'train-pairs', 'write', 'snip', 'program'],
    backboneDtype: 'int8',
    tolerance: int8Tolerance,
    command: () => [process.execPath, worker('ours.ts')],
    install: 'npm ci',
  },
  torch: torch('tuned', { title: 'PyTorch, tuned', kinds: torchKinds }),
  'torch-bfloat16': torch('bfloat16', {
    title: 'PyTorch, bfloat16 autocast',
    kinds: ['forward', 'train'],
    tolerance: () => tolerance8Bits,
  }),
  'torch-int8': torch('int8', {
    title: 'PyTorch, dynamic int8',
    kinds: ['forward'],
    // Its logits moved by up to 0.013.
    tolerance: () => 2 * tolerance8Bits,
  }),
  'torch-debian': torch(
    'tuned',
    {
      title: 'PyTorch of Debian, tuned',
      kinds: torchKinds,
      install: `${debianTorch}, beside a newer one that PYTHON names`,
    },
    findDebianTorch,
  ),
  'torch-as-is': torch('as-is', { title: 'PyTorch, as is', kinds: torchKinds }),
  peft: peft('PEFT with a plain loop', 'float32'),
  'peft-bfloat16': peft('PEFT with bfloat16 autocast', 'bfloat16'),
  onnx: npmPeer('ONNX Runtime Web', 'onnx.ts', ['onnxruntime-web'], ['gemm', 'forward']),
  tfjs: npmPeer(
    'TensorFlow.js wasm',
    'tfjs.ts',
    ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm'],
    ['gemm', 'forward', 'train'],
  ),
  'rust-tokenizers': {
    title: 'Rust tokenizers',
    kinds: ['tokenize'],
    tolerance,
    command: () => {
      const python = findPython('tokenizers');
      return python === null ? null : [python.program, worker('rust_tokenizers.py')];
    },
    install: 'pip install tokenizers',
  },
  'hf-tokenizers': npmPeer(
    '@huggingface/tokenizers',
    'huggingface-tokenizers.ts',
    ['@huggingface/tokenizers'],
    ['tokenize'],
  ),
  jax: npmPeer('jax-js wasm', 'jax.ts', ['@jax-js/jax'], ['gemm', 'forward', 'train']),
};
export const peerNames = Object.keys(peers) as PeerName[];
