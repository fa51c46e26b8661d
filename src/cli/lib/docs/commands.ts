import type { Command } from 'commander';

/** The help of every command, as it is printed. Pure. */
export function commandsPage(program: Command): string {
  const sections = walk(program).map(({ path, command }) =>
    [`## ${path}`, '', '```', helpOf(command), '```', ''].join('\n'),
  );
  return [
    '<!-- made by `npm run docs` from the code; edit the code -->\n',
    '# Commands',
    '',
    ...sections,
  ].join('\n');
}

function walk(command: Command, prefix = ''): { path: string; command: Command }[] {
  const path = `${prefix}${command.name()}`;
  const visible = new Set(command.createHelp().visibleCommands(command));
  const shown = command.commands.filter((inner) => visible.has(inner));
  return [{ path, command }, ...shown.flatMap((inner) => walk(inner, `${path} `))];
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    getOutHelpWidth: () => 110,
    getOutHasColors: () => false,
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  return text.trimEnd();
}
