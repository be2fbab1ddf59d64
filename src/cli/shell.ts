/** Environment variables as the lines that a shell takes to set them. */

export const shells = ['sh', 'fish', 'powershell', 'json'] as const;
export type Shell = (typeof shells)[number];

/** bash, zsh and the others of their kind are `sh`. Ends with a line feed. */
export function exports(shell: Shell, variables: Readonly<Record<string, string>>): string {
  if (shell === 'json') return `${JSON.stringify(variables, undefined, 2)}\n`;
  return Object.entries(variables)
    .map(([name, value]) => `${line(shell, name, value)}\n`)
    .join('');
}

function line(shell: Exclude<Shell, 'json'>, name: string, value: string): string {
  switch (shell) {
    case 'sh':
      return `export ${name}=${quoteSh(value)}`;
    case 'fish':
      return `set -gx ${name} ${quoteFish(value)};`;
    case 'powershell':
      return `$env:${name} = '${value.replaceAll("'", "''")}'`;
    default:
      return shell satisfies never;
  }
}

/** Left as it is where nothing in it means anything to a shell. */
export function quoteSh(value: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}

/** Inside its single quotes, fish knows backslashes. */
function quoteFish(value: string): string {
  if (/^[A-Za-z0-9_@+=:,./-]+$/.test(value)) return value;
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
}
