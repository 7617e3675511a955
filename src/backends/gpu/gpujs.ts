/** The part of gpu.js that is used, and what it takes to have it. Its own types are too loose to help. */

import { InputError } from '../../errors.ts';
import { MemoryError } from '../backend.ts';
import { whatIsMissing } from './missing.ts';
import { natives } from './sources.ts';

/** The text of a function and its name. */
export interface FunctionSource {
  readonly name: string;
  readonly source: string;
}

/** A function in the shading language, where `TEXEL(array, place, size)` is the colour at a place in a texture. */
export interface Native extends FunctionSource {
  /** gpu.js' names of the types of arguments and result, if they are not all integers. */
  readonly types?: Readonly<Record<string, string>>;
  readonly returns?: string;
}

/** An array of numbers on the device. */
export interface Texture {
  toArray(): Float32Array;
  delete(): void;
}

export type KernelArgument = Texture | Float32Array | number;

/** A kernel as gpu.js gives it: `setOutput`, then a call queues work. */
export interface KernelRun {
  (...values: readonly KernelArgument[]): Texture;
  setOutput(output: readonly number[]): void;
  /** The compiled kernel; it holds on to its last result. */
  readonly kernel: { texture: Texture | null };
}

export interface KernelSettings {
  readonly argumentTypes: readonly string[];
  readonly functions: readonly FunctionSource[];
  readonly constants: Readonly<Record<string, number>>;
}

interface Gpu {
  readonly context: WebGLRenderingContext;
  addNativeFunction(name: string, source: string, settings: object): void;
  createKernel(source: string, settings: object): KernelRun;
}

type KernelClass = abstract new () => KernelRun['kernel'];

interface GpuModule {
  readonly GPU: {
    new (settings: object): Gpu;
    readonly isHeadlessGLSupported: boolean;
    readonly isWebGL2Supported: boolean;
  };
  readonly HeadlessGLKernel: KernelClass;
  readonly WebGL2Kernel: KernelClass;
}

/** Version 1 of the shading language knows places as fractions only. */
const TEXEL = { headlessgl: 'texture2D($1, $2 / $3)', webgl2: 'texelFetch($1, ivec2($2), 0)' } as const;

/** Every device has textures of so many columns and rows. */
const SMALLEST_TEXTURE = 2048;

/** Numbers in an array, of 16 bytes each: headless OpenGL counts bytes in 32 bits, and ends the process where they overflow. */
const MOST_NUMBERS = 2 ** 28;

/** gpu.js on a device: OpenGL without a window in Node.js, WebGL2 in a browser. */
export class Device {
  readonly mode: 'headlessgl' | 'webgl2';
  readonly #gpu: Gpu;
  readonly #Kernel: KernelClass;

  /** @throws InputError naming what is missing: gpu.js, its package gl, an X display, a driver */
  static async open(): Promise<Device> {
    return new Device(await load());
  }

  private constructor({ GPU, HeadlessGLKernel, WebGL2Kernel }: GpuModule) {
    if (!GPU.isHeadlessGLSupported && !GPU.isWebGL2Supported) throw new InputError(`Backend 'gpu': ${whatIsMissing()}`);
    this.mode = GPU.isHeadlessGLSupported ? 'headlessgl' : 'webgl2';
    this.#Kernel = this.mode === 'headlessgl' ? HeadlessGLKernel : WebGL2Kernel;
    this.#gpu = new GPU({ mode: this.mode });
    for (const { name, source, types, returns } of natives) {
      const settings = types ? { argumentTypes: types, returnType: returns } : {};
      this.#gpu.addNativeFunction(name, source.replace(/TEXEL\((.*?), (.*?), (.*?)\)/g, TEXEL[this.mode]), settings);
    }
  }

  /** Known once a kernel has run. */
  get context(): WebGLRenderingContext {
    return this.#gpu.context;
  }

  createKernel(source: string, settings: KernelSettings): KernelRun {
    return this.#gpu.createKernel(source, {
      ...settings,
      functions: settings.functions.map((fn) => fn.source),
      output: [1],
      dynamicOutput: true,
      dynamicArguments: true,
      precision: 'single',
      // One shader for all sizes, in full precision.
      tactic: 'precision',
      pipeline: true,
      immutable: true,
    });
  }

  /** @throws Error if gpu.js has put a kernel for the CPU in the place of this one, as it does without asking */
  assertOnDevice(run: KernelRun): void {
    if (run.kernel instanceof this.#Kernel) return;
    throw new Error("Backend 'gpu': the driver does not take a kernel, and gpu.js went on without the GPU.");
  }

  /** @throws MemoryError if an array has more numbers than the largest texture, or than can be asked for */
  assertHolds(length: number): void {
    if (length <= SMALLEST_TEXTURE ** 2) return;
    const most = Math.min(this.context.getParameter(this.context.MAX_TEXTURE_SIZE) ** 2, MOST_NUMBERS);
    if (!(length <= most)) {
      throw new MemoryError(`Backend 'gpu': an array of ${length} numbers; the device holds up to ${most}.`);
    }
  }

  /** @throws MemoryError if the driver ran out of memory, Error if it has reset the device: results would be zeros */
  assertSound(): void {
    const gl = this.context;
    for (let error = gl.getError(); error !== gl.NO_ERROR && !gl.isContextLost(); error = gl.getError()) {
      if (error === gl.OUT_OF_MEMORY)
        throw new MemoryError(
          "Backend 'gpu': the device has no more memory. Use smaller batches, or put each step in tidy(() => ...), which frees what it made.",
        );
    }
    if (gl.isContextLost())
      throw new Error("Backend 'gpu': the driver has reset the device, and what was on it is lost.");
  }

  describe(): string {
    const gl = this.context;
    const names = gl.getExtension('WEBGL_debug_renderer_info');
    const renderer = gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
    const api = this.mode === 'headlessgl' ? 'headless OpenGL' : 'WebGL2';
    return `${renderer} through ${api}, textures up to ${gl.getParameter(gl.MAX_TEXTURE_SIZE)}`;
  }
}

async function load(): Promise<GpuModule> {
  try {
    return (await import('gpu.js')) as unknown as GpuModule;
  } catch (error) {
    throw new InputError(`Backend 'gpu' needs the package gpu.js: npm install gpu.js@~2.24.1 (${error}).`);
  }
}
