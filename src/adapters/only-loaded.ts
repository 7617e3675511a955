/** The families that files of PEFT and AdapterHub bring and that are not offered for training, one line each. A page has them only with those files. */
export { adalora } from './adalora.ts';
export { composed } from './composed.ts';
export { hra } from './hra.ts';
export { loha } from './loha.ts';
export { lokr } from './lokr.ts';
export { oft } from './oft.ts';
