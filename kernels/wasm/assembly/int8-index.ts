// The kernels of matrices of 8 bits, which few programs need, as a module of their own over the same memory. They have no data in it.
export { setTile } from './gemm';
export { packInt8, quantizeInt8, sumInt8 } from './int8';
export { int8Scratch, multiplyInt8, widenInt8 } from './int8-product';
export { pairOfOnes } from './int8-micro-kernels';
