import step from '../../provisioners/puppet_final_run.ts';
import { puppetRunStep } from './puppet-run-step.ts';

puppetRunStep(
  step,
  new URL('../../provisioners/puppet_final_run.ts', import.meta.url),
  'production',
  'final',
);
