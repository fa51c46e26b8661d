// The command line, with what makes it start soon: compiled code that is kept, and packages that are one file each.
import { keepCompiledCode } from './lib/code-cache.mjs';
import { useOneFilePackages } from './lib/one-file-packages.mjs';

if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(
    `muster: needs Node 24 or newer, this is ${process.versions.node}; run 'npm run setup' in its folder\n`,
  );
  process.exit(3);
}
keepCompiledCode();
useOneFilePackages();
const { muster } = await import('./main.ts');
await muster();
