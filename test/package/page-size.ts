/** Shows what a page loads to answer one text: `npm run size:page`. */
import { pageSizes, total } from './page.ts';

const sizes = await pageSizes();
for (const [name, size] of sizes) console.log(`${size.toFixed(1).padStart(6)} kB  ${name}`);
console.log(`${total(sizes).toFixed(1).padStart(6)} kB  in all, compressed by gzip`);
