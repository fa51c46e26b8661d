import type { Expression, Operand } from './ast.ts';

/**
 * A filter in words, a line each, indented by what it is part of: for people who ask what a filter means. Pure.
 * *Source:* `mco describe_filter`.
 */
export function describeFilter(filter: Expression): string[] {
  if (filter.kind === 'and' || filter.kind === 'or') {
    const head = filter.kind === 'and' ? 'all of' : 'one of';
    return [head, ...filter.parts.flatMap(describeFilter).map((line) => `   ${line}`)];
  }
  if (filter.kind === 'not') {
    const [head = '', ...more] = describeFilter(filter.part);
    return [`not: ${head}`, ...more];
  }
  return [one(filter)];
}

function one(filter: Exclude<Expression, { readonly kind: 'and' | 'or' | 'not' }>): string {
  switch (filter.kind) {
    case 'always':
      return 'every node';
    case 'class':
      return `has the class ${filter.name}`;
    case 'agent':
      return `serves the agent ${filter.name}`;
    case 'identity':
      return `is called ${filter.name}`;
    case 'classRegex':
      return `has a class that matches /${filter.pattern.source}/`;
    case 'agentRegex':
      return `serves an agent that matches /${filter.pattern.source}/`;
    case 'identityRegex':
      return `has a name that matches /${filter.pattern.source}/`;
    case 'includes':
      return `the list in the fact ${filter.fact} holds ${filter.value}`;
    case 'truthy':
      return `${operand(filter.left)} is set and neither false nor 0`;
    case 'match':
      return `${operand(filter.left)} ${filter.negated ? 'does not match' : 'matches'} /${filter.pattern.source}/`;
    case 'compare':
      return `${operand(filter.left)} ${filter.operator} ${filter.value}`;
  }
}

function operand(left: Operand): string {
  if (left.from === 'fact') return `the fact ${left.name}`;
  const query = left.query === null ? '' : `'${left.query}'`;
  return `${left.field} of the data plug-in ${left.name}(${query})`;
}
