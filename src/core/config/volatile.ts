/**
 * Facts that change all the time: they are told with each registration, but cause none. `*` stands for anything.
 * *Source:* Facter 4's core facts and their names in Facter 1 to 3; what MCollective's recipe for facts.yaml leaves out.
 */
export const VOLATILE_FACTS: readonly string[] = [
  'uptime*',
  'system_uptime.*',
  'load_averages.*',
  'memory.*.available*',
  'memory.*.used*',
  'memory.*.capacity',
  'memoryfree*',
  'swapfree*',
  'mountpoints.*.available*',
  'mountpoints.*.used*',
  'mountpoints.*.capacity',
  'timestamp',
  '*_timestamp',
];
