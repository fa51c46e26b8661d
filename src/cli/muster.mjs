// The command line, with what makes it start soon: compiled code that is kept, and packages that are one file each.
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(
    `muster: needs Node 24 or newer, this is ${process.versions.node}; run 'npm run setup' in its folder\n`,
  );
  process.exit(3);
}
// Only now, because they import what an older Node does not have.
const { keepCompiledCode } = await import('./lib/code-cache.mjs');
const { useOneFilePackages } = await import('./lib/one-file-packages.mjs');
keepCompiledCode();
useOneFilePackages();
const { muster } = await import('./main.ts');
await muster();
