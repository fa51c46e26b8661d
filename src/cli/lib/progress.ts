import { paint } from './output.ts';

const WIDTH = 60;
const TWIRL = ['|', '/', '-', '\\'] as const;
const CLEAR_LINE = '\r\x1b[K';

/** A bar on the last line of the terminal. */
export interface Progress {
  /** One more of them is done. */
  tick(): void;
  /** Takes the bar away, so that something can be printed; the next tick brings it back. */
  clear(): void;
  /** Draws it a last time and leaves it. */
  end(): void;
}

/** A bar where somebody looks: standard output and error are terminals and `wanted`; else nothing is drawn. *Source:* mco's bar. */
export function createProgress(total: number, wanted: boolean): Progress {
  if (!wanted || total === 0 || !process.stderr.isTTY || !process.stdout.isTTY)
    return { tick: () => undefined, clear: () => undefined, end: () => undefined };
  let done = 0;
  const draw = () => process.stderr.write(`\r${progressBar(done, total, process.stderr.columns)}`);
  draw();
  return {
    tick: () => {
      done += 1;
      draw();
    },
    clear: () => process.stderr.write(CLEAR_LINE),
    end: () => process.stderr.write(`\r${progressBar(done, total, process.stderr.columns)}\n\n`),
  };
}

/** ` * [ =====>     ] 3 / 10`. Pure but for colours. */
export function progressBar(done: number, total: number, columns: number): string {
  const figures = `${done} / ${total}`;
  const width = Math.max(5, Math.min(WIDTH, columns - figures.length - 10));
  const filled = Math.min(width, Math.floor((done / total) * width));
  const head = filled > 0 && filled < width ? `${'='.repeat(filled - 1)}>` : '='.repeat(filled);
  const complete = done >= total;
  const sign = complete ? paint('green', '*') : paint('red', TWIRL[done % TWIRL.length] ?? '*');
  return ` ${sign} [ ${head.padEnd(width)} ] ${figures}`;
}
