import step from '../../provisioners/puppet_bootstrap_stage.ts';
import { puppetRunStep } from './puppet-run-step.ts';

puppetRunStep(
  step,
  new URL('../../provisioners/puppet_bootstrap_stage.ts', import.meta.url),
  'bootstrap',
  'bootstrap',
);
