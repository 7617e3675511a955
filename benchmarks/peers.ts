import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { PeerName } from './plan.ts';
import type { Task } from './tasks.ts';

export interface Peer {
  /** For tables. */
  readonly title: string;
  readonly kinds: readonly Task['kind'][];
  /** Program and arguments of its worker, which gets its input as a last argument; null if it is not installed. */
  command(): readonly string[] | null;
  /** The command that installs it. */
  readonly install: string;
}

const npmPeers = 'npm run bench:peers';
const torchPackages = 'apt-get install python3-torch libopenblas0-pthread';

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

function npmPeer(title: string, file: string, packages: readonly string[], kinds: readonly Task['kind'][]): Peer {
  const command = () => (packages.every(isInstalled) ? [process.execPath, worker(file)] : null);
  return { title, kinds, command, install: npmPeers };
}

const pythons = new Map<string, string | null>();

/** The first Python that has a module. */
function findPython(module: string): string | null {
  const candidates = [process.env.PYTHON, 'python3', '/usr/bin/python3'].filter((name) => name !== undefined);
  let python = pythons.get(module);
  if (python === undefined) {
    python = candidates.find((name) => spawnSync(name, ['-c', `import ${module}`]).status === 0) ?? null;
    pythons.set(module, python);
  }
  return python;
}

function torch(title: string, settings: 'tuned' | 'as-is'): Peer {
  const command = () => {
    const program = findPython('torch');
    return program === null ? null : [program, worker('pytorch.py'), settings];
  };
  return { title, kinds: ['gemm', 'forward', 'train', 'snip', 'grasp'], command, install: torchPackages };
}

export const peers: { readonly [Name in PeerName]: Peer } = {
  ours: {
    title: 'sparse-adapter',
    kinds: [
      'gemm',
      'peak',
      'forward',
      'train',
      'profile',
      'train-pairs',
      'write',
      'snip',
      'grasp',
      'tokenize',
      'end-to-end',
    ],
    command: () => [process.execPath, worker('ours.ts')],
    install: 'npm ci',
  },
  torch: torch('PyTorch, tuned', 'tuned'),
  'torch-as-is': torch('PyTorch, as is', 'as-is'),
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
    command: () => {
      const program = findPython('tokenizers');
      return program === null ? null : [program, worker('rust_tokenizers.py')];
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
