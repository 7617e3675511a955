/** One generator of the package alone: its main module brings six more. */
declare module 'seedrandom/lib/alea.js' {
  import { alea, type State, type StatefulPRNG } from 'seedrandom';
  export type Alea = StatefulPRNG<State.Alea>;
  export default alea;
}
