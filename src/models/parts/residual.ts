import { add } from '../../ops/arithmetic.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { ResidualPoint } from '../attachments.ts';
import type { Pass } from '../pass.ts';

/** A normalisation over the last axis: [..., features] -> [..., features]. */
export interface Norm {
  forward(x: Tensor): Tensor;
}

/** The order of norm and residual connection around a sublayer. */
export interface Residual {
  /** Where adapters attach; null where none do. */
  readonly point: ResidualPoint | null;
  /** What the sublayer reads of its input x [rows, hidden]. */
  enter(x: Tensor): Tensor;
  /** The result from what the sublayer made of it, h [rows, hidden], and x. */
  leave(h: Tensor, x: Tensor, pass: Pass): Tensor;
}

const unchanged = (x: Tensor): Tensor => x;

/** A norm, and the place where adapters attach. */
abstract class WithNorm implements Residual {
  readonly point: ResidualPoint | null;
  protected readonly norm: Norm;

  constructor(norm: Norm, point: ResidualPoint | null) {
    this.norm = norm;
    this.point = point;
  }

  abstract enter(x: Tensor): Tensor;
  abstract leave(h: Tensor, x: Tensor, pass: Pass): Tensor;
}

/** The norm ends the sublayer (Vaswani et al., 2017): x -> norm(f(x) + x). */
export class NormAfter extends WithNorm {
  override enter(x: Tensor): Tensor {
    return x;
  }

  override leave(h: Tensor, x: Tensor, pass: Pass): Tensor {
    const norm = (t: Tensor) => this.norm.forward(t);
    return this.point ? this.point.forward(h, { x, norm, pass }) : norm(add(h, x));
  }
}

/** The norm begins the sublayer (Xiong et al., 2020): x -> f(norm(x)) + x. */
export class NormBefore extends WithNorm {
  override enter(x: Tensor): Tensor {
    return this.norm.forward(x);
  }

  override leave(h: Tensor, x: Tensor, pass: Pass): Tensor {
    return this.point ? this.point.forward(h, { x, norm: unchanged, pass }) : add(h, x);
  }
}
