/** The place of a label beside its point, with what moves it there from the point, in pixels. */
export const labelSides = {
  top: { dx: 0, dy: -10, align: 'center' },
  right: { dx: 7, dy: 0, align: 'left' },
  left: { dx: -7, dy: 0, align: 'right' },
  bottom: { dx: 0, dy: 10, align: 'center' },
} as const;
export type LabelSide = keyof typeof labelSides;

/** A point of a chart in pixels, and the text that stands beside it. */
export interface LabelledPoint {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Of letters of 10 pixels, generously. */
const LETTER = { width: 5.6, height: 11 };
/** From the centre of a point to its edge. */
const RADIUS = 5;

const shared = (a: Box, b: Box): number =>
  Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left)) *
  Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));

function boxOf({ x, y, text }: LabelledPoint, side: LabelSide): Box {
  const { dx, dy, align } = labelSides[side];
  const width = text.length * LETTER.width;
  const left = x + dx - { left: 0, center: width / 2, right: width }[align];
  return { left, right: left + width, top: y + dy - LETTER.height / 2, bottom: y + dy + LETTER.height / 2 };
}

/** The side of each point's label: the first on which it covers no point and no label before it, or the one on which it covers least. */
export function chooseSides(points: readonly LabelledPoint[]): LabelSide[] {
  const sides = Object.keys(labelSides) as LabelSide[];
  const dots = points.map(({ x, y }) => ({ left: x - RADIUS, right: x + RADIUS, top: y - RADIUS, bottom: y + RADIUS }));
  const placed: Box[] = [];
  return points.map((point, i) => {
    const others = [...dots.filter((_, j) => j !== i), ...placed];
    const covered = sides.map((side) => others.reduce((sum, box) => sum + shared(boxOf(point, side), box), 0));
    const side = sides[covered.indexOf(Math.min(...covered))];
    placed.push(boxOf(point, side));
    return side;
  });
}
