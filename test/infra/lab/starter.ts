// Starts an attached lab and says so; the test kills it in the middle.
import { labUp } from '../../../infra/lab/up.ts';

await labUp({
  stateDir: process.argv[2] ?? '',
  attached: process.argv[3] === 'attached',
  onProgress: (event) => process.stdout.write(`${event.event}\n`),
});
