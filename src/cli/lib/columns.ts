/** Widest list of names where there is no terminal. */
const WIDTH = 80;

/** Names in columns, three spaces before each, as many as fit, line by line. Pure but for the width of the terminal. */
export function inColumns(names: readonly string[], width = process.stdout.columns ?? WIDTH): string {
  const cell = Math.max(0, ...names.map((name) => name.length)) + 3;
  const across = Math.max(1, Math.min(3, Math.floor(width / cell)));
  const lines = Array.from({ length: Math.ceil(names.length / across) }, (_, line) =>
    names
      .slice(line * across, (line + 1) * across)
      .map((name) => `   ${name.padEnd(cell - 3)}`)
      .join('')
      .trimEnd(),
  );
  return lines.join('\n');
}
