import type { ActionRequest, Agent } from '../../src/core/agent.ts';
import { settingsOf } from '../declared-settings.ts';
import { exists } from '../files.ts';
import type { AgentHost } from '../host.ts';
import { commandLine, type ExternalCommand, writeCommands } from '../nagios/command-file.ts';
import { mustBeKnown } from '../nagios/objects.ts';
import { NagiosSettings, nagios } from './nagios.ddl.ts';

const FIXED = 1;
const NO_TRIGGER = 0;
/** 2: until it is well; 1: until its state changes. */
const STICKY = { true: 2, false: 1 } as const;
const PERSISTENT = 1;

/** Downtimes and acknowledgements, where there is a Nagios. */
const agent: Agent<typeof nagios, AgentHost> = {
  ddl: nagios,
  async activate(host) {
    const path = commandFile(host);
    return Object.hasOwn(host.config.settings, 'nagios.command_file') || (await exists(path));
  },
  actions: {
    async maintenance({ host: name, service, duration_s, services, comment }, request, host) {
      const startS = Math.floor(host.clock.nowMs() / 1000);
      const endS = startS + duration_s;
      const when = [startS, endS, FIXED, NO_TRIGGER, duration_s, authorOf(request), comment];
      const ofHost: ExternalCommand[] = [['SCHEDULE_HOST_DOWNTIME', name, ...when]];
      if (services) ofHost.push(['SCHEDULE_HOST_SVC_DOWNTIME', name, ...when]);
      const written = await give(
        service === undefined ? ofHost : [['SCHEDULE_SVC_DOWNTIME', name, service, ...when]],
        { host: name, service },
        host,
      );
      return { written, until: new Date(endS * 1000).toISOString() };
    },

    async acknowledge({ host: name, service, comment, sticky, notify }, request, host) {
      const how = [STICKY[`${sticky}`], Number(notify), PERSISTENT, authorOf(request), comment];
      const command: ExternalCommand =
        service === undefined
          ? ['ACKNOWLEDGE_HOST_PROBLEM', name, ...how]
          : ['ACKNOWLEDGE_SVC_PROBLEM', name, service, ...how];
      return { written: await give([command], { host: name, service }, host) };
    },

    async remove({ host: name, service, what }, _request, host) {
      const target = service === undefined ? [name] : [name, service];
      const ack = service === undefined ? 'REMOVE_HOST_ACKNOWLEDGEMENT' : 'REMOVE_SVC_ACKNOWLEDGEMENT';
      const command = what === 'downtime' ? 'DEL_DOWNTIME_BY_HOST_NAME' : ack;
      return { written: await give([[command, ...target]], { host: name, service }, host) };
    },
  },
};

/** Downtimes and acknowledgements of Nagios. */
export default agent;

function commandFile({ config }: AgentHost): string {
  return settingsOf('nagios', NagiosSettings, config).command_file;
}

/** The name in the caller's certificate, as one field. */
function authorOf({ caller }: ActionRequest): string {
  return caller.replace(/^cert=/, '').replaceAll(/[;\p{Cc}]/gu, '_');
}

/** Gives Nagios the commands for a host or service that it knows. */
async function give(
  commands: readonly ExternalCommand[],
  { host, service }: { readonly host: string; readonly service?: string | undefined },
  { config, clock }: AgentHost,
): Promise<string[]> {
  const { command_file, objects_file } = settingsOf('nagios', NagiosSettings, config);
  await mustBeKnown(objects_file, host, service);
  const lines = commands.map((command) => commandLine(command, clock.nowMs()));
  await writeCommands(command_file, lines);
  return lines;
}
